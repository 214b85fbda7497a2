/* v4l2_format.c - negotiates format, size and frame rate with a camera. */
#include "recorderd/source/v4l2_format.h"

#include <stdio.h>

#include "recorderd/rawjpeg/raw_format.h"
#include "recorderd/v4l2/v4l2_ioctl.h"
#include "recorderd/v4l2/v4l2_planes.h"

/*
 * In order of preference: JPEGs need no compression here, 4:2:2 has more colour than 4:2:0, 32 bits of RGB need more
 * bandwidth than 24, and 16 bits of grey more than 8. If a raw format is configured, JPEGs come last.
 */
static const uint32_t formats[] = {
	V4L2_PIX_FMT_MJPEG,  V4L2_PIX_FMT_JPEG,   V4L2_PIX_FMT_YUYV,   V4L2_PIX_FMT_UYVY,   V4L2_PIX_FMT_YVYU,
	V4L2_PIX_FMT_VYUY,   V4L2_PIX_FMT_NV16,   V4L2_PIX_FMT_NV61,   V4L2_PIX_FMT_NV12,   V4L2_PIX_FMT_NV21,
	V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_YVU420, V4L2_PIX_FMT_RGB24,  V4L2_PIX_FMT_BGR24,  V4L2_PIX_FMT_XBGR32,
	V4L2_PIX_FMT_ABGR32, V4L2_PIX_FMT_BGR32,  V4L2_PIX_FMT_XRGB32, V4L2_PIX_FMT_ARGB32, V4L2_PIX_FMT_RGB32,
	V4L2_PIX_FMT_RGBX32, V4L2_PIX_FMT_RGBA32, V4L2_PIX_FMT_BGRX32, V4L2_PIX_FMT_BGRA32, V4L2_PIX_FMT_RGB565,
	V4L2_PIX_FMT_GREY,   V4L2_PIX_FMT_Y16,    V4L2_PIX_FMT_Y12,    V4L2_PIX_FMT_Y10};

#define FORMATS      (sizeof(formats) / sizeof(formats[0]))
#define JPEG_FORMATS 2

static const uint32_t fourcc_of[] = {
	[FORMAT_AUTO] = 0,
	[FORMAT_MJPEG] = V4L2_PIX_FMT_MJPEG,
	[FORMAT_YUYV] = V4L2_PIX_FMT_YUYV,
	[FORMAT_UYVY] = V4L2_PIX_FMT_UYVY,
	[FORMAT_NV12] = V4L2_PIX_FMT_NV12,
	[FORMAT_YU12] = V4L2_PIX_FMT_YUV420,
	[FORMAT_RGB24] = V4L2_PIX_FMT_RGB24,
	[FORMAT_BGR24] = V4L2_PIX_FMT_BGR24,
	[FORMAT_GREY] = V4L2_PIX_FMT_GREY,
	[FORMAT_YVYU] = V4L2_PIX_FMT_YVYU,
	[FORMAT_VYUY] = V4L2_PIX_FMT_VYUY,
	[FORMAT_NV21] = V4L2_PIX_FMT_NV21,
	[FORMAT_YV12] = V4L2_PIX_FMT_YVU420,
	[FORMAT_Y16] = V4L2_PIX_FMT_Y16,
};

bool v4l2_format_is_jpeg(uint32_t fourcc)
{
	return fourcc == V4L2_PIX_FMT_MJPEG || fourcc == V4L2_PIX_FMT_JPEG;
}

enum source_open_outcome v4l2_open_outcome(int error)
{
	switch (error) {
	case EBUSY:
		return SOURCE_BUSY;
	case ENOENT:
	case ENODEV:
	case ENXIO:
	case ENOTTY:
		return SOURCE_NOT_FOUND;
	default:
		return SOURCE_OPEN_FAILED;
	}
}

static bool is_among(uint32_t fourcc, const uint32_t *fourccs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fourccs[i] == fourcc)
			return true;
	return false;
}

