/* source_v4l2_internal.h - an open camera, which v4l2_open.c sets up and source_v4l2.c reads. */
#ifndef RECORDERD_SOURCE_SOURCE_V4L2_INTERNAL_H
#define RECORDERD_SOURCE_SOURCE_V4L2_INTERNAL_H

#include "recorderd/rawjpeg/jpeg_compressor.h"
#include "recorderd/source/frame_clock.h"
#include "recorderd/source/source_v4l2.h"
#include "recorderd/source/v4l2_buffers.h"
#include "recorderd/source/v4l2_format.h"

struct source_v4l2 {
	struct source source; /* must be first (source.h) */
	int fd;               /* the camera */
	int epoll;            /* watches the camera, and the compressor if there is one */
	bool epoll_reliable;  /* the epoll reports every frame */
	struct v4l2_mode mode;
	struct v4l2_buffers buffers;
	struct frame_clock clock;
	bool size_known; /* the first picture has set the size of the stream */
	struct raw_format raw;
	struct jpeg_pool *compressor; /* NULL: the camera sends JPEGs */
	bool compressor_masks;        /* nothing else has to be done with its JPEGs */
};

/* close() also takes a camera that is only set up in part (descriptors -1, the rest zeroed). */
extern const struct source_ops source_v4l2_ops;

#endif
