/* live_answer.c - see live_answer.h. */
#include "fcgi/live_answer.h"

#include <string.h>
#include <sys/socket.h>

#include "fcgi/live_picture.h"
#include "fcgi/problem.h"

const char live_stream_headers[] = "Status: 200 OK\r\n"
				   "Content-Type: multipart/x-mixed-replace; boundary=" LIVE_BOUNDARY "\r\n"
				   "Cache-Control: no-store\r\n"
				   "X-Accel-Buffering: no\r\n"
				   "\r\n";

static void answer(struct fastcgi_request *request, const void *text, size_t length)
{
	struct buffer out = {0};
	uint8_t end[FASTCGI_END_BYTES];
	fastcgi_append(&out, text, length);
	fastcgi_end(end);
	buffer_append(&out, end, sizeof(end));
	/* It fits into the socket, or the peer has gone: either way there is nothing to do about what is not taken. */
	if (!out.failed)
		(void)send(request->fd, out.data, out.length, MSG_DONTWAIT | MSG_NOSIGNAL);
	buffer_finish(&out);
	fastcgi_release(request);
}

void live_answer_problem(struct fastcgi_request *request, int status, const char *headers, const struct reason *why,
			 bool head_only)
{
	struct buffer text = {0};
	if (!headers)
		headers = status == 405 ? "Allow: GET, HEAD\r\n" : status == 503 ? "Retry-After: 2\r\n" : NULL;
	problem_append(&text, status, headers, why->text, head_only);
	answer(request, text.data, text.length);
	buffer_finish(&text);
}

void live_answer_head(struct fastcgi_request *request)
{
	answer(request, live_stream_headers, strlen(live_stream_headers));
}
