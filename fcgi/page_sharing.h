/*
 * page_sharing.h - whether sendfile() puts a file's pages into a UNIX socket as they are (Linux 6.5 and later). Before,
 * it takes a page at a time, each in a buffer of its own, which costs more than the copy that it saves.
 */
#ifndef FCGI_PAGE_SHARING_H
#define FCGI_PAGE_SHARING_H

#include <stdbool.h>

bool sockets_share_pages(void);

#endif
