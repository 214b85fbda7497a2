/* v4l2_format.c - the camera's capabilities, formats, sizes and rates, as uvcvideo reports them. */
#include "tests/preload/v4l2.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct frames_header *mode_header(const struct handle *handle)
{
	return handle->camera->modes[handle->mode].header;
}

uint32_t v4l2_image_bytes(const struct handle *handle)
{
	const struct frames_header *header = mode_header(handle);
	uint32_t bytes = header->width * header->height * 2;

	for (size_t i = 0; i < handle->camera->mode_count; i++)
		if (handle->camera->modes[i].largest_bytes > bytes)
			bytes = handle->camera->modes[i].largest_bytes;
	if (bytes < camera_fault(handle->camera, CONTROL_BUFFER_MB) << 20)
		bytes = camera_fault(handle->camera, CONTROL_BUFFER_MB) << 20;
	return bytes;
}

int v4l2_query_cap(struct handle *handle, void *argument)
{
	struct v4l2_capability *cap = argument;

	memset(cap, 0, sizeof(*cap));
	snprintf((char *)cap->driver, sizeof(cap->driver), "preload");
	snprintf((char *)cap->card, sizeof(cap->card), "%.31s", handle->camera->name);
	snprintf((char *)cap->bus_info, sizeof(cap->bus_info), "%s", handle->camera->bus);
	cap->version = 0x060100;
	cap->device_caps = V4L2_CAP_STREAMING | V4L2_CAP_EXT_PIX_FORMAT;
	cap->device_caps |=
		camera_fault(handle->camera, CONTROL_METADATA) ? V4L2_CAP_META_CAPTURE : V4L2_CAP_VIDEO_CAPTURE;
	cap->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING |
			    V4L2_CAP_EXT_PIX_FORMAT | V4L2_CAP_DEVICE_CAPS;
	return 0;
}

/* One input, number 0, like a webcam. */
int v4l2_enum_input(struct handle *handle, void *argument)
{
	struct v4l2_input *input = argument;

	(void)handle;
	if (input->index != 0)
		return EINVAL;
	*input = (struct v4l2_input){.name = "Camera 1", .type = V4L2_INPUT_TYPE_CAMERA};
	return 0;
}

int v4l2_get_input(struct handle *handle, void *argument)
{
	(void)handle;
	*(int *)argument = 0;
	return 0;
}

int v4l2_set_input(struct handle *handle, void *argument)
{
	(void)handle;
	return *(int *)argument == 0 ? 0 : EINVAL;
}

