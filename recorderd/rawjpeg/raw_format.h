/*
 * raw_format.h - the format of an uncompressed picture: where its samples are, and what their values mean.
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
	RAW_YVYU, /* 4:2:2, Y Cr Y Cb */
	RAW_UYVY, /* 4:2:2, Cb Y Cr Y */
	RAW_VYUY, /* 4:2:2, Cr Y Cb Y */
	RAW_NV16, /* 4:2:2, a plane of Y, then one of Cb Cr */
	RAW_NV61, /* 4:2:2, a plane of Y, then one of Cr Cb */
	RAW_NV12, /* 4:2:0, a plane of Y, then one of Cb Cr */
	RAW_NV21, /* 4:2:0, a plane of Y, then one of Cr Cb */
	RAW_YU12, /* 4:2:0, three planes: Y, Cb, Cr */
	RAW_YV12, /* 4:2:0, three planes: Y, Cr, Cb */
	RAW_RGB,
	RAW_BGR,
	RAW_RGB32,  /* 32 bits per pixel, of which 8 have no colour */
	RAW_RGB565, /* 16 bits per pixel, little-endian */
	RAW_GREY,
	RAW_GREY16, /* 16 bits per sample, little-endian */
};

/* The conversion from the camera's values to JPEG's: full range, the matrix of BT.601 (JFIF 1.02). */
struct raw_colour {
	bool identity;                  /* the values are JPEG's already */
	bool has_matrix;                /* each sample depends on all three components; otherwise the tables do it */
	uint8_t luma[256], chroma[256]; /* range only */
	int32_t y_zero, y_scale;        /* the matrix, in 16.16 fixed point */
	int32_t y_of_cb, y_of_cr, cb_of_cb, cb_of_cr, cr_of_cb, cr_of_cr;
};

struct raw_format {
	enum raw_kind kind;
	uint8_t grey_shift;                /* of RAW_GREY16: from a sample to its 8 most significant bits */
	uint8_t red_at, green_at, blue_at; /* of RAW_RGB32: their bytes in a pixel */
	uint16_t width, height;
	uint32_t stride_bytes; /* of the first plane */
	size_t size_bytes;     /* of a complete picture, at least */
	struct raw_colour colour;
};

/* Returns false if the pixel format is none of these, or if the stride is too small for the width. */
bool raw_format_init(struct raw_format *format, const struct v4l2_pix_format *pix);

/* Whether the samples are Y'CbCr and go to the compressor as separate planes; otherwise they go as lines of pixels. */
bool raw_format_is_ycbcr(const struct raw_format *format);

/* Whether chroma has half the lines, too. */
bool raw_format_is_420(const struct raw_format *format);

/* Reads one line of pixels in a format that is not Y'CbCr: 3 bytes each, or 1 if it is grey. */
void raw_format_read_pixels(const struct raw_format *format, const uint8_t *data, unsigned line, uint8_t *out);

/* Whether there is no colour. */
bool raw_format_is_grey(const struct raw_format *format);

/* Reads the samples of one line. `data` is a picture of size_bytes, `line` a line of the plane that is read. */
void raw_format_read_luma(const struct raw_format *format, const uint8_t *data, unsigned line, uint8_t *out);
void raw_format_read_chroma(const struct raw_format *format, const uint8_t *data, unsigned line, uint8_t *cb,
			    uint8_t *cr);

/* The conversion from the colour system of `pix`. */
void raw_colour_init(struct raw_colour *colour, const struct v4l2_pix_format *pix, bool rgb);

/*
 * Convert `count` samples in place. Convert luma first, because with a matrix it depends on the unconverted chroma.
 */
void raw_colour_convert_luma(const struct raw_colour *colour, uint8_t *y, const uint8_t *cb, const uint8_t *cr,
			     size_t count);
void raw_colour_convert_chroma(const struct raw_colour *colour, uint8_t *cb, uint8_t *cr, size_t count);

#endif
