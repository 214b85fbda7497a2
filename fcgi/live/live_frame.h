/*
 * live_frame.h - one part of the live stream, as it goes over the wire: made once a frame and shared by all viewers
 * that are being sent it.
 *
 * One or a few viewers are sent it out of the ring. For more of them its bytes are written once into a file in memory,
 * whose pages then go into every viewer's socket as they are: a copy less for each of them, and the server reads what
 * the processor's cache holds already. (100 viewers of 80 KB frames: 0.27 CPU seconds a GB for writing and reading
 * become 0.15.) Where the kernel does that: zero_copy.h.
 *
 * A part is its headers, the JPEG straight from the ring, and the boundary line of the part to come (multipart: RFC
 * 2046, section 5.1.1), cut into as few FCGI_STDOUT records of equal size as there can be. Positions in it are wire
 * bytes, record headers included.
 */
#ifndef FCGI_LIVE_LIVE_FRAME_H
#define FCGI_LIVE_LIVE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fcgi/io/fastcgi.h"
#include "shared/ring/ring_reader.h"

#define LIVE_BOUNDARY "recorder-frame"

/* A mapped ring; counted, since pictures point into it after the recorder has gone on to another one. */
struct live_ring {
	struct ring_reader *reader;
	unsigned users;
};

struct live_ring *live_ring_open(const char *name, struct reason *why);
void live_ring_unref(struct live_ring *ring); /* NULL is safe */

struct live_frame {
	unsigned users;
	struct live_ring *ring;
	struct ring_frame frame;
	int file;       /* of all wire bytes; -1: it is sent from the ring */
	unsigned begun; /* viewers that began with it */
	char head[128];
	size_t head_bytes;
	size_t payload_bytes;
	size_t wire_bytes;
	size_t record_payload; /* of each record but the last, which may have less */
	uint8_t record_header[FASTCGI_HEADER_BYTES], last_header[FASTCGI_HEADER_BYTES];
};

/* NULL where there is no memory. Starts with one user. */
struct live_frame *live_frame_create(struct live_ring *ring, const struct ring_frame *frame);
struct live_frame *live_frame_ref(struct live_frame *picture);
void live_frame_unref(struct live_frame *picture); /* NULL is safe */

/*
 * To be asked now and then while it is being sent: moves the frame out of the ring once half of that has been written
 * over since. False where it is too late.
 */
bool live_frame_preserve(struct live_frame *picture);

/* The first of another viewer. */
void live_frame_add_viewer(struct live_frame *picture);

/*
 * Offers the rest of the record at wire position `sent` to a socket, without waiting. Returns what was taken, or -1
 * with errno: EAGAIN where the socket is full, ESTALE where the ring's bytes are no longer the frame's.
 */
ssize_t live_frame_send(const struct live_frame *picture, int fd, size_t sent);

#endif