/* The index-th different pixel format among the modes. */
int v4l2_enum_fmt(struct handle *handle, void *argument)
{
	struct v4l2_fmtdesc *out = argument;
	uint32_t seen[MODES_MAX], count = 0;

	if (out->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return EINVAL;
	for (size_t i = 0; i < handle->camera->mode_count; i++) {
		uint32_t fourcc = handle->camera->modes[i].header->fourcc, before = 0;

		while (before < count && seen[before] != fourcc)
			before++;
		if (before == count)
			seen[count++] = fourcc;
	}
	if (out->index >= count)
		return EINVAL;
	out->pixelformat = seen[out->index];
	out->flags = out->pixelformat == V4L2_PIX_FMT_MJPEG ? V4L2_FMT_FLAG_COMPRESSED : 0;
	snprintf((char *)out->description, sizeof(out->description), "%.4s", (const char *)&seen[out->index]);
	return 0;
}

int v4l2_enum_sizes(struct handle *handle, void *argument)
{
	struct v4l2_frmsizeenum *out = argument;
	uint32_t index = out->index;

	for (size_t i = 0; i < handle->camera->mode_count; i++) {
		const struct frames_header *header = handle->camera->modes[i].header;

		if (header->fourcc != out->pixel_format || index-- != 0)
			continue;
		out->type = V4L2_FRMSIZE_TYPE_DISCRETE;
		out->discrete = (struct v4l2_frmsize_discrete){header->width, header->height};
		return 0;
	}
	return EINVAL;
}

int v4l2_enum_intervals(struct handle *handle, void *argument)
{
	struct v4l2_frmivalenum *out = argument;

	if (out->index >= handle->camera->rate_count)
		return EINVAL;
	out->type = V4L2_FRMIVAL_TYPE_DISCRETE;
	out->discrete = handle->camera->rates[out->index];
	return 0;
}

static void format_fill(const struct handle *handle, struct v4l2_pix_format *pix)
{
	const struct frames_header *header = mode_header(handle);

	*pix = (struct v4l2_pix_format){
		.width = header->width, .height = header->height, .pixelformat = header->fourcc};
	pix->field = V4L2_FIELD_NONE;
	pix->colorspace = V4L2_COLORSPACE_SRGB;
	pix->bytesperline = header->fourcc == V4L2_PIX_FMT_YUYV ? header->width * 2 : 0;
	pix->sizeimage = v4l2_image_bytes(handle);
}

int v4l2_get_fmt(struct handle *handle, void *argument)
{
	struct v4l2_format *format = argument;

	if (format->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return EINVAL;
	format_fill(handle, &format->fmt.pix);
	return 0;
}

/* Like a driver, never refuses, but chooses the nearest size of that pixel format, or else of any. */
static size_t mode_nearest(const struct camera *camera, const struct v4l2_pix_format *pix)
{
	size_t best = 0;
	int64_t best_off = INT64_MAX;

	for (size_t i = 0; i < camera->mode_count; i++) {
		const struct frames_header *header = camera->modes[i].header;
		int64_t off = llabs((int64_t)header->width * header->height - (int64_t)pix->width * pix->height);

		if (header->fourcc != pix->pixelformat)
			off += INT64_C(1) << 40;
		if (off < best_off) {
			best_off = off;
			best = i;
		}
	}
	return best;
}

int v4l2_try_fmt(struct handle *handle, void *argument)
{
	struct v4l2_format *format = argument;
	size_t mode = handle->mode;

	if (format->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return EINVAL;
	handle->mode = mode_nearest(handle->camera, &format->fmt.pix);
	format_fill(handle, &format->fmt.pix);
	handle->mode = mode;
	return 0;
}

int v4l2_set_fmt(struct handle *handle, void *argument)
{
	struct v4l2_format *format = argument;

	if (camera_fault(handle->camera, CONTROL_FORMAT_ERRNO))
		return (int)camera_fault(handle->camera, CONTROL_FORMAT_ERRNO);
	if (format->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return EINVAL;
	if (handle->slot_count || v4l2_taken(handle))
		return EBUSY;
	handle->mode = mode_nearest(handle->camera, &format->fmt.pix);
	handle->rate = 0;
	format_fill(handle, &format->fmt.pix);
	return 0;
}

int v4l2_get_parm(struct handle *handle, void *argument)
{
	struct v4l2_streamparm *parm = argument;

	if (parm->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return EINVAL;
	memset(&parm->parm, 0, sizeof(parm->parm));
	parm->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
	parm->parm.capture.timeperframe = handle->camera->rates[handle->rate];
	return 0;
}

static double seconds_of(struct v4l2_fract fraction)
{
	return fraction.denominator ? (double)fraction.numerator / fraction.denominator : 0;
}

int v4l2_set_parm(struct handle *handle, void *argument)
{
	struct v4l2_streamparm *parm = argument;
	double wanted, best = 1e9;

	if (camera_fault(handle->camera, CONTROL_PARM_ERRNO))
		return (int)camera_fault(handle->camera, CONTROL_PARM_ERRNO);
	if (parm->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return EINVAL;
	if (handle->streaming)
		return EBUSY;
	wanted = seconds_of(parm->parm.capture.timeperframe);
	for (size_t i = 0; i < handle->camera->rate_count; i++) {
		double off = seconds_of(handle->camera->rates[i]) - wanted;

		if ((off < 0 ? -off : off) < best) {
			best = off < 0 ? -off : off;
			handle->rate = i;
		}
	}
	return v4l2_get_parm(handle, argument);
}