/* Cameras that encode video themselves often have a second node for uncompressed pictures. */
static void explain_no_format(const uint32_t *fourccs, size_t count, struct reason *why)
{
	static const uint32_t encoded[] = {V4L2_PIX_FMT_H264, V4L2_PIX_FMT_H264_NO_SC, V4L2_PIX_FMT_H264_MVC,
					   V4L2_PIX_FMT_HEVC, V4L2_PIX_FMT_VP8,        V4L2_PIX_FMT_VP9};
	char list[160] = "", name[5];
	size_t used = 0, encoded_count = 0;

	for (size_t i = 0; i < count && used + 8 < sizeof(list); i++) {
		mode_fourcc_text(fourccs[i], name);
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", name);
		encoded_count += is_among(fourccs[i], encoded, sizeof(encoded) / sizeof(encoded[0]));
	}
	if (count && encoded_count == count)
		reason_set(
			why,
			"offers only encoded video (%s), which cannot be recorded: MJPEG or an uncompressed format is "
			"needed, perhaps from another node of the camera",
			list);
	else
		reason_set(why, "offers no format that can be recorded: %s", count ? list : "none at all");
}

/* The wanted format if the camera offers it, otherwise one of the same kind, otherwise one of the other kind. */
static bool choose_format(int fd, enum config_format wanted, uint32_t *out, struct reason *why)
{
	size_t start = fourcc_of[wanted] && !v4l2_format_is_jpeg(fourcc_of[wanted]) ? JPEG_FORMATS : 0;
	uint32_t offered[MODE_FORMATS_MAX];
	size_t count = mode_list_formats(fd, offered);

	*out = fourcc_of[wanted];
	for (size_t i = 0; i < FORMATS && !is_among(*out, offered, count); i++)
		*out = formats[(start + i) % FORMATS];
	if (!is_among(*out, offered, count)) {
		explain_no_format(offered, count, why);
		return false;
	}
	return true;
}

/* The lines of a picture that come as two fields, in one buffer or in two, would be recorded as two small pictures. */
static bool has_separate_fields(const struct v4l2_pix_format *pix)
{
	return pix->field == V4L2_FIELD_ALTERNATE || pix->field == V4L2_FIELD_SEQ_TB || pix->field == V4L2_FIELD_SEQ_BT;
}

/* Leaves the choice to the driver, unless that is fields: many can weave them together. */
static int request_format(int fd, struct v4l2_pix_format *inout)
{
	struct v4l2_pix_format woven = *inout;

	woven.field = V4L2_FIELD_INTERLACED;
	if (v4l2_planes_format(fd, VIDIOC_S_FMT, v4l2_planes_type(fd), inout) < 0)
		return -1;
	if (has_separate_fields(inout) && v4l2_planes_format(fd, VIDIOC_S_FMT, v4l2_planes_type(fd), &woven) == 0)
		*inout = woven;
	return 0;
}

static enum source_open_outcome set_format(int fd, uint32_t fourcc, struct mode_size size, struct v4l2_pix_format *out,
					   struct reason *why)
{
	char name[5];

	*out = (struct v4l2_pix_format){
		.pixelformat = fourcc, .width = size.width, .height = size.height, .field = V4L2_FIELD_ANY};
	if (request_format(fd, out) < 0) {
		int error = errno;
		mode_fourcc_text(fourcc, name);
		reason_errno(why, "VIDIOC_S_FMT failed for %s at %ux%u", name, size.width, size.height);
		return v4l2_open_outcome(error);
	}
	if (!is_among(out->pixelformat, formats, FORMATS) || out->width < 2 || out->height < 2 ||
	    out->width > UINT16_MAX || out->height > UINT16_MAX) {
		mode_fourcc_text(out->pixelformat, name);
		reason_set(why, "VIDIOC_S_FMT returned %s at %ux%u, which cannot be recorded", name, out->width,
			   out->height);
		return SOURCE_OPEN_FAILED;
	}
	if (has_separate_fields(out)) {
		reason_set(why, "sends the two fields of an interlaced picture one after the other, which cannot be "
				"recorded; perhaps it has a smaller, progressive size");
		return SOURCE_OPEN_FAILED;
	}
	return SOURCE_OPENED;
}

