/*
 * live_picture.h - one part of the live stream, as it goes over the wire: made once a frame and shared by all viewers
 * that are being sent it.
 *
 * A part is its headers, the JPEG straight from the ring, and the boundary line of the part to come (multipart: RFC
 * 2046, section 5.1.1), cut into FCGI_STDOUT records of the full size. Positions in it are wire bytes, record headers
 * included.
 */
#ifndef FCGI_LIVE_PICTURE_H
#define FCGI_LIVE_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "fcgi/fastcgi.h"
#include "shared/ring_reader.h"

#define LIVE_BOUNDARY "recorder-frame"

/* A mapped ring; counted, since pictures point into it after the recorder has gone on to another one. */
struct live_ring {
	struct ring_reader *reader;
	unsigned users;
};

struct live_ring *live_ring_open(const char *name, struct reason *why);
void live_ring_release(struct live_ring *ring); /* NULL is safe */

struct live_picture {
	unsigned users;
	struct live_ring *ring;
	struct ring_frame frame;
	uint8_t *copy; /* NULL while it is sent from the ring */
	char head[128];
	size_t head_bytes;
	size_t payload_bytes;
	size_t wire_bytes;
	uint8_t last_record[FASTCGI_HEADER_BYTES];
};

/* NULL where there is no memory. Starts with one user. */
struct live_picture *live_picture_create(struct live_ring *ring, const struct ring_frame *frame);
struct live_picture *live_picture_hold(struct live_picture *picture);
void live_picture_release(struct live_picture *picture); /* NULL is safe */

/* True while its bytes are the frame's. To be asked before and after each write. */
bool live_picture_good(const struct live_picture *picture);

/* Copies the frame out of the ring once half of that has been written over since. False where it is too late. */
bool live_picture_keep(struct live_picture *picture);

/* What is to be written from wire position `sent` on, as up to `max` pieces. Returns how many. */
size_t live_picture_gather(const struct live_picture *picture, size_t sent, struct iovec *pieces, size_t max);

#endif
