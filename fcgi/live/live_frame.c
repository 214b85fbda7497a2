/* live_frame.c - see live_frame.h. */
#include "fcgi/live/live_frame.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fcgi/io/zero_copy.h"

#define RECORD_MAX (FASTCGI_TURN_BYTES - FASTCGI_HEADER_BYTES)
#define PIECES_MAX 4
#define COPY_AT    0.5
#define SHARE_FROM 4 /* viewers: what the file costs is saved by as many */

static const char tail[] = "\r\n--" LIVE_BOUNDARY "\r\n";
#define TAIL_BYTES (sizeof(tail) - 1)

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
	ring->users = 1;
	return ring;
}

void live_ring_unref(struct live_ring *ring)
{
	if (!ring || --ring->users > 0)
		return;
	ring_reader_close(ring->reader);
	free(ring);
}

static void cut_into_records(struct live_frame *picture)
{
	size_t records = (picture->payload_bytes + RECORD_MAX - 1) / RECORD_MAX;
	picture->record_payload = (picture->payload_bytes + records - 1) / records;
	picture->wire_bytes = picture->payload_bytes + records * FASTCGI_HEADER_BYTES;
	fastcgi_stdout_header(picture->record_header, picture->record_payload);
	fastcgi_stdout_header(picture->last_header, picture->payload_bytes - (records - 1) * picture->record_payload);
}

struct live_frame *live_frame_create(struct live_ring *ring, const struct ring_frame *frame)
{
	struct live_frame *picture = calloc(1, sizeof(*picture));
	if (!picture)
		return NULL;
	picture->users = 1;
	picture->file = -1;
	picture->frame = *frame;
	picture->ring = ring;
	ring->users++;
	int64_t wall_us = frame->meta.wall_us > 0 ? frame->meta.wall_us : 0;
	picture->head_bytes = (size_t)snprintf(picture->head, sizeof(picture->head),
					       "Content-Type: image/jpeg\r\nContent-Length: %" PRIu32
					       "\r\nX-Timestamp: %" PRId64 ".%06" PRId64 "\r\n\r\n",
					       frame->meta.length, wall_us / US_PER_S, wall_us % US_PER_S);
	picture->payload_bytes = picture->head_bytes + frame->meta.length + TAIL_BYTES;
	cut_into_records(picture);
	return picture;
}

struct live_frame *live_frame_ref(struct live_frame *picture)
{
	picture->users++;
	return picture;
}

void live_frame_unref(struct live_frame *picture)
{
	if (!picture || --picture->users > 0)
		return;
	live_ring_unref(picture->ring);
	if (picture->file >= 0)
		close(picture->file);
	free(picture);
}

/* The payload's bytes from `at` to `end`. */
static size_t gather_payload(const struct live_frame *picture, size_t at, size_t end, struct iovec *pieces)
{
	const struct {
		const void *bytes;
		size_t length;
	} sections[] = {
		{picture->head, picture->head_bytes},
		{picture->frame.data, picture->frame.meta.length},
		{tail, TAIL_BYTES},
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

/* The rest of the record at wire position `sent`, from the ring. Returns how many pieces it has. */
static size_t gather(const struct live_frame *picture, size_t sent, struct iovec pieces[PIECES_MAX])
{
	size_t record_bytes = FASTCGI_HEADER_BYTES + picture->record_payload, within = sent % record_bytes;
	size_t start = sent / record_bytes * picture->record_payload, end = start + picture->record_payload;
	size_t count = 0;
	bool last = end >= picture->payload_bytes;
	if (within < FASTCGI_HEADER_BYTES) {
		const uint8_t *header = last ? picture->last_header : picture->record_header;
		pieces[count++] = (struct iovec){
			.iov_base = (void *)(header + within),
			.iov_len = FASTCGI_HEADER_BYTES - within,
		};
		within = FASTCGI_HEADER_BYTES;
	}
	return count + gather_payload(picture, start + within - FASTCGI_HEADER_BYTES,
				      last ? picture->payload_bytes : end, pieces + count);
}

static bool in_ring(const struct live_frame *picture)
{
	return ring_reader_is_intact(picture->ring->reader, &picture->frame);
}

/* Writes the file. False where there is no memory for it, or the ring's bytes are gone. */
static bool move_to_file(struct live_frame *picture)
{
	int file = memfd_create("recorder-live", MFD_CLOEXEC);
	for (size_t written = 0; file >= 0 && written < picture->wire_bytes;) {
		struct iovec pieces[PIECES_MAX];
		ssize_t n = writev(file, pieces, (int)gather(picture, written, pieces));
		if (n <= 0)
			goto failed;
		written += (size_t)n;
	}
	if (file < 0 || !in_ring(picture))
		goto failed;
	picture->file = file;
	return true;
failed:
	if (file >= 0)
		close(file);
	return false;
}

bool live_frame_preserve(struct live_frame *picture)
{
	if (picture->file >= 0)
		return true;
	if (ring_reader_age(picture->ring->reader, &picture->frame) < COPY_AT)
		return in_ring(picture);
	return move_to_file(picture);
}

void live_frame_add_viewer(struct live_frame *picture)
{
	/* Without a file it goes on from the ring. */
	if (++picture->begun == SHARE_FROM && picture->file < 0 && zero_copy_is_supported())
		(void)move_to_file(picture);
}

static ssize_t send_from_ring(const struct live_frame *picture, int fd, size_t sent)
{
	struct iovec pieces[PIECES_MAX];
	struct msghdr message = {.msg_iov = pieces, .msg_iovlen = gather(picture, sent, pieces)};
	ssize_t taken = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (taken > 0 && !in_ring(picture)) {
		errno = ESTALE;
		return -1;
	}
	return taken;
}

static ssize_t send_from_file(const struct live_frame *picture, int fd, size_t sent)
{
	size_t record_bytes = FASTCGI_HEADER_BYTES + picture->record_payload;
	off_t at = (off_t)sent;
	return sendfile(fd, picture->file, &at, record_bytes - sent % record_bytes);
}

ssize_t live_frame_send(const struct live_frame *picture, int fd, size_t sent)
{
	ssize_t taken;
	do
		taken = picture->file >= 0 ? send_from_file(picture, fd, sent) : send_from_ring(picture, fd, sent);
	while (taken < 0 && errno == EINTR);
	return taken;
}
