/*
 * zero_copy.h - whether sendfile() puts a file's pages into a UNIX socket as they are (Linux 6.5 and later). Before,
 * it takes a page at a time, each in a buffer of its own, which costs more than the copy that it saves.
 */
#ifndef FCGI_IO_ZERO_COPY_H
#define FCGI_IO_ZERO_COPY_H

#include <stdbool.h>

bool zero_copy_is_supported(void);

#endif
