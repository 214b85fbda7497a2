/*
 * curl_memory.h - libcurl, whose memory is cleared before it is freed.
 *
 * libcurl copies headers to where it needs them, and signatures and session tokens are in headers. So nothing of them
 * is left in memory once a request is over.
 */
#ifndef OFFSITE_STORE_CURL_MEMORY_H
#define OFFSITE_STORE_CURL_MEMORY_H

#include <stdbool.h>

/* Initializes libcurl, before there are threads. Returns false without memory. */
bool curl_memory_init(void);

#endif