/* A driver may ignore the rate or have none. That is not an error, because frames have timestamps. */
static void set_rate(int fd, const struct v4l2_pix_format *pix, uint32_t fps_milli, struct v4l2_mode *out)
{
	struct v4l2_streamparm parm = {.type = v4l2_planes_type(fd)};
	struct mode_rates rates;

	mode_list_rates(fd, pix->pixelformat, (struct mode_size){pix->width, pix->height}, &rates);
	parm.parm.capture.timeperframe = mode_nearest_rate(&rates, fps_milli);
	if (video_ioctl(fd, VIDIOC_S_PARM, &parm) < 0) {
		parm = (struct v4l2_streamparm){.type = parm.type};
		if (video_ioctl(fd, VIDIOC_G_PARM, &parm) < 0)
			parm.parm.capture.timeperframe = (struct v4l2_fract){0, 0};
	}
	out->fps_milli = mode_fps_milli(parm.parm.capture.timeperframe);
	out->fps_known = out->fps_milli != 0;
	if (!out->fps_known)
		out->fps_milli = fps_milli;
}

enum source_open_outcome v4l2_format_negotiate(int fd, const struct v4l2_request *request, struct v4l2_mode *out,
					       struct reason *why)
{
	struct mode_sizes sizes;
	uint32_t fourcc;

	*out = (struct v4l2_mode){0};
	if (!choose_format(fd, request->format, &fourcc, why))
		return SOURCE_OPEN_FAILED;
	mode_list_sizes(fd, fourcc, &sizes);
	enum source_open_outcome outcome =
		set_format(fd, fourcc, mode_nearest_size(&sizes, request->size), &out->pix, why);
	if (outcome == SOURCE_OPENED)
		set_rate(fd, &out->pix, request->fps_milli, out);
	return outcome;
}

bool v4l2_format_is_unchanged(int fd, const struct v4l2_mode *mode)
{
	struct v4l2_pix_format now = {0};

	if (v4l2_planes_format(fd, VIDIOC_G_FMT, v4l2_planes_type(fd), &now) < 0)
		return true; /* the driver does not report it */
	return now.pixelformat == mode->pix.pixelformat && now.width == mode->pix.width &&
	       now.height == mode->pix.height && now.bytesperline == mode->pix.bytesperline;
}

/* Of a range of rates, or 0 if that is below it. */
static uint32_t half_rate(const struct mode_rates *rates, uint32_t fps_milli)
{
	return fps_milli / 2 >= mode_fps_milli(rates->longest) ? fps_milli / 2 : 0;
}

/* Of a range of sizes; false if that is below it. */
static bool half_size(const struct mode_sizes *sizes, struct mode_size *inout)
{
	*inout = (struct mode_size){inout->width / 2, inout->height / 2};
	return inout->width >= sizes->range.min_width && inout->height >= sizes->range.min_height;
}

static bool lower_rate(int fd, const struct v4l2_mode *mode, struct v4l2_request *request)
{
	struct mode_rates rates;
	uint32_t best = 0;

	mode_list_rates(fd, mode->pix.pixelformat, (struct mode_size){mode->pix.width, mode->pix.height}, &rates);
	for (size_t i = 0; i < rates.count; i++) {
		uint32_t fps_milli = mode_fps_milli(rates.items[i]);

		if (fps_milli < mode->fps_milli && fps_milli > best)
			best = fps_milli;
	}
	if (rates.ranged)
		best = half_rate(&rates, mode->fps_milli);
	if (!best)
		return false;
	request->size = (struct mode_size){mode->pix.width, mode->pix.height};
	request->fps_milli = best;
	return true;
}

/* The largest size with fewer pixels; false if there is none. */
static bool smaller_size(int fd, const struct v4l2_mode *mode, struct mode_size *out)
{
	uint64_t limit = (uint64_t)mode->pix.width * mode->pix.height, best = 0;
	struct mode_sizes sizes;

	mode_list_sizes(fd, mode->pix.pixelformat, &sizes);
	*out = (struct mode_size){mode->pix.width, mode->pix.height};
	if (sizes.ranged)
		return half_size(&sizes, out);
	for (size_t i = 0; i < sizes.count; i++) {
		uint64_t area = (uint64_t)sizes.items[i].width * sizes.items[i].height;

		if (area < limit && area > best) {
			best = area;
			*out = sizes.items[i];
		}
	}
	return best != 0;
}

bool v4l2_format_step_down(int fd, const struct v4l2_mode *mode, uint32_t fps_milli, struct v4l2_request *request)
{
	struct mode_size size;

	if (lower_rate(fd, mode, request))
		return true;
	if (!smaller_size(fd, mode, &size))
		return false;
	request->size = size;
	request->fps_milli = fps_milli;
	return true;
}
