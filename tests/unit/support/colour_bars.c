/* colour_bars.c - an uncompressed picture of colour bars. */
#include "tests/unit/support/colour_bars.h"

#include <stddef.h>

const double colour_bars[9][3] = {{1, 1, 1}, {1, 1, 0}, {0, 1, 1}, {0, 1, 0},   {1, 0, 1},
				  {1, 0, 0}, {0, 0, 1}, {0, 0, 0}, {.5, .5, .5}};

static const double *bar_at(int x)
{
	return colour_bars[x / 8];
}

uint8_t colour_component(const double rgb[3], const struct colour_system *system, int which)
{
	double y = system->red * rgb[0] + (1 - system->red - system->blue) * rgb[1] + system->blue * rgb[2];
	double cb = (rgb[2] - y) / (2 * (1 - system->blue)), cr = (rgb[0] - y) / (2 * (1 - system->red));
	double chroma = 128 + (which == 1 ? cb : cr) * (system->full ? 255 : 224);
	double value = which ? chroma : system->full ? y * 255 : 16 + y * 219;

	return (uint8_t)(value > 255 ? 255 : value + 0.5);
}

static void paint_packed(uint8_t *out, uint32_t fourcc, const struct colour_system *system)
{
	for (int line = 0; line < HEIGHT; line++, out += STRIDE)
		for (int x = 0; x < EVEN(WIDTH); x++) {
			bool uyvy = fourcc == V4L2_PIX_FMT_UYVY || fourcc == V4L2_PIX_FMT_VYUY;
			bool swapped = fourcc == V4L2_PIX_FMT_YVYU || fourcc == V4L2_PIX_FMT_VYUY;
			out[2 * x + uyvy] = colour_component(bar_at(x), system, 0);
			out[2 * x + !uyvy] = colour_component(bar_at(x), system, 1 + (x % 2 != swapped));
		}
}

/* NV16 and NV61 */
static void paint_422_planes(uint8_t *out, uint32_t fourcc, const struct colour_system *system)
{
	uint8_t *chroma = out + STRIDE * HEIGHT;
	bool swapped = fourcc == V4L2_PIX_FMT_NV61;

	for (int line = 0; line < HEIGHT; line++)
		for (int x = 0; x < EVEN(WIDTH); x++) {
			out[line * STRIDE + x] = colour_component(bar_at(x), system, 0);
			chroma[line * STRIDE + x] = colour_component(bar_at(x), system, 1 + (x % 2 != swapped));
		}
}

static void paint_planes(uint8_t *out, uint32_t fourcc, const struct colour_system *system)
{
	uint8_t *chroma = out + STRIDE * HEIGHT;
	bool swapped = fourcc == V4L2_PIX_FMT_NV21 || fourcc == V4L2_PIX_FMT_YVU420;
	bool two_planes = fourcc == V4L2_PIX_FMT_NV12 || fourcc == V4L2_PIX_FMT_NV21;

	for (int line = 0; line < HEIGHT; line++)
		for (int x = 0; x < WIDTH; x++)
			out[line * STRIDE + x] = colour_component(bar_at(x), system, 0);
	for (int line = 0; line < EVEN(HEIGHT) / 2; line++)
		for (int x = 0; x < EVEN(WIDTH) / 2; x++)
			for (int which = 1; which <= 2; which++) {
				int place = swapped ? 2 - which : which - 1;
				int planar = line * (STRIDE / 2) + x + place * (STRIDE / 2) * EVEN(HEIGHT) / 2;
				int paired = line * STRIDE + 2 * x + place;
				chroma[two_planes ? paired : planar] = colour_component(bar_at(2 * x), system, which);
			}
}

static unsigned grey_shift(uint32_t fourcc)
{
	return fourcc == V4L2_PIX_FMT_Y16 ? 8 : fourcc == V4L2_PIX_FMT_Y12 ? 4 : fourcc == V4L2_PIX_FMT_Y10 ? 2 : 0;
}

bool colour_bars_are_grey(uint32_t fourcc)
{
	return fourcc == V4L2_PIX_FMT_GREY || grey_shift(fourcc) > 0;
}

