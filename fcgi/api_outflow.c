/*
 * api_outflow.c - an answer leaves: see api_outflow.h.
 */
#include "fcgi/api_outflow.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "fcgi/fastcgi.h"

/* Content of a full record: with its header what the socket takes in one go, and a multiple of 8. */
#define RECORD_FRAMED FASTCGI_TURN_BYTES
#define RECORD_BODY   (RECORD_FRAMED - FASTCGI_HEADER_BYTES)

static uint64_t framed_bytes(uint64_t body_bytes)
{
	uint64_t records = (body_bytes + RECORD_BODY - 1) / RECORD_BODY;

	return body_bytes + records * FASTCGI_HEADER_BYTES;
}

static size_t smaller(size_t a, uint64_t b)
{
	return a < b ? a : (size_t)b;
}

/* Bytes of the framed body from position `at`; as many as one read gives. */
static ssize_t fill_body(const struct outflow *flow, uint64_t at, uint8_t *out, size_t room)
{
	uint64_t body_at = flow->first + at / RECORD_FRAMED * RECORD_BODY;
	size_t inside = (size_t)(at % RECORD_FRAMED);
	size_t length = smaller(RECORD_BODY, flow->end - body_at);

	if (inside < FASTCGI_HEADER_BYTES) {
		uint8_t header[FASTCGI_HEADER_BYTES];
		size_t n = smaller(room, FASTCGI_HEADER_BYTES - inside);
		fastcgi_stdout_header(header, length);
		memcpy(out, header + inside, n);
		return (ssize_t)n;
	}
	inside -= FASTCGI_HEADER_BYTES;
	return vfile_read(flow->file, body_at + inside, out, smaller(room, length - inside));
}

/* Bytes of the whole answer from position `at`; 0 behind its end. */
static ssize_t fill_once(const struct outflow *flow, uint64_t at, uint8_t *out, size_t room)
{
	if (at < flow->lead.length) {
		size_t n = smaller(room, flow->lead.length - at);
		memcpy(out, flow->lead.data + at, n);
		return (ssize_t)n;
	}
	at -= flow->lead.length;
	uint64_t body = flow->file ? framed_bytes(flow->end - flow->first) : 0;
	if (at < body)
		return fill_body(flow, at, out, room);
	at -= body;
	if (at >= FASTCGI_END_BYTES)
		return 0;
	uint8_t end[FASTCGI_END_BYTES];
	size_t n = smaller(room, FASTCGI_END_BYTES - at);
	fastcgi_end(end);
	memcpy(out, end + at, n);
	return (ssize_t)n;
}

static ssize_t fill(const struct outflow *flow, uint8_t *out, size_t room)
{
	size_t filled = 0;

	while (filled < room) {
		ssize_t n = fill_once(flow, flow->sent + filled, out + filled, room - filled);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		filled += (size_t)n;
	}
	return (ssize_t)filled;
}

/* The rest of a record, so that the web server has each of them whole. */
static size_t turn_bytes(const struct outflow *flow, size_t scratch_bytes)
{
	if (flow->sent < flow->lead.length)
		return scratch_bytes;
	return smaller(scratch_bytes, RECORD_FRAMED - (flow->sent - flow->lead.length) % RECORD_FRAMED);
}

static bool all_sent(const struct outflow *flow)
{
	uint64_t body = flow->file ? framed_bytes(flow->end - flow->first) : 0;

	return flow->sent == flow->lead.length + body + FASTCGI_END_BYTES;
}

enum outflow_outcome outflow_run(struct outflow *flow, int fd, uint8_t *scratch, size_t scratch_bytes)
{
	ssize_t filled = fill(flow, scratch, turn_bytes(flow, scratch_bytes));
	if (filled <= 0)
		return filled < 0 ? OUTFLOW_GONE : OUTFLOW_DONE;
	ssize_t n = send(fd, scratch, (size_t)filled, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return OUTFLOW_GONE;
	if (n > 0)
		flow->sent += (uint64_t)n;
	return all_sent(flow) ? OUTFLOW_DONE : OUTFLOW_BLOCKED;
}

void outflow_finish(struct outflow *flow)
{
	buffer_finish(&flow->lead);
	vfile_destroy(flow->file);
	*flow = (struct outflow){0};
}
