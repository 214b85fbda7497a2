/* v4l2_format.c - see v4l2_format.h. */
#include "recorderd/v4l2_format.h"

#include <assert.h>
#include <stdio.h>

#include "recorderd/raw_format.h"
#include "recorderd/video_ioctl.h"

/* Best first: JPEGs cost no encoding, 4:2:2 keeps the most colour among the rest. */
static const uint32_t jpeg_first[] = {V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_JPEG,  V4L2_PIX_FMT_YUYV,
				      V4L2_PIX_FMT_UYVY,  V4L2_PIX_FMT_NV12,  V4L2_PIX_FMT_YUV420,
				      V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_BGR24, V4L2_PIX_FMT_GREY};
static const uint32_t raw_first[] = {V4L2_PIX_FMT_YUYV,   V4L2_PIX_FMT_UYVY,  V4L2_PIX_FMT_NV12,
				     V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_BGR24,
				     V4L2_PIX_FMT_GREY,   V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_JPEG};

#define KNOWN_FORMATS (sizeof(jpeg_first) / sizeof(jpeg_first[0]))
static_assert(sizeof(raw_first) == sizeof(jpeg_first), "both orders name the same formats");

bool v4l2_is_jpeg(uint32_t fourcc)
{
	return fourcc == V4L2_PIX_FMT_MJPEG || fourcc == V4L2_PIX_FMT_JPEG;
}

enum source_open_outcome v4l2_outcome(int error)
{
	switch (error) {
	case EBUSY:
		return SOURCE_BUSY;
	case ENOENT:
	case ENODEV:
	case ENXIO:
	case ENOTTY:
		return SOURCE_NONE;
	default:
		return SOURCE_REFUSED;
	}
}

static bool is_known(uint32_t fourcc)
{
	for (size_t i = 0; i < KNOWN_FORMATS; i++)
		if (jpeg_first[i] == fourcc)
			return true;
	return false;
}

static void say_offered(const uint32_t *fourccs, size_t count, struct reason *why)
{
	char list[160] = "", name[5];
	size_t used = 0;

	for (size_t i = 0; i < count && used + 8 < sizeof(list); i++) {
		mode_fourcc_text(fourccs[i], name);
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", name);
	}
	reason_set(why, "offers no format that can be recorded (%s)", count ? list : "none at all");
}

static bool choose_format(int fd, enum config_format wanted, uint32_t *out, struct reason *why)
{
	const uint32_t *order = wanted == FORMAT_YUYV ? raw_first : jpeg_first;
	uint32_t offered[MODE_FORMATS_MAX];
	size_t count = mode_list_formats(fd, offered);

	for (size_t i = 0; i < KNOWN_FORMATS; i++)
		for (size_t j = 0; j < count; j++)
			if (order[i] == offered[j]) {
				*out = order[i];
				return true;
			}
	say_offered(offered, count, why);
	return false;
}

static enum source_open_outcome set_format(int fd, uint32_t fourcc, struct mode_size size, struct v4l2_pix_format *out,
					   struct reason *why)
{
	struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
	char name[5];

	format.fmt.pix.pixelformat = fourcc;
	format.fmt.pix.width = size.width;
	format.fmt.pix.height = size.height;
	format.fmt.pix.field = V4L2_FIELD_ANY;
	if (video_ioctl(fd, VIDIOC_S_FMT, &format) < 0) {
		int error = errno;
		mode_fourcc_text(fourcc, name);
		reason_errno(why, "refuses %s at %ux%u", name, size.width, size.height);
		return v4l2_outcome(error);
	}
	*out = format.fmt.pix;
	if (!is_known(out->pixelformat) || out->width < 2 || out->height < 2 || out->width > UINT16_MAX ||
	    out->height > UINT16_MAX) {
		mode_fourcc_text(out->pixelformat, name);
		reason_set(why, "answers with %s at %ux%u, which cannot be recorded", name, out->width, out->height);
		return SOURCE_REFUSED;
	}
	return SOURCE_OPENED;
}

/* Drivers may ignore the rate or have none: that is no error, the frames' own time stamps tell. */
static void set_rate(int fd, const struct v4l2_pix_format *pix, uint32_t fps_milli, struct v4l2_mode *out)
{
	struct v4l2_streamparm parm = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
	struct mode_rates rates;

	mode_list_rates(fd, pix->pixelformat, (struct mode_size){pix->width, pix->height}, &rates);
	parm.parm.capture.timeperframe = mode_nearest_rate(&rates, fps_milli);
	if (video_ioctl(fd, VIDIOC_S_PARM, &parm) < 0) {
		parm = (struct v4l2_streamparm){.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
		if (video_ioctl(fd, VIDIOC_G_PARM, &parm) < 0)
			parm.parm.capture.timeperframe = (struct v4l2_fract){0, 0};
	}
	out->fps_milli = mode_fps_milli(parm.parm.capture.timeperframe);
	out->fps_known = out->fps_milli != 0;
	if (!out->fps_known)
		out->fps_milli = fps_milli;
}

enum source_open_outcome v4l2_format_agree(int fd, const struct v4l2_wish *wish, struct v4l2_mode *out,
					   struct reason *why)
{
	struct mode_sizes sizes;
	uint32_t fourcc;
	enum source_open_outcome outcome;

	*out = (struct v4l2_mode){0};
	if (!choose_format(fd, wish->format, &fourcc, why))
		return SOURCE_REFUSED;
	mode_list_sizes(fd, fourcc, &sizes);
	outcome = set_format(fd, fourcc, mode_nearest_size(&sizes, wish->size), &out->pix, why);
	if (outcome == SOURCE_OPENED)
		set_rate(fd, &out->pix, wish->fps_milli, out);
	return outcome;
}

static bool lower_rate(int fd, const struct v4l2_mode *mode, struct v4l2_wish *wish)
{
	struct mode_rates rates;
	uint32_t best = 0;

	mode_list_rates(fd, mode->pix.pixelformat, (struct mode_size){mode->pix.width, mode->pix.height}, &rates);
	for (size_t i = 0; i < rates.count; i++) {
		uint32_t fps_milli = mode_fps_milli(rates.items[i]);
		if (fps_milli < mode->fps_milli && fps_milli > best)
			best = fps_milli;
	}
	if (!best)
		return false;
	wish->size = (struct mode_size){mode->pix.width, mode->pix.height};
	wish->fps_milli = best;
	return true;
}

static bool smaller_size(int fd, const struct v4l2_mode *mode, uint32_t fps_milli, struct v4l2_wish *wish)
{
	uint64_t limit = (uint64_t)mode->pix.width * mode->pix.height, best = 0;
	struct mode_sizes sizes;

	mode_list_sizes(fd, mode->pix.pixelformat, &sizes);
	for (size_t i = 0; i < sizes.count; i++) {
		uint64_t area = (uint64_t)sizes.items[i].width * sizes.items[i].height;
		if (area < limit && area > best) {
			best = area;
			wish->size = sizes.items[i];
		}
	}
	wish->fps_milli = fps_milli;
	return best != 0;
}

bool v4l2_format_step_down(int fd, const struct v4l2_mode *mode, uint32_t fps_milli, struct v4l2_wish *wish)
{
	return lower_rate(fd, mode, wish) || smaller_size(fd, mode, fps_milli, wish);
}