/* Little-endian, with the least significant bits set, which must not matter. */
static void paint_grey16(uint8_t *out, uint8_t value, unsigned shift)
{
	unsigned sample = (unsigned)value << shift | ((1u << shift) - 1);

	out[0] = (uint8_t)sample;
	out[1] = (uint8_t)(sample >> 8);
}

/* The place of red, green and blue in a pixel of 32 bits (Linux media documentation, "RGB Formats"); NULL: others. */
static const char *order_of(uint32_t fourcc)
{
	switch (fourcc) {
	case V4L2_PIX_FMT_XBGR32:
	case V4L2_PIX_FMT_ABGR32:
	case V4L2_PIX_FMT_BGR32:
		return "bgr.";
	case V4L2_PIX_FMT_XRGB32:
	case V4L2_PIX_FMT_ARGB32:
	case V4L2_PIX_FMT_RGB32:
		return ".rgb";
	case V4L2_PIX_FMT_RGBX32:
	case V4L2_PIX_FMT_RGBA32:
		return "rgb.";
	case V4L2_PIX_FMT_BGRX32:
	case V4L2_PIX_FMT_BGRA32:
		return ".bgr";
	default:
		return NULL;
	}
}

static void paint_rgb(uint8_t *out, uint32_t fourcc, const struct colour_system *system)
{
	const char *order = order_of(fourcc);

	for (int line = 0; line < HEIGHT; line++, out += STRIDE)
		for (int x = 0; x < WIDTH; x++) {
			double value[3];
			for (int i = 0; i < 3; i++)
				value[i] = system->full ? bar_at(x)[i] : (16 + bar_at(x)[i] * 219) / 255;
			unsigned packed = (unsigned)(value[0] * 31 + .5) << 11 | (unsigned)(value[1] * 63 + .5) << 5 |
					  (unsigned)(value[2] * 31 + .5);
			if (!order) {
				out[2 * x] = (uint8_t)packed;
				out[2 * x + 1] = (uint8_t)(packed >> 8);
				continue;
			}
			for (int i = 0; i < 4; i++)
				out[4 * x + i] = order[i] == '.' ? 0x55
								 : (uint8_t)(value[order[i] == 'r'   ? 0
										   : order[i] == 'g' ? 1
												     : 2] *
										     255 +
									     .5);
		}
}

static void paint_pixels(uint8_t *out, uint32_t fourcc, const struct colour_system *system)
{
	for (int line = 0; line < HEIGHT; line++, out += STRIDE)
		for (int x = 0; x < WIDTH; x++) {
			if (fourcc == V4L2_PIX_FMT_GREY)
				out[x] = colour_component(bar_at(x), system, 0);
			else if (grey_shift(fourcc))
				paint_grey16(out + 2 * x, colour_component(bar_at(x), system, 0), grey_shift(fourcc));
			for (int i = 0; i < 3 && !colour_bars_are_grey(fourcc); i++) {
				double value = bar_at(x)[fourcc == V4L2_PIX_FMT_BGR24 ? 2 - i : i];
				out[3 * x + i] = (uint8_t)(system->full ? value * 255 + .5 : 16 + value * 219 + .5);
			}
		}
}

void colour_bars_paint(uint8_t *out, uint32_t fourcc, const struct colour_system *system)
{
	if (fourcc == V4L2_PIX_FMT_NV16 || fourcc == V4L2_PIX_FMT_NV61)
		paint_422_planes(out, fourcc, system);
	else if (order_of(fourcc) || fourcc == V4L2_PIX_FMT_RGB565)
		paint_rgb(out, fourcc, system);
	else if (fourcc == V4L2_PIX_FMT_YUYV || fourcc == V4L2_PIX_FMT_UYVY || fourcc == V4L2_PIX_FMT_YVYU ||
		 fourcc == V4L2_PIX_FMT_VYUY)
		paint_packed(out, fourcc, system);
	else if (fourcc == V4L2_PIX_FMT_NV12 || fourcc == V4L2_PIX_FMT_YUV420 || fourcc == V4L2_PIX_FMT_NV21 ||
		 fourcc == V4L2_PIX_FMT_YVU420)
		paint_planes(out, fourcc, system);
	else
		paint_pixels(out, fourcc, system);
}
