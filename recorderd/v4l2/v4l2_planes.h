/*
 * v4l2_planes.h - one interface for V4L2's single-planar and multi-planar calls.
 *
 * See "Single- and multi-planar APIs" in the Linux media documentation. Cameras of ARM boards often know only the
 * multi-planar form, although their pictures have a single plane: those can be used. Pictures in several planes (NV12M)
 * cannot.
 */
#ifndef RECORDERD_V4L2_V4L2_PLANES_H
#define RECORDERD_V4L2_V4L2_PLANES_H

#include <stdint.h>

#include <linux/videodev2.h>

/* The buffer type with which a node captures, from its answer to QUERYCAP; 0 if it does not capture. */
uint32_t v4l2_planes_type_of(const struct v4l2_capability *capability);

/* The same for an open node; VIDEO_CAPTURE if it does not answer. */
uint32_t v4l2_planes_type(int fd);

/* S_FMT or G_FMT. Returns 0, or -1 with errno; EINVAL also if the pictures have several planes. */
int v4l2_planes_format(int fd, unsigned long request, uint32_t type, struct v4l2_pix_format *inout);

/*
 * QUERYBUF, QBUF or DQBUF of a mapped buffer; inout->type says which form. Returns 0, or -1 with errno. `length` and
 * `bytesused` are then those of the picture's plane. `m.offset` is where to map the buffer after QUERYBUF, undefined
 * after QBUF, and where the picture begins in the mapping after DQBUF (`bytesused` counts from there).
 */
int v4l2_planes_buffer(int fd, unsigned long request, struct v4l2_buffer *inout);

#endif
