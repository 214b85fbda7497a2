/* live_picture.c - see live_picture.h. */
#include "fcgi/live_picture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <fastcgi.h>

#define RECORD_WIRE_BYTES (FASTCGI_HEADER_BYTES + FASTCGI_RECORD_MAX)
#define COPY_AT           0.5

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

void live_ring_release(struct live_ring *ring)
{
	if (!ring || --ring->users > 0)
		return;
	ring_reader_close(ring->reader);
	free(ring);
}

struct live_picture *live_picture_create(struct live_ring *ring, const struct ring_frame *frame)
{
	struct live_picture *picture = calloc(1, sizeof(*picture));
	if (!picture)
		return NULL;
	picture->users = 1;
	picture->frame = *frame;
	picture->ring = ring;
	ring->users++;
	int64_t wall_us = frame->meta.wall_us > 0 ? frame->meta.wall_us : 0;
	picture->head_bytes = (size_t)snprintf(picture->head, sizeof(picture->head),
					       "Content-Type: image/jpeg\r\nContent-Length: %" PRIu32
					       "\r\nX-Timestamp: %" PRId64 ".%06" PRId64 "\r\n\r\n",
					       frame->meta.length, wall_us / US_PER_S, wall_us % US_PER_S);
	picture->payload_bytes = picture->head_bytes + frame->meta.length + TAIL_BYTES;
	size_t records = (picture->payload_bytes + FASTCGI_RECORD_MAX - 1) / FASTCGI_RECORD_MAX;
	picture->wire_bytes = picture->payload_bytes + records * FASTCGI_HEADER_BYTES;
	fastcgi_stdout_header(picture->last_record, picture->payload_bytes - (records - 1) * FASTCGI_RECORD_MAX);
	return picture;
}

struct live_picture *live_picture_hold(struct live_picture *picture)
{
	picture->users++;
	return picture;
}

void live_picture_release(struct live_picture *picture)
{
	if (!picture || --picture->users > 0)
		return;
	live_ring_release(picture->ring);
	free(picture->copy);
	free(picture);
}

bool live_picture_good(const struct live_picture *picture)
{
	return picture->copy || ring_reader_still(picture->ring->reader, &picture->frame);
}

bool live_picture_keep(struct live_picture *picture)
{
	if (picture->copy)
		return true;
	if (ring_reader_age(picture->ring->reader, &picture->frame) < COPY_AT)
		return live_picture_good(picture);
	uint8_t *copy = malloc(picture->frame.meta.length);
	if (!copy || !ring_reader_copy(picture->ring->reader, &picture->frame, copy)) {
		free(copy);
		return false;
	}
	picture->copy = copy;
	return true;
}

/* The payload's bytes from `at` to `end`: at most three pieces. */
static size_t gather_payload(const struct live_picture *picture, size_t at, size_t end, struct iovec *pieces,
			     size_t max)
{
	const struct {
		const void *bytes;
		size_t length;
	} sections[] = {
		{picture->head, picture->head_bytes},
		{picture->copy ? picture->copy : picture->frame.data, picture->frame.meta.length},
		{tail, TAIL_BYTES},
	};
	size_t count = 0, begin = 0;
	for (size_t i = 0; i < 3 && at < end && count < max; i++) {
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

size_t live_picture_gather(const struct live_picture *picture, size_t sent, struct iovec *pieces, size_t max)
{
	static const uint8_t full_record[FASTCGI_HEADER_BYTES] = {
		FCGI_VERSION_1, FCGI_STDOUT, 0, 1, FASTCGI_RECORD_MAX >> 8, FASTCGI_RECORD_MAX & 0xff, 0, 0,
	};
	size_t count = 0, record = sent / RECORD_WIRE_BYTES, within = sent % RECORD_WIRE_BYTES;
	for (size_t start; count < max && (start = record * FASTCGI_RECORD_MAX) < picture->payload_bytes; record++) {
		bool last = picture->payload_bytes - start <= FASTCGI_RECORD_MAX;
		if (within < FASTCGI_HEADER_BYTES) {
			const uint8_t *header = last ? picture->last_record : full_record;
			pieces[count++] = (struct iovec){
				.iov_base = (void *)(header + within),
				.iov_len = FASTCGI_HEADER_BYTES - within,
			};
			within = FASTCGI_HEADER_BYTES;
		}
		size_t at = start + within - FASTCGI_HEADER_BYTES;
		size_t end = last ? picture->payload_bytes : start + FASTCGI_RECORD_MAX;
		count += gather_payload(picture, at, end, pieces + count, max - count);
		within = 0;
	}
	return count;
}
