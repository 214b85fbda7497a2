/* v4l2_buffers.h - the driver's buffers and the stream that fills them. */
#ifndef RECORDERD_SOURCE_V4L2_BUFFERS_H
#define RECORDERD_SOURCE_V4L2_BUFFERS_H

#include <linux/videodev2.h>

#include "recorderd/source/source.h"

#define V4L2_BUFFERS_MAX 8
#define V4L2_BUFFERS_MIN 2

struct v4l2_buffers {
	int fd;        /* the camera; not owned */
	uint32_t type; /* v4l2_planes.h */
	uint32_t count;
	struct {
		uint8_t *data;
		size_t bytes;
	} map[V4L2_BUFFERS_MAX];
};

/*
 * Requests `wanted` buffers, accepts any number from V4L2_BUFFERS_MIN to V4L2_BUFFERS_MAX, and maps and queues them.
 * v4l2_buffers_close() is safe after a failure, and on a zeroed struct.
 */
enum source_open_outcome v4l2_buffers_open(struct v4l2_buffers *buffers, int fd, uint32_t wanted, struct reason *why);

/* Stops the stream, unmaps the buffers and returns them to the driver. No thread may read them any more. */
void v4l2_buffers_close(struct v4l2_buffers *buffers);

/* Starts the stream. Returns 0 or the errno; ENOSPC means that the USB bus has no bandwidth left. */
int v4l2_buffers_start(const struct v4l2_buffers *buffers);

/* Queues one buffer for the driver to fill. Returns 0 or the errno. */
int v4l2_buffers_queue(const struct v4l2_buffers *buffers, uint32_t index);

#endif
