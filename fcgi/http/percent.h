/* percent.h - percent-encoding (RFC 3986, section 2.1). */
#ifndef FCGI_HTTP_PERCENT_H
#define FCGI_HTTP_PERCENT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Decodes `length` bytes of `text` into `out`, which has room for `bytes` bytes, and NUL-terminates it. `out` may be
 * `text`. With `plus_is_space`, a plus is a space, as in the query of a form. Returns false if a percent sign is not
 * followed by two hexadecimal digits, if the result contains a NUL, or if it does not fit.
 */
bool percent_decode(const char *text, size_t length, bool plus_is_space, char *out, size_t bytes);

#endif
