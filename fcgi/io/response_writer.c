/* response_writer.c - sends one response to the web server. */
#include "fcgi/io/response_writer.h"

#include <errno.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "fcgi/io/fastcgi.h"
#include "fcgi/io/zero_copy.h"
#include "shared/base/min.h"

/* The content of a full record: a multiple of 8, and with its header what the socket accepts at once. */
#define RECORD_FRAMED FASTCGI_TURN_BYTES
#define RECORD_BODY   (RECORD_FRAMED - FASTCGI_HEADER_BYTES)

static uint64_t framed_bytes(uint64_t body_bytes)
{
	uint64_t records = (body_bytes + RECORD_BODY - 1) / RECORD_BODY;

	return body_bytes + records * FASTCGI_HEADER_BYTES;
}

/* A position in the framed body: `inside` bytes into a record whose content begins at offset `content` of the file. */
struct position {
	uint64_t content;
	size_t inside, length; /* `inside` includes the record's header; `length` is that of its content */
};

static struct position position_of(const struct response_writer *writer, uint64_t at)
{
	uint64_t content = writer->first + at / RECORD_FRAMED * RECORD_BODY;

	return (struct position){content, (size_t)(at % RECORD_FRAMED), min_size(RECORD_BODY, writer->end - content)};
}

/* Writes the part of a record's header that begins at the position. Returns its length, 0 after the header. */
static size_t fill_header(const struct position *position, uint8_t *out, size_t room)
{
	uint8_t header[FASTCGI_HEADER_BYTES];

	if (position->inside >= FASTCGI_HEADER_BYTES)
		return 0;
	size_t n = min_size(room, FASTCGI_HEADER_BYTES - position->inside);
	fastcgi_stdout_header(header, position->length);
	memcpy(out, header + position->inside, n);
	return n;
}

/* Writes bytes of the framed body from position `at`, as many as one read returns. */
static ssize_t fill_body(const struct response_writer *writer, uint64_t at, uint8_t *out, size_t room)
{
	struct position position = position_of(writer, at);
	size_t n = fill_header(&position, out, room);

	if (n > 0)
		return (ssize_t)n;
	size_t inside = position.inside - FASTCGI_HEADER_BYTES;
	return virtual_file_read(writer->file, position.content + inside, out,
				 min_size(room, position.length - inside));
}

/* Writes bytes of the response from position `at`. Returns 0 after its end. */
static ssize_t fill_once(const struct response_writer *writer, uint64_t at, uint8_t *out, size_t room)
{
	if (at < writer->head.length) {
		size_t n = min_size(room, writer->head.length - at);
		memcpy(out, writer->head.data + at, n);
		return (ssize_t)n;
	}
	at -= writer->head.length;
	uint64_t body = writer->file ? framed_bytes(writer->end - writer->first) : 0;
	if (at < body)
		return fill_body(writer, at, out, room);
	at -= body;
	if (at >= FASTCGI_END_BYTES)
		return 0;
	uint8_t end[FASTCGI_END_BYTES];
	size_t n = min_size(room, FASTCGI_END_BYTES - at);
	fastcgi_end(end);
	memcpy(out, end + at, n);
	return (ssize_t)n;
}

static ssize_t fill(const struct response_writer *writer, uint8_t *out, size_t room)
{
	size_t filled = 0;

	while (filled < room) {
		ssize_t n = fill_once(writer, writer->sent + filled, out + filled, room - filled);
		if (n < 0 && filled == 0)
			return -1;
		if (n <= 0)
			break;
		filled += (size_t)n;
	}
	return (ssize_t)filled;
}

/* Sends no more than the rest of a record, so that the web server gets each one whole. */
static size_t turn_bytes(const struct response_writer *writer, size_t scratch_bytes)
{
	if (writer->sent < writer->head.length)
		return scratch_bytes;
	return min_size(scratch_bytes, RECORD_FRAMED - (writer->sent - writer->head.length) % RECORD_FRAMED);
}

/* The length of the response without its end. */
static uint64_t content_bytes(const struct response_writer *writer)
{
	return writer->head.length + (writer->file ? framed_bytes(writer->end - writer->first) : 0);
}

static bool all_sent(const struct response_writer *writer)
{
	return writer->sent == content_bytes(writer) + FASTCGI_END_BYTES;
}

