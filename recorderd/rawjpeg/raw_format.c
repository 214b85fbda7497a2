/* raw_format.c - where the samples of an uncompressed picture are. */
#include "recorderd/rawjpeg/raw_format.h"

#include <string.h>

static bool kind_of(uint32_t fourcc, enum raw_kind *out)
{
	static const struct {
		uint32_t fourcc;
		enum raw_kind kind;
	} kinds[] = {
		{V4L2_PIX_FMT_YUYV, RAW_YUYV},   {V4L2_PIX_FMT_UYVY, RAW_UYVY}, {V4L2_PIX_FMT_NV12, RAW_NV12},
		{V4L2_PIX_FMT_YUV420, RAW_YU12}, {V4L2_PIX_FMT_RGB24, RAW_RGB}, {V4L2_PIX_FMT_BGR24, RAW_BGR},
		{V4L2_PIX_FMT_GREY, RAW_GREY},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].fourcc == fourcc) {
			*out = kinds[i].kind;
			return true;
		}
	return false;
}

static unsigned chroma_width(const struct raw_format *format)
{
	return (format->width + 1u) / 2;
}

static unsigned chroma_height(const struct raw_format *format)
{
	return (format->height + 1u) / 2;
}

static size_t line_bytes(const struct raw_format *format)
{
	switch (format->kind) {
	case RAW_YUYV:
	case RAW_UYVY:
		return 4u * chroma_width(format);
	case RAW_NV12:
	case RAW_YU12:
		return 2u * chroma_width(format); /* chroma must fit too */
	case RAW_RGB:
	case RAW_BGR:
		return 3u * format->width;
	case RAW_GREY:
		break;
	}
	return format->width;
}

bool raw_format_is_ycbcr(const struct raw_format *format)
{
	return format->kind <= RAW_YU12;
}

bool raw_format_is_420(const struct raw_format *format)
{
	return format->kind == RAW_NV12 || format->kind == RAW_YU12;
}

static size_t picture_bytes(const struct raw_format *format)
{
	size_t stride = format->stride_bytes, luma = stride * format->height;

	if (format->kind == RAW_NV12)
		return luma + stride * chroma_height(format);
	if (format->kind == RAW_YU12)
		return luma + 2 * (stride / 2) * chroma_height(format);
	return luma - stride + line_bytes(format); /* the last line may have no padding */
}

bool raw_format_init(struct raw_format *format, const struct v4l2_pix_format *pix)
{
	*format = (struct raw_format){0};
	if (!kind_of(pix->pixelformat, &format->kind) || pix->width < 2 || pix->height < 2 || pix->width > UINT16_MAX ||
	    pix->height > UINT16_MAX)
		return false;
	format->width = (uint16_t)pix->width;
	format->height = (uint16_t)pix->height;
	format->stride_bytes = pix->bytesperline ? pix->bytesperline : (uint32_t)line_bytes(format);
	if (format->stride_bytes < line_bytes(format))
		return false;
	format->size_bytes = picture_bytes(format);
	raw_colour_init(&format->colour, pix, format->kind == RAW_RGB || format->kind == RAW_BGR);
	return true;
}

void raw_format_read_luma(const struct raw_format *format, const uint8_t *data, unsigned line, uint8_t *out)
{
	const uint8_t *from = data + (size_t)line * format->stride_bytes;
	size_t width = format->width;

	if (format->kind != RAW_YUYV && format->kind != RAW_UYVY) {
		memcpy(out, from, width);
		return;
	}
	from += format->kind == RAW_UYVY;
	for (size_t x = 0; x < width; x++)
		out[x] = from[2 * x];
}

/* `step`: bytes from one sample to the next. */
static void read_samples(const uint8_t *from_cb, const uint8_t *from_cr, size_t step, size_t count, uint8_t *cb,
			 uint8_t *cr)
{
	for (size_t x = 0; x < count; x++) {
		cb[x] = from_cb[step * x];
		cr[x] = from_cr[step * x];
	}
}

void raw_format_read_chroma(const struct raw_format *format, const uint8_t *data, unsigned line, uint8_t *cb,
			    uint8_t *cr)
{
	size_t stride = format->stride_bytes, count = chroma_width(format);
	const uint8_t *packed = data + line * stride;
	const uint8_t *chroma = data + stride * format->height; /* follows the luma plane */

	switch (format->kind) {
	case RAW_YUYV:
		read_samples(packed + 1, packed + 3, 4, count, cb, cr);
		return;
	case RAW_UYVY:
		read_samples(packed, packed + 2, 4, count, cb, cr);
		return;
	case RAW_NV12:
		read_samples(chroma + line * stride, chroma + line * stride + 1, 2, count, cb, cr);
		return;
	case RAW_YU12:
		chroma += line * (stride / 2);
		memcpy(cb, chroma, count);
		memcpy(cr, chroma + stride / 2 * chroma_height(format), count);
		return;
	case RAW_RGB:
	case RAW_BGR:
	case RAW_GREY:
		return;
	}
}
