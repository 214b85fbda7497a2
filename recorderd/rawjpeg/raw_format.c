/* raw_format.c - where the samples of an uncompressed picture are. */
#include "recorderd/rawjpeg/raw_format.h"

#include <string.h>

/* Formats of 32 bits per pixel: the order of their bytes. */
static bool find_rgb32(uint32_t fourcc, struct raw_format *out)
{
	static const struct {
		uint32_t fourcc;
		uint8_t red, green, blue;
	} orders[] = {
		{V4L2_PIX_FMT_XBGR32, 2, 1, 0}, {V4L2_PIX_FMT_ABGR32, 2, 1, 0}, {V4L2_PIX_FMT_BGR32, 2, 1, 0},
		{V4L2_PIX_FMT_XRGB32, 1, 2, 3}, {V4L2_PIX_FMT_ARGB32, 1, 2, 3}, {V4L2_PIX_FMT_RGB32, 1, 2, 3},
		{V4L2_PIX_FMT_RGBX32, 0, 1, 2}, {V4L2_PIX_FMT_RGBA32, 0, 1, 2}, {V4L2_PIX_FMT_BGRX32, 3, 2, 1},
		{V4L2_PIX_FMT_BGRA32, 3, 2, 1},
	};

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (orders[i].fourcc == fourcc) {
			out->kind = RAW_RGB32;
			out->red_at = orders[i].red;
			out->green_at = orders[i].green;
			out->blue_at = orders[i].blue;
			return true;
		}
	return false;
}

static bool find_kind(uint32_t fourcc, struct raw_format *out)
{
	static const struct {
		uint32_t fourcc;
		enum raw_kind kind;
		uint8_t grey_shift;
	} kinds[] = {
		{V4L2_PIX_FMT_YUYV, RAW_YUYV, 0},     {V4L2_PIX_FMT_YVYU, RAW_YVYU, 0},
		{V4L2_PIX_FMT_UYVY, RAW_UYVY, 0},     {V4L2_PIX_FMT_VYUY, RAW_VYUY, 0},
		{V4L2_PIX_FMT_NV16, RAW_NV16, 0},     {V4L2_PIX_FMT_NV61, RAW_NV61, 0},
		{V4L2_PIX_FMT_RGB565, RAW_RGB565, 0}, {V4L2_PIX_FMT_NV12, RAW_NV12, 0},
		{V4L2_PIX_FMT_NV21, RAW_NV21, 0},     {V4L2_PIX_FMT_YUV420, RAW_YU12, 0},
		{V4L2_PIX_FMT_YVU420, RAW_YV12, 0},   {V4L2_PIX_FMT_RGB24, RAW_RGB, 0},
		{V4L2_PIX_FMT_BGR24, RAW_BGR, 0},     {V4L2_PIX_FMT_GREY, RAW_GREY, 0},
		{V4L2_PIX_FMT_Y10, RAW_GREY16, 2},    {V4L2_PIX_FMT_Y12, RAW_GREY16, 4},
		{V4L2_PIX_FMT_Y16, RAW_GREY16, 8},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].fourcc == fourcc) {
			out->kind = kinds[i].kind;
			out->grey_shift = kinds[i].grey_shift;
			return true;
		}
	return find_rgb32(fourcc, out);
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
	case RAW_YVYU:
	case RAW_UYVY:
	case RAW_VYUY:
		return 4u * chroma_width(format);
	case RAW_NV16:
	case RAW_NV61:
	case RAW_NV12:
	case RAW_NV21:
	case RAW_YU12:
	case RAW_YV12:
		return 2u * chroma_width(format); /* chroma must fit too */
	case RAW_RGB:
	case RAW_BGR:
		return 3u * format->width;
	case RAW_RGB32:
		return 4u * format->width;
	case RAW_RGB565:
	case RAW_GREY16:
		return 2u * format->width;
	case RAW_GREY:
		break;
	}
	return format->width;
}

bool raw_format_is_ycbcr(const struct raw_format *format)
{
	return format->kind <= RAW_YV12;
}

bool raw_format_is_420(const struct raw_format *format)
{
	return format->kind >= RAW_NV12 && format->kind <= RAW_YV12;
}

bool raw_format_is_grey(const struct raw_format *format)
{
	return format->kind == RAW_GREY || format->kind == RAW_GREY16;
}

