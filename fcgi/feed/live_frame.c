/* live_frame.c - one frame of the live stream as it goes over the wire. */
#include "fcgi/feed/live_frame.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fcgi/io/zero_copy.h"

#define RECORD_MAX (FASTCGI_TURN_BYTES - FASTCGI_HEADER_BYTES)
#define PIECES_MAX 4
#define COPY_AT    0.5
#define SHARE_FROM 4 /* viewers: from here on, the file saves more than it costs */

static const char part_tail[] = "\r\n--" LIVE_BOUNDARY "\r\n";

struct live_ring *live_ring_open(const char *name, struct reason *why)
{
	struct live_ring *ring = calloc(1, sizeof(*ring));
	if (!ring) {
		reason_errno(why, "cannot open the ring %s", name);
		return NULL;
	}
	ring->reader = ring_reader_open(name, why);
	if (!ring->reader) {
		free(ring);
		return NULL;
	}
	ring->refs = 1;
	return ring;
}

void live_ring_unref(struct live_ring *ring)
{
	if (!ring || --ring->refs > 0)
		return;
	ring_reader_close(ring->reader);
	free(ring);
}

static void cut_into_records(struct live_frame *frame)
{
	size_t records = (frame->payload_bytes + RECORD_MAX - 1) / RECORD_MAX;

	frame->record_payload = (frame->payload_bytes + records - 1) / records;
	frame->wire_bytes = frame->payload_bytes + records * FASTCGI_HEADER_BYTES;
	fastcgi_stdout_header(frame->record_header, frame->record_payload);
	fastcgi_stdout_header(frame->last_header, frame->payload_bytes - (records - 1) * frame->record_payload);
}

static struct live_frame *create(struct live_ring *ring, const struct ring_frame *ring_frame, const void *head,
				 size_t head_bytes, const char *tail)
{
	struct live_frame *frame = calloc(1, sizeof(*frame) + head_bytes);
	if (!frame)
		return NULL;
	frame->refs = 1;
	frame->file = -1;
	frame->ring_frame = *ring_frame;
	frame->ring = ring;
	ring->refs++;
	memcpy(frame->head, head, head_bytes);
	frame->head_bytes = head_bytes;
	frame->tail = tail;
	frame->tail_bytes = strlen(tail);
	frame->payload_bytes = head_bytes + ring_frame->meta.length + frame->tail_bytes;
	cut_into_records(frame);
	return frame;
}

struct live_frame *live_frame_create(struct live_ring *ring, const struct ring_frame *ring_frame)
{
	int64_t wall_us = ring_frame->meta.wall_us > 0 ? ring_frame->meta.wall_us : 0;
	char head[128];
	size_t head_bytes = (size_t)snprintf(head, sizeof(head),
					     "Content-Type: image/jpeg\r\nContent-Length: %" PRIu32
					     "\r\nX-Timestamp: %" PRId64 ".%06" PRId64 "\r\n\r\n",
					     ring_frame->meta.length, wall_us / US_PER_S, wall_us % US_PER_S);

	return create(ring, ring_frame, head, head_bytes, part_tail);
}

struct live_frame *live_frame_create_response(struct live_ring *ring, const struct ring_frame *ring_frame,
					      const void *headers, size_t bytes)
{
	return create(ring, ring_frame, headers, bytes, "");
}

struct live_frame *live_frame_ref(struct live_frame *frame)
{
	frame->refs++;
	return frame;
}

void live_frame_unref(struct live_frame *frame)
{
	if (!frame || --frame->refs > 0)
		return;
	live_ring_unref(frame->ring);
	if (frame->file >= 0)
		close(frame->file);
	free(frame);
}

