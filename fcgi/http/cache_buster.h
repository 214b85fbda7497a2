/*
 * cache_buster.h - recognises parameters that only make an address unique.
 *
 * Dashboards append one to the address of a picture, so that no cache answers with an old one:
 * bypassCache=1763540000000, cacheBust=, t=, rnd=0.8437, or a number alone.
 */
#ifndef FCGI_HTTP_CACHE_BUSTER_H
#define FCGI_HTTP_CACHE_BUSTER_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a parameter of `length` bytes is a bare number or `_=…`, which are allowed everywhere. */
bool cache_buster_is_bare(const char *parameter, size_t length);

/*
 * Whether a parameter with a name that is not one of `names` (separated by blanks) is a cache-buster: its value is a
 * number. If its name resembles one of `names`, as in widht=320, it is taken for a mistake, unless the value has at
 * least as many digits as a time in seconds. A name of `names` in other letters (At=) is always a mistake.
 */
bool cache_buster_is_named(const char *parameter, size_t length, const char *names);

#endif