bool response_writer_is_delivered(const struct response_writer *writer)
{
	return writer->head.length > 0 && writer->sent >= content_bytes(writer);
}

/* Sends a copy of the bytes. */
static ssize_t send_copied(const struct response_writer *writer, int fd, uint8_t *scratch, size_t scratch_bytes)
{
	ssize_t filled = fill(writer, scratch, turn_bytes(writer, scratch_bytes));

	if (filled > 0)
		return send(fd, scratch, (size_t)filled, MSG_DONTWAIT | MSG_NOSIGNAL);
	errno = filled == 0 ? ENODATA : EIO;
	return -1;
}

/*
 * Sends the rest of a record's header, then the pages of the file without a copy. If the file system does not support
 * that, the bytes are copied from then on.
 */
static ssize_t send_record(struct response_writer *writer, const struct position *position,
			   const struct virtual_file_extent *extent, int fd)
{
	uint8_t header[FASTCGI_HEADER_BYTES];
	size_t begun = fill_header(position, header, sizeof(header));
	ssize_t sent = begun > 0 ? send(fd, header, begun, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE) : 0;

	if (sent != (ssize_t)begun)
		return sent;
	size_t left = position->length + FASTCGI_HEADER_BYTES - position->inside - begun;
	off_t at = (off_t)extent->offset;
	ssize_t n = sendfile(fd, extent->fd, &at, min_size(left, extent->length));
	if (n > 0)
		return sent + n;
	writer->copies = n < 0 && errno == EINVAL;
	if (writer->copies || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return sent;
	if (n == 0)
		errno = EIO; /* the file has been truncated */
	return -1;
}

/* Whether pages of a file come next and can be sent without a copy; sets *position and *extent. */
static bool sends_pages(const struct response_writer *writer, struct position *position,
			struct virtual_file_extent *extent)
{
	uint64_t at = writer->sent - writer->head.length;

	if (writer->copies || !zero_copy_is_supported() || writer->sent < writer->head.length || !writer->file ||
	    at >= framed_bytes(writer->end - writer->first))
		return false;
	*position = position_of(writer, at);
	size_t inside = position->inside > FASTCGI_HEADER_BYTES ? position->inside - FASTCGI_HEADER_BYTES : 0;
	return virtual_file_extent_at(writer->file, position->content + inside, extent);
}

uint64_t response_writer_file_position(const struct response_writer *writer)
{
	if (writer->sent <= writer->head.length)
		return writer->first;
	struct position position = position_of(writer, writer->sent - writer->head.length);
	return position.content + (position.inside > FASTCGI_HEADER_BYTES ? position.inside - FASTCGI_HEADER_BYTES : 0);
}

/* Whether what comes next is not there. Before anything was sent, that is the first media of the file. */
static bool lacks_bytes(struct response_writer *writer)
{
	if (!writer->file || writer->sent >= content_bytes(writer))
		return false;
	uint64_t at = response_writer_file_position(writer), head = virtual_file_head_bytes(writer->file);
	if (writer->sent == 0 && at < head && head < writer->end)
		at = head;
	return virtual_file_find_missing(writer->file, at, at + 1, &writer->need) && writer->need.at == at;
}

enum response_writer_outcome response_writer_send(struct response_writer *writer, int fd, uint8_t *scratch,
						  size_t scratch_bytes)
{
	struct virtual_file_extent extent;
	struct position position;
	ssize_t n;

	if (lacks_bytes(writer))
		return RESPONSE_WRITER_LACKS_BYTES;
	if (sends_pages(writer, &position, &extent))
		n = send_record(writer, &position, &extent, fd);
	else
		n = send_copied(writer, fd, scratch, scratch_bytes);
	if (n < 0 && errno == ENODATA)
		return RESPONSE_WRITER_DONE;
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return RESPONSE_WRITER_FAILED;
	if (n > 0)
		writer->sent += (uint64_t)n;
	return all_sent(writer) ? RESPONSE_WRITER_DONE : RESPONSE_WRITER_BLOCKED;
}

void response_writer_free(struct response_writer *writer)
{
	buffer_free(&writer->head);
	virtual_file_unref(writer->file);
	*writer = (struct response_writer){0};
}