/* Collects the bytes of the payload from `at` to `end`. Returns the number of pieces. */
static size_t gather_payload(const struct live_frame *frame, size_t at, size_t end, struct iovec *pieces)
{
	const struct {
		const void *bytes;
		size_t length;
	} sections[] = {
		{frame->head, frame->head_bytes},
		{frame->ring_frame.data, frame->ring_frame.meta.length},
		{frame->tail, frame->tail_bytes},
	};
	size_t count = 0, begin = 0;
	for (size_t i = 0; i < 3 && at < end; i++) {
		size_t section_end = begin + sections[i].length;
		if (at < section_end) {
			size_t length = (section_end < end ? section_end : end) - at;
			const uint8_t *from = (const uint8_t *)sections[i].bytes + (at - begin);
			pieces[count++] = (struct iovec){.iov_base = (void *)from, .iov_len = length};
			at += length;
		}
		begin = section_end;
	}
	return count;
}

/* Collects the rest of the record at position `sent`, from the ring. Returns the number of pieces. */
static size_t gather(const struct live_frame *frame, size_t sent, struct iovec pieces[PIECES_MAX])
{
	size_t record_bytes = FASTCGI_HEADER_BYTES + frame->record_payload, within = sent % record_bytes;
	size_t start = sent / record_bytes * frame->record_payload, end = start + frame->record_payload;
	size_t count = 0;
	bool last = end >= frame->payload_bytes;

	if (within < FASTCGI_HEADER_BYTES) {
		const uint8_t *header = last ? frame->last_header : frame->record_header;
		pieces[count++] = (struct iovec){
			.iov_base = (void *)(header + within),
			.iov_len = FASTCGI_HEADER_BYTES - within,
		};
		within = FASTCGI_HEADER_BYTES;
	}
	return count + gather_payload(frame, start + within - FASTCGI_HEADER_BYTES, last ? frame->payload_bytes : end,
				      pieces + count);
}

static bool in_ring(const struct live_frame *frame)
{
	return ring_reader_is_intact(frame->ring->reader, &frame->ring_frame);
}

/* Writes the file. False if memory ran out, or the frame has been overwritten in the ring. */
static bool move_to_file(struct live_frame *frame)
{
	int file = memfd_create("recorder-live", MFD_CLOEXEC);

	for (size_t written = 0; file >= 0 && written < frame->wire_bytes;) {
		struct iovec pieces[PIECES_MAX];
		ssize_t n = writev(file, pieces, (int)gather(frame, written, pieces));
		if (n <= 0)
			goto failed;
		written += (size_t)n;
	}
	if (file < 0 || !in_ring(frame))
		goto failed;
	frame->file = file;
	return true;
failed:
	if (file >= 0)
		close(file);
	return false;
}

bool live_frame_preserve(struct live_frame *frame)
{
	if (frame->file >= 0)
		return true;
	if (ring_reader_age(frame->ring->reader, &frame->ring_frame) < COPY_AT)
		return in_ring(frame);
	return move_to_file(frame);
}

void live_frame_add_viewer(struct live_frame *frame)
{
	/* If that fails, the frame is still sent from the ring. */
	if (++frame->viewers == SHARE_FROM && frame->file < 0 && zero_copy_is_supported())
		(void)move_to_file(frame);
}

static ssize_t send_from_ring(const struct live_frame *frame, int fd, size_t sent)
{
	struct iovec pieces[PIECES_MAX];
	struct msghdr message = {.msg_iov = pieces, .msg_iovlen = gather(frame, sent, pieces)};
	ssize_t taken = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (taken > 0 && !in_ring(frame)) {
		errno = ESTALE;
		return -1;
	}
	return taken;
}

static ssize_t send_from_file(const struct live_frame *frame, int fd, size_t sent)
{
	size_t record_bytes = FASTCGI_HEADER_BYTES + frame->record_payload;
	off_t at = (off_t)sent;

	return sendfile(fd, frame->file, &at, record_bytes - sent % record_bytes);
}

ssize_t live_frame_send(const struct live_frame *frame, int fd, size_t sent)
{
	ssize_t taken;

	do
		taken = frame->file >= 0 ? send_from_file(frame, fd, sent) : send_from_ring(frame, fd, sent);
	while (taken < 0 && errno == EINTR);
	return taken;
}
