/*
 * zero_copy.h - whether sendfile(2) puts the pages of a file into a UNIX socket without a copy.
 *
 * Linux does so since 6.5. Before, it took one page at a time, each with a buffer of its own, which costs more than the
 * copy that it saves.
 */
#ifndef FCGI_IO_ZERO_COPY_H
#define FCGI_IO_ZERO_COPY_H

#include <stdbool.h>

bool zero_copy_is_supported(void);

#endif
