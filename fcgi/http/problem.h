/*
 * problem.h - an error as the client sees it: application/problem+json (RFC 9457) with one plain sentence.
 */
#ifndef FCGI_HTTP_PROBLEM_H
#define FCGI_HTTP_PROBLEM_H

#include "shared/base/buffer.h"

/*
 * Appends a whole CGI answer: Status, Content-Type, Content-Length, Cache-Control: no-store, then `headers` (NULL, or
 * lines that end in CRLF), an empty line and {"type":"about:blank","title":…,"status":…,"detail":…}. `head_only` leaves
 * the body out.
 */
void problem_append(struct buffer *out, int status, const char *headers, const char *detail, bool head_only);

/* "Not Found" for 404 and so on. */
const char *problem_title(int status);

#endif
