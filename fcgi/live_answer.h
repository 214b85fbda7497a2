/* live_answer.h - the short answers of recorder-live, written at once to a connection whose buffer is still empty. */
#ifndef FCGI_LIVE_ANSWER_H
#define FCGI_LIVE_ANSWER_H

#include <stdbool.h>

#include "fcgi/fastcgi.h"
#include "shared/reason.h"

/* The headers of a live stream, up to the empty line. */
extern const char live_stream_headers[];

/* Each releases the request (fastcgi_release). A problem without headers of its own gets those of its status (Allow,
 * Retry-After). */
void live_answer_problem(struct fastcgi_request *request, int status, const char *headers, const struct reason *why,
			 bool head_only);
void live_answer_head(struct fastcgi_request *request);

#endif
