/* raw_colour.c - the conversion from a camera's Y'CbCr to that of JPEG. */
#include "recorderd/rawjpeg/raw_format.h"

/*
 * JPEG uses the full range and the matrix of BT.601. Most cameras send a limited range (16 to 235, 16 to 240), and
 * some (HDMI grabbers) use the matrix of BT.709. The transfer function is not converted: players treat every picture
 * as sRGB.
 */

#define ONE 65536 /* 1.0 in 16.16 */

struct weights {
	double r, b;
};

/* The luma weights of red and blue (Linux media documentation, "Defining Colorspaces"). */
static struct weights weights_of(uint32_t ycbcr)
{
	switch (ycbcr) {
	case V4L2_YCBCR_ENC_709:
	case V4L2_YCBCR_ENC_XV709:
		return (struct weights){0.2126, 0.0722};
	case V4L2_YCBCR_ENC_BT2020:
	case V4L2_YCBCR_ENC_BT2020_CONST_LUM:
		return (struct weights){0.2627, 0.0593};
	case V4L2_YCBCR_ENC_SMPTE240M:
		return (struct weights){0.212, 0.087};
	default:
		return (struct weights){0.299, 0.114};
	}
}

static uint8_t clamp(int32_t value)
{
	return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static int32_t fixed(double value)
{
	return (int32_t)(value * ONE + (value < 0 ? -0.5 : 0.5));
}

struct ycc {
	double y, cb, cr;
};

/* Converts pure Cb or Cr of `from` to the matrix of BT.601. */
static struct ycc translate(struct weights from, double cb, double cr)
{
	const struct weights to = weights_of(V4L2_YCBCR_ENC_601);
	double red = 2 * (1 - from.r) * cr, blue = 2 * (1 - from.b) * cb;
	double green = -(from.r * red + from.b * blue) / (1 - from.r - from.b);
	double y = to.r * red + to.b * blue + (1 - to.r - to.b) * green;

	return (struct ycc){y, (blue - y) / (2 * (1 - to.b)), (red - y) / (2 * (1 - to.r))};
}

static void set_matrix(struct raw_colour *colour, struct weights from, double y_scale, double c_scale)
{
	struct ycc of_cb = translate(from, c_scale, 0), of_cr = translate(from, 0, c_scale);

	colour->y_scale = fixed(y_scale);
	colour->y_of_cb = fixed(of_cb.y);
	colour->cb_of_cb = fixed(of_cb.cb);
	colour->cr_of_cb = fixed(of_cb.cr);
	colour->y_of_cr = fixed(of_cr.y);
	colour->cb_of_cr = fixed(of_cr.cb);
	colour->cr_of_cr = fixed(of_cr.cr);
}

void raw_colour_init(struct raw_colour *colour, const struct v4l2_pix_format *pix, bool rgb)
{
	uint32_t ycbcr = pix->ycbcr_enc ? pix->ycbcr_enc : V4L2_MAP_YCBCR_ENC_DEFAULT(pix->colorspace);
	uint32_t range =
		pix->quantization ? pix->quantization : V4L2_MAP_QUANTIZATION_DEFAULT(rgb, pix->colorspace, ycbcr);
	bool full = range == V4L2_QUANTIZATION_FULL_RANGE;
	struct weights weights = weights_of(rgb ? V4L2_YCBCR_ENC_601 : ycbcr), jpeg = weights_of(V4L2_YCBCR_ENC_601);

	*colour = (struct raw_colour){.y_zero = full ? 0 : 16};
	colour->has_matrix = weights.r < jpeg.r || weights.r > jpeg.r;
	colour->identity = full && !colour->has_matrix;
	set_matrix(colour, weights, full ? 1.0 : 255.0 / 219, full ? 1.0 : 255.0 / 224);
	for (int i = 0; i < 256; i++) {
		colour->luma[i] = clamp((colour->y_scale * (i - colour->y_zero) + ONE / 2) >> 16);
		colour->chroma[i] = clamp(128 + ((colour->cb_of_cb * (i - 128) + ONE / 2) >> 16));
	}
}

void raw_colour_convert_luma(const struct raw_colour *colour, uint8_t *y, const uint8_t *cb, const uint8_t *cr,
			     size_t count)
{
	if (colour->identity)
		return;
	if (!colour->has_matrix) {
		for (size_t x = 0; x < count; x++)
			y[x] = colour->luma[y[x]];
		return;
	}
	for (size_t x = 0; x < count; x++) {
		int32_t sum = colour->y_scale * (y[x] - colour->y_zero) + colour->y_of_cb * (cb[x / 2] - 128) +
			      colour->y_of_cr * (cr[x / 2] - 128);
		y[x] = clamp((sum + ONE / 2) >> 16);
	}
}

void raw_colour_convert_chroma(const struct raw_colour *colour, uint8_t *cb, uint8_t *cr, size_t count)
{
	if (colour->identity)
		return;
	for (size_t x = 0; x < count; x++) {
		int32_t blue = cb[x] - 128, red = cr[x] - 128;
		if (!colour->has_matrix) {
			cb[x] = colour->chroma[cb[x]];
			cr[x] = colour->chroma[cr[x]];
			continue;
		}
		cb[x] = clamp(128 + ((colour->cb_of_cb * blue + colour->cb_of_cr * red + ONE / 2) >> 16));
		cr[x] = clamp(128 + ((colour->cr_of_cb * blue + colour->cr_of_cr * red + ONE / 2) >> 16));
	}
}
