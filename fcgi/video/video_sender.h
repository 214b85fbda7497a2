/* video_sender.h - sends a queue of chunks to a web server, without blocking. */
#ifndef FCGI_VIDEO_VIDEO_SENDER_H
#define FCGI_VIDEO_VIDEO_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/video/video_chunk.h"

#define VIDEO_SENDER_CHUNKS 32 /* in the queue, at most */

/* Zeroed: an empty queue. */
struct video_sender {
	struct video_chunk *chunks[VIDEO_SENDER_CHUNKS];
	unsigned count;
	size_t sent;    /* of the first one */
	size_t pending; /* bytes in the queue that the socket has not taken */
	size_t queued;  /* bytes that the socket took since it was last empty */
	uint64_t taken; /* bytes that it took in all */
};

/* Takes over a reference. False if the queue is full or the chunk is NULL: the reference is dropped then. */
bool video_sender_add(struct video_sender *sender, struct video_chunk *chunk);

/*
 * Whether `bytes` more may be queued: the web server holds no more than one turn of them (fastcgi.h,
 * FASTCGI_TURN_BYTES), so what follows is chosen as late as possible.
 */
bool video_sender_has_room(const struct video_sender *sender, size_t bytes);

/* Sends as much as the socket takes. False with errno if the peer has gone; SIGPIPE must be handled (fastcgi_listen()). */
bool video_sender_send(struct video_sender *sender, int fd);

/* The socket is empty again: the web server has read everything. */
void video_sender_socket_empty(struct video_sender *sender);

/* Drops the queue. */
void video_sender_clear(struct video_sender *sender);

#endif
