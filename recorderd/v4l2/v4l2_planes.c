/* v4l2_planes.c - single-planar and multi-planar calls. */
#include "recorderd/v4l2/v4l2_planes.h"

#include "recorderd/v4l2/v4l2_ioctl.h"

uint32_t v4l2_planes_type_of(const struct v4l2_capability *capability)
{
	/* `capabilities` is that of the whole camera: with it, even a metadata node would seem to capture. */
	uint32_t caps =
		capability->capabilities & V4L2_CAP_DEVICE_CAPS ? capability->device_caps : capability->capabilities;

	if (!(caps & V4L2_CAP_STREAMING))
		return 0;
	if (caps & V4L2_CAP_VIDEO_CAPTURE)
		return V4L2_BUF_TYPE_VIDEO_CAPTURE;
	/* A node that also has an output is a codec or a scaler. */
	if (caps & V4L2_CAP_VIDEO_CAPTURE_MPLANE && !(caps & V4L2_CAP_VIDEO_OUTPUT_MPLANE))
		return V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	return 0;
}

uint32_t v4l2_planes_type(int fd)
{
	struct v4l2_capability answer = {0};
	uint32_t type = video_ioctl(fd, VIDIOC_QUERYCAP, &answer) < 0 ? 0 : v4l2_planes_type_of(&answer);

	return type ? type : V4L2_BUF_TYPE_VIDEO_CAPTURE;
}

static void to_planes(const struct v4l2_pix_format *pix, struct v4l2_pix_format_mplane *out)
{
	*out = (struct v4l2_pix_format_mplane){
		.width = pix->width,
		.height = pix->height,
		.pixelformat = pix->pixelformat,
		.field = pix->field,
		.num_planes = 1,
	};
}

static void from_planes(const struct v4l2_pix_format_mplane *planes, struct v4l2_pix_format *out)
{
	*out = (struct v4l2_pix_format){
		.width = planes->width,
		.height = planes->height,
		.pixelformat = planes->pixelformat,
		.field = planes->field,
		.bytesperline = planes->plane_fmt[0].bytesperline,
		.sizeimage = planes->plane_fmt[0].sizeimage,
		.colorspace = planes->colorspace,
		.priv = V4L2_PIX_FMT_PRIV_MAGIC,
		.ycbcr_enc = planes->ycbcr_enc,
		.quantization = planes->quantization,
		.xfer_func = planes->xfer_func,
	};
}

int v4l2_planes_format(int fd, unsigned long request, uint32_t type, struct v4l2_pix_format *inout)
{
	struct v4l2_format format = {.type = type};

	if (type == V4L2_BUF_TYPE_VIDEO_CAPTURE)
		format.fmt.pix = *inout;
	else
		to_planes(inout, &format.fmt.pix_mp);
	if (video_ioctl(fd, request, &format) < 0)
		return -1;
	if (type == V4L2_BUF_TYPE_VIDEO_CAPTURE) {
		*inout = format.fmt.pix;
		return 0;
	}
	if (format.fmt.pix_mp.num_planes != 1) {
		errno = EINVAL;
		return -1;
	}
	from_planes(&format.fmt.pix_mp, inout);
	return 0;
}

static int multi_planar_buffer(int fd, unsigned long request, struct v4l2_buffer *inout)
{
	struct v4l2_plane planes[VIDEO_MAX_PLANES] = {0};
	const struct v4l2_plane *plane = &planes[0];

	inout->m.planes = planes;
	inout->length = request == VIDIOC_QBUF ? 1 : VIDEO_MAX_PLANES;
	if (video_ioctl(fd, request, inout) < 0)
		return -1;
	inout->length = plane->length;
	if (request == VIDIOC_QUERYBUF) {
		inout->m.offset = plane->m.mem_offset;
		return 0;
	}
	inout->m.offset = plane->data_offset;
	inout->bytesused = plane->bytesused > plane->data_offset ? plane->bytesused - plane->data_offset : 0;
	return 0;
}

int v4l2_planes_buffer(int fd, unsigned long request, struct v4l2_buffer *inout)
{
	if (inout->type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE)
		return multi_planar_buffer(fd, request, inout);
	if (video_ioctl(fd, request, inout) < 0)
		return -1;
	if (request == VIDIOC_DQBUF)
		inout->m.offset = 0;
	return 0;
}
