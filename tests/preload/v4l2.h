/*
 * v4l2.h - the ioctls (single-planar, memory-mapped buffers). Each returns 0 or an errno; `argument` is as in the
 * kernel's interface.
 */
#ifndef TESTS_PRELOAD_V4L2_H
#define TESTS_PRELOAD_V4L2_H

#include "tests/preload/camera.h"

/* v4l2_format.c */
int v4l2_query_cap(struct handle *handle, void *argument);
int v4l2_enum_input(struct handle *handle, void *argument);
int v4l2_get_input(struct handle *handle, void *argument);
int v4l2_set_input(struct handle *handle, void *argument);
int v4l2_enum_fmt(struct handle *handle, void *argument);
int v4l2_enum_sizes(struct handle *handle, void *argument);
int v4l2_enum_intervals(struct handle *handle, void *argument);
int v4l2_get_fmt(struct handle *handle, void *argument);
int v4l2_try_fmt(struct handle *handle, void *argument);
int v4l2_set_fmt(struct handle *handle, void *argument);
int v4l2_get_parm(struct handle *handle, void *argument);
int v4l2_set_parm(struct handle *handle, void *argument);

/* Size of the largest frame of any mode, because frames can be larger than what was agreed. */
uint32_t v4l2_image_bytes(const struct handle *handle);

/* v4l2_buffer.c */
int v4l2_request_buffers(struct handle *handle, void *argument);
int v4l2_query_buffer(struct handle *handle, void *argument);
int v4l2_queue_buffer(struct handle *handle, void *argument);
int v4l2_dequeue_buffer(struct handle *handle, void *argument);
int v4l2_stream_on(struct handle *handle, void *argument);
int v4l2_stream_off(struct handle *handle, void *argument);

/* Whether another process, or another descriptor of this one, has the buffers. */
bool v4l2_taken(const struct handle *handle);
void v4l2_buffers_release(struct handle *handle);

#endif
