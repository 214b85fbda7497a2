/*
 * response_writer.c - an answer leaves: see response_writer.h.
 */
#include "fcgi/io/response_writer.h"

#include <errno.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "fcgi/io/fastcgi.h"
#include "fcgi/io/zero_copy.h"

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

/* A position in the framed body: within a record, whose content begins at `content` of the file. */
struct place {
	uint64_t content;
	size_t inside, length; /* of the record: header included, and of its content alone */
};

static struct place place_of(const struct response_writer *flow, uint64_t at)
{
	uint64_t content = flow->first + at / RECORD_FRAMED * RECORD_BODY;

	return (struct place){content, (size_t)(at % RECORD_FRAMED), smaller(RECORD_BODY, flow->end - content)};
}

/* What of a record's header stands at a position and behind it; 0 behind the header. */
static size_t fill_header(const struct place *place, uint8_t *out, size_t room)
{
	uint8_t header[FASTCGI_HEADER_BYTES];

	if (place->inside >= FASTCGI_HEADER_BYTES)
		return 0;
	size_t n = smaller(room, FASTCGI_HEADER_BYTES - place->inside);
	fastcgi_stdout_header(header, place->length);
	memcpy(out, header + place->inside, n);
	return n;
}

/* Bytes of the framed body from position `at`; as many as one read gives. */
static ssize_t fill_body(const struct response_writer *flow, uint64_t at, uint8_t *out, size_t room)
{
	struct place place = place_of(flow, at);
	size_t n = fill_header(&place, out, room);

	if (n > 0)
		return (ssize_t)n;
	size_t inside = place.inside - FASTCGI_HEADER_BYTES;
	return virtual_file_read(flow->file, place.content + inside, out, smaller(room, place.length - inside));
}

/* Bytes of the whole answer from position `at`; 0 behind its end. */
static ssize_t fill_once(const struct response_writer *flow, uint64_t at, uint8_t *out, size_t room)
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

static ssize_t fill(const struct response_writer *flow, uint8_t *out, size_t room)
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
static size_t turn_bytes(const struct response_writer *flow, size_t scratch_bytes)
{
	if (flow->sent < flow->lead.length)
		return scratch_bytes;
	return smaller(scratch_bytes, RECORD_FRAMED - (flow->sent - flow->lead.length) % RECORD_FRAMED);
}

/* Of the answer without its end. */
static uint64_t content_bytes(const struct response_writer *flow)
{
	return flow->lead.length + (flow->file ? framed_bytes(flow->end - flow->first) : 0);
}

static bool all_sent(const struct response_writer *flow)
{
	return flow->sent == content_bytes(flow) + FASTCGI_END_BYTES;
}

bool response_writer_is_delivered(const struct response_writer *flow)
{
	return flow->lead.length > 0 && flow->sent >= content_bytes(flow);
}

/* As one read gives it: copied here, and once more into the socket. */
static ssize_t send_copied(const struct response_writer *flow, int fd, uint8_t *scratch, size_t scratch_bytes)
{
	ssize_t filled = fill(flow, scratch, turn_bytes(flow, scratch_bytes));

	if (filled > 0)
		return send(fd, scratch, (size_t)filled, MSG_DONTWAIT | MSG_NOSIGNAL);
	errno = filled == 0 ? ENODATA : EIO;
	return -1;
}

/*
 * The rest of a record's header, and behind it the pages of the file as they are. A file system that cannot do that is
 * copied from.
 */
static ssize_t send_record(struct response_writer *flow, const struct place *place,
			   const struct virtual_file_extent *extent, int fd)
{
	uint8_t header[FASTCGI_HEADER_BYTES];
	size_t begun = fill_header(place, header, sizeof(header));
	ssize_t sent = begun > 0 ? send(fd, header, begun, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE) : 0;

	if (sent != (ssize_t)begun)
		return sent;
	size_t left = place->length + FASTCGI_HEADER_BYTES - place->inside - begun;
	off_t at = (off_t)extent->offset;
	ssize_t n = sendfile(fd, extent->fd, &at, smaller(left, extent->length));
	if (n > 0)
		return sent + n;
	flow->copies = n < 0 && errno == EINVAL;
	if (flow->copies || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return sent;
	if (n == 0)
		errno = EIO; /* the file is shorter than it was */
	return -1;
}

/* False where a file's pages are not what is to be sent now, or cannot be sent so. */
static bool sends_pages(const struct response_writer *flow, struct place *place, struct virtual_file_extent *extent)
{
	uint64_t at = flow->sent - flow->lead.length;

	if (flow->copies || !zero_copy_is_supported() || flow->sent < flow->lead.length || !flow->file ||
	    at >= framed_bytes(flow->end - flow->first))
		return false;
	*place = place_of(flow, at);
	size_t inside = place->inside > FASTCGI_HEADER_BYTES ? place->inside - FASTCGI_HEADER_BYTES : 0;
	return virtual_file_extent_at(flow->file, place->content + inside, extent);
}

enum response_writer_outcome response_writer_send(struct response_writer *flow, int fd, uint8_t *scratch,
						  size_t scratch_bytes)
{
	struct virtual_file_extent extent;
	struct place place;
	ssize_t n;

	if (sends_pages(flow, &place, &extent))
		n = send_record(flow, &place, &extent, fd);
	else
		n = send_copied(flow, fd, scratch, scratch_bytes);
	if (n < 0 && errno == ENODATA)
		return RESPONSE_WRITER_DONE;
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return RESPONSE_WRITER_FAILED;
	if (n > 0)
		flow->sent += (uint64_t)n;
	return all_sent(flow) ? RESPONSE_WRITER_DONE : RESPONSE_WRITER_BLOCKED;
}

void response_writer_free(struct response_writer *flow)
{
	buffer_free(&flow->lead);
	virtual_file_unref(flow->file);
	*flow = (struct response_writer){0};
}
