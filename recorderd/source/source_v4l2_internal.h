/* source_v4l2_internal.h - a camera that is open: set up by v4l2_open.c, read by source_v4l2.c, seen by nobody else.
 */
#ifndef RECORDERD_SOURCE_SOURCE_V4L2_INTERNAL_H
#define RECORDERD_SOURCE_SOURCE_V4L2_INTERNAL_H

#include "recorderd/rawjpeg/jpeg_pool.h"
#include "recorderd/source/frame_clock.h"
#include "recorderd/source/source_v4l2.h"
#include "recorderd/source/v4l2_buffers.h"
#include "recorderd/source/v4l2_format.h"

struct source_v4l2 {
	struct source source; /* first: source.h */
	int fd;               /* the camera */
	int epoll;            /* the camera, and the compressor where there is one */
	bool wakes;           /* the epoll is sure to hear of each frame */
	struct v4l2_mode mode;
	struct v4l2_buffers buffers;
	struct frame_clock clock;
	bool sized; /* a picture has come: its size is the stream's */
	struct raw_format raw;
	struct jpeg_pool *compressor; /* NULL: the camera sends JPEGs */
};

/* Its close() takes a camera that is set up in part (descriptors -1, the rest zeroed). */
extern const struct source_ops source_v4l2_ops;

#endif
