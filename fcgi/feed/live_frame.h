/*
 * live_frame.h - one frame of the live stream as it goes over the wire, made once and shared by all viewers.
 *
 * A few viewers are sent the frame straight from the ring. For more of them its bytes are written once into a file
 * in memory, whose pages then go into each viewer's socket without a copy; the web server reads what is already in
 * the processor's cache. (With 100 viewers of 80 KB frames, writing and reading costs 0.15 instead of 0.27 CPU
 * seconds per GB.) zero_copy.h says whether the kernel can do that.
 *
 * On the wire, a frame is a part of a multipart body (RFC 2046, section 5.1.1): its headers, the JPEG, and the
 * boundary line of the next part, in as few FCGI_STDOUT records of equal size as possible. Positions count bytes on
 * the wire, with the headers of records.
 */
#ifndef FCGI_FEED_LIVE_FRAME_H
#define FCGI_FEED_LIVE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fcgi/io/fastcgi.h"
#include "shared/ring/ring_reader.h"

#define LIVE_BOUNDARY "recorder-frame"

/* A mapped ring, with a reference count: frames point into it even when the recorder already uses another one. */
struct live_ring {
	struct ring_reader *reader;
	unsigned refs;
};

struct live_ring *live_ring_open(const char *name, struct reason *why);
void live_ring_unref(struct live_ring *ring); /* NULL is safe */

struct live_frame {
	unsigned refs;
	struct live_ring *ring;
	struct ring_frame ring_frame;
	int file;         /* with all bytes on the wire; -1: the frame is sent from the ring */
	unsigned viewers; /* that have begun with it */
	size_t payload_bytes;
	size_t wire_bytes;
	size_t record_payload; /* of each record; the last one may have less */
	uint8_t record_header[FASTCGI_HEADER_BYTES], last_header[FASTCGI_HEADER_BYTES];
	const char *tail; /* after the JPEG */
	size_t tail_bytes;
	size_t head_bytes;
	char head[]; /* before the JPEG */
};

/* NULL if memory ran out. Starts with one reference. */
struct live_frame *live_frame_create(struct live_ring *ring, const struct ring_frame *frame);

/* The same frame, but as a whole response: `headers` of `bytes` bytes, up to the empty line, and the JPEG. */
struct live_frame *live_frame_create_response(struct live_ring *ring, const struct ring_frame *frame,
					      const void *headers, size_t bytes);
struct live_frame *live_frame_ref(struct live_frame *frame);
void live_frame_unref(struct live_frame *frame); /* NULL is safe */

/*
 * Call it now and then while the frame is being sent: copies it out of the ring before it is overwritten, once half
 * of the ring has been written since. False if it is too late.
 */
bool live_frame_preserve(struct live_frame *frame);

/* Notes that another viewer begins with this frame. */
void live_frame_add_viewer(struct live_frame *frame);

/*
 * Writes the rest of the record at position `sent` to a socket, without blocking. Returns how many bytes the socket
 * took, or -1 with errno: EAGAIN if it is full, ESTALE if the frame has been overwritten in the ring.
 */
ssize_t live_frame_send(const struct live_frame *frame, int fd, size_t sent);

#endif
