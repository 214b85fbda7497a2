/*
 * v4l2_planes.h - V4L2's calls in their two forms, single-planar and multi-planar ("Single- and multi-planar APIs" in
 * the Linux media documentation), made alike. Cameras of ARM boards often know the second form only, though their
 * pictures stand in one plane: those are taken; pictures in several planes (NV12M) are not.
 */
#ifndef RECORDERD_V4L2_V4L2_PLANES_H
#define RECORDERD_V4L2_V4L2_PLANES_H

#include <stdint.h>

#include <linux/videodev2.h>

/* By what QUERYCAP answers for this node: the type that it captures with, 0 where it captures nothing. */
uint32_t v4l2_planes_type_of(const struct v4l2_capability *capability);

/* The same for an open node; VIDEO_CAPTURE where it does not answer. */
uint32_t v4l2_planes_type(int fd);

/* S_FMT or G_FMT. 0, or -1 with errno; EINVAL also where the pictures stand in several planes. */
int v4l2_planes_format(int fd, unsigned long request, uint32_t type, struct v4l2_pix_format *inout);

/*
 * QUERYBUF, QBUF and DQBUF of buffers that are mapped; inout->type says which form. 0, or -1 with errno. Afterwards
 * length and bytesused are those of the picture's plane, and m.offset, in that order of calls: where it is mapped;
 * undefined; where in the mapping the picture begins (bytesused counts from there).
 */
int v4l2_planes_buffer(int fd, unsigned long request, struct v4l2_buffer *inout);

#endif