static size_t picture_bytes(const struct raw_format *format)
{
	size_t stride = format->stride_bytes, luma = stride * format->height;

	if (format->kind == RAW_NV16 || format->kind == RAW_NV61)
		return 2 * luma;
	if (format->kind == RAW_NV12 || format->kind == RAW_NV21)
		return luma + stride * chroma_height(format);
	if (format->kind == RAW_YU12 || format->kind == RAW_YV12)
		return luma + 2 * (stride / 2) * chroma_height(format);
	return luma - stride + line_bytes(format); /* the last line may have no padding */
}

bool raw_format_init(struct raw_format *format, const struct v4l2_pix_format *pix)
{
	*format = (struct raw_format){0};
	if (!find_kind(pix->pixelformat, format) || pix->width < 2 || pix->height < 2 || pix->width > UINT16_MAX ||
	    pix->height > UINT16_MAX)
		return false;
	format->width = (uint16_t)pix->width;
	format->height = (uint16_t)pix->height;
	format->stride_bytes = pix->bytesperline ? pix->bytesperline : (uint32_t)line_bytes(format);
	if (format->stride_bytes < line_bytes(format))
		return false;
	format->size_bytes = picture_bytes(format);
	/* Like RGB, 16 bits of grey have the full range unless the driver says otherwise. */
	bool full = !raw_format_is_ycbcr(format) && format->kind != RAW_GREY;
	raw_colour_init(&format->colour, pix, full);
	return true;
}

static void read_grey16(const struct raw_format *format, const uint8_t *from, uint8_t *out)
{
	for (size_t x = 0; x < format->width; x++) {
		unsigned value = (unsigned)(from[2 * x] | from[2 * x + 1] << 8) >> format->grey_shift;

		out[x] = (uint8_t)(value > 255 ? 255 : value);
	}
}

static void read_rgb32(const struct raw_format *format, const uint8_t *from, uint8_t *out)
{
	for (size_t x = 0; x < format->width; x++, from += 4) {
		*out++ = from[format->red_at];
		*out++ = from[format->green_at];
		*out++ = from[format->blue_at];
	}
}

/* Little-endian; the most significant bits are repeated in those that 8 bits have more. */
static void read_rgb565(const struct raw_format *format, const uint8_t *from, uint8_t *out)
{
	for (size_t x = 0; x < format->width; x++) {
		unsigned value = (unsigned)(from[2 * x] | from[2 * x + 1] << 8);
		unsigned red = value >> 11, green = value >> 5 & 63, blue = value & 31;

		*out++ = (uint8_t)(red << 3 | red >> 2);
		*out++ = (uint8_t)(green << 2 | green >> 4);
		*out++ = (uint8_t)(blue << 3 | blue >> 2);
	}
}

void raw_format_read_pixels(const struct raw_format *format, const uint8_t *data, unsigned line, uint8_t *out)
{
	const uint8_t *from = data + (size_t)line * format->stride_bytes;

	if (format->kind == RAW_GREY16)
		read_grey16(format, from, out);
	else if (format->kind == RAW_RGB32)
		read_rgb32(format, from, out);
	else if (format->kind == RAW_RGB565)
		read_rgb565(format, from, out);
	else
		memcpy(out, from, line_bytes(format));
}

void raw_format_read_luma(const struct raw_format *format, const uint8_t *data, unsigned line, uint8_t *out)
{
	const uint8_t *from = data + (size_t)line * format->stride_bytes;
	size_t width = format->width;

	if (format->kind > RAW_VYUY) {
		memcpy(out, from, width);
		return;
	}
	from += format->kind == RAW_UYVY || format->kind == RAW_VYUY;
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
	case RAW_YVYU:
		read_samples(packed + 3, packed + 1, 4, count, cb, cr);
		return;
	case RAW_UYVY:
		read_samples(packed, packed + 2, 4, count, cb, cr);
		return;
	case RAW_VYUY:
		read_samples(packed + 2, packed, 4, count, cb, cr);
		return;
	case RAW_NV16:
	case RAW_NV12:
		read_samples(chroma + line * stride, chroma + line * stride + 1, 2, count, cb, cr);
		return;
	case RAW_NV61:
	case RAW_NV21:
		read_samples(chroma + line * stride + 1, chroma + line * stride, 2, count, cb, cr);
		return;
	case RAW_YU12:
	case RAW_YV12:
		chroma += line * (stride / 2);
		memcpy(format->kind == RAW_YU12 ? cb : cr, chroma, count);
		memcpy(format->kind == RAW_YU12 ? cr : cb, chroma + stride / 2 * chroma_height(format), count);
		return;
	case RAW_RGB:
	case RAW_BGR:
	case RAW_RGB32:
	case RAW_RGB565:
	case RAW_GREY:
	case RAW_GREY16:
		return;
	}
}
