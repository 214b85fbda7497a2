/* problem.h - error responses: application/problem+json (RFC 9457) with one plain sentence. */
#ifndef FCGI_HTTP_PROBLEM_H
#define FCGI_HTTP_PROBLEM_H

#include "shared/base/buffer.h"

/*
 * Appends a whole CGI response: Status, Content-Type, Content-Length, Cache-Control: no-store, then `headers` (NULL, or
 * lines that end in CRLF), an empty line and {"type":"about:blank","title":…,"status":…,"detail":…}. With `head_only`
 * there is no body. If memory is short, `out` is marked failed.
 */
void problem_append(struct buffer *out, int status, const char *headers, const char *detail, bool head_only);

/* The reason phrase of a status: "Not Found" for 404. */
const char *problem_title(int status);

#endif
