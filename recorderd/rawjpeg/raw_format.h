/*
 * raw_format.h - an uncompressed picture as a camera sends it: where its samples stand, and what its numbers mean.
 *
 * Pixel formats and colour fields are those of the Linux media documentation ("Image Formats", "Colorspaces").
 */
#ifndef RECORDERD_RAWJPEG_RAW_FORMAT_H
#define RECORDERD_RAWJPEG_RAW_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/videodev2.h>

enum raw_kind {
	RAW_YUYV, /* 4:2:2, Y Cb Y Cr */
	RAW_UYVY, /* 4:2:2, Cb Y Cr Y */
	RAW_NV12, /* 4:2:0, a plane of Y, then one of Cb Cr */
	RAW_YU12, /* 4:2:0, three planes: Y, Cb, Cr */
	RAW_RGB,
	RAW_BGR,
	RAW_GREY,
};

/* From the camera's numbers to JPEG's: full range, the matrix of BT.601 (JFIF 1.02). */
struct raw_colour {
	bool same;                      /* nothing to do */
	bool mixes;                     /* another matrix: a sample depends on all three; else the tables do */
	uint8_t luma[256], chroma[256]; /* range only */
	int32_t y_zero, y_scale;        /* the rest: 16.16 fixed point */
	int32_t y_of_cb, y_of_cr, cb_of_cb, cb_of_cr, cr_of_cb, cr_of_cr;
};

struct raw_format {
	enum raw_kind kind;
	uint16_t width, height;
	uint32_t stride_bytes; /* of the first plane */
	size_t size_bytes;     /* a whole picture has at least so many */
	struct raw_colour colour;
};

/* False for a format that is none of these, or a stride that is too small for the width. */
bool raw_format_init(struct raw_format *format, const struct v4l2_pix_format *pix);

/* Luma and chroma stand apart, to be given to the compressor as they are; else the picture is lines of pixels. */
bool raw_format_is_ycbcr(const struct raw_format *format);

/* Chroma has half the lines too. */
bool raw_format_is_420(const struct raw_format *format);

/* Samples of one line; `data` is a whole picture of size_bytes, `line` counts in the plane's own lines. */
void raw_format_read_luma(const struct raw_format *format, const uint8_t *data, unsigned line, uint8_t *out);
void raw_format_read_chroma(const struct raw_format *format, const uint8_t *data, unsigned line, uint8_t *cb,
			    uint8_t *cr);

/* Of the colour system `pix` names. */
void raw_colour_init(struct raw_colour *colour, const struct v4l2_pix_format *pix, bool rgb);

/* In place. Luma first: with another matrix it needs the chroma as it was. `count` is of the line that is converted. */
void raw_colour_convert_luma(const struct raw_colour *colour, uint8_t *y, const uint8_t *cb, const uint8_t *cr,
			     size_t count);
void raw_colour_convert_chroma(const struct raw_colour *colour, uint8_t *cb, uint8_t *cr, size_t count);

#endif
