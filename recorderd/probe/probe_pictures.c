/* probe_pictures.c - the pictures with which an encoder is tried. */
#include "recorderd/probe/probe_pictures.h"

#include <stdlib.h>

#include "recorderd/rawjpeg/jpeg_compressor.h"

#define NOISE          8u  /* of a camera in fair light, of 255 */
#define DARK           20  /* the least luminance */
#define MARK           215 /* of the bright cell, above DARK */
#define DIFFERENCE_MAX 24  /* that cells may have on average from what they should be, of 255 */

/* The values of one cell, of which the mean is wanted. */
struct cell {
	uint64_t sum, count;
};

struct painter {
	unsigned width, height; /* of what is encoded: even */
	struct cell luma[PROBE_CELLS_DOWN][PROBE_CELLS_ACROSS];
	struct cell chroma[PROBE_CELLS_DOWN / 2][PROBE_CELLS_ACROSS / 2];
};

static void count_value(struct cell *cell, uint8_t value)
{
	cell->sum += value;
	cell->count++;
}

static uint8_t mean_of(const struct cell *cell)
{
	return (uint8_t)(cell->count ? cell->sum / cell->count : 0);
}

/* The luminance above DARK: a moving gradient, below a row that is dark except for the picture's own cell. */
static unsigned luma_at(const struct painter *painter, unsigned x, unsigned y, unsigned number)
{
	if (y * PROBE_CELLS_DOWN < painter->height)
		return x * PROBE_CELLS_ACROSS / painter->width == number ? MARK : 0;
	return (x + 4 * number + (y / 32 % 2) * x) / 4 % 200;
}

/* One line of YUYV, with noise. What is beyond the even size is cut off before it is encoded, and does not count. */
static void paint_line(uint8_t *out, struct painter *painter, unsigned width, unsigned y, unsigned number)
{
	uint32_t seed = number * 65536 + y + 1;

	for (unsigned x = 0; x < width; x++) {
		seed = seed * 1664525u + 1013904223u;
		uint8_t luma = (uint8_t)(DARK + luma_at(painter, x, y, number) + (seed >> 24) % NOISE);
		uint8_t chroma = (uint8_t)(100 + (x / 2 + y + number) / 16 % 56);

		*out++ = luma;
		*out++ = chroma;
		if (x >= painter->width || y >= painter->height)
			continue;
		unsigned column = x * PROBE_CELLS_ACROSS / painter->width, row = y * PROBE_CELLS_DOWN / painter->height;
		count_value(&painter->luma[row][column], luma);
		count_value(&painter->chroma[row / 2][column / 2], chroma);
	}
}

static void write_thumbnail(uint8_t *out, const struct painter *painter)
{
	for (unsigned row = 0; row < PROBE_CELLS_DOWN; row++)
		for (unsigned column = 0; column < PROBE_CELLS_ACROSS; column++)
			*out++ = mean_of(&painter->luma[row][column]);
	for (unsigned plane = 0; plane < 2; plane++)
		for (unsigned row = 0; row < PROBE_CELLS_DOWN / 2; row++)
			for (unsigned column = 0; column < PROBE_CELLS_ACROSS / 2; column++)
				*out++ = mean_of(&painter->chroma[row][column]);
}

static void paint(uint8_t *raw, const struct raw_format *format, unsigned number, uint8_t *thumbnail)
{
	struct painter painter = {.width = format->width & ~1u, .height = format->height & ~1u};

	for (unsigned y = 0; y < format->height; y++)
		paint_line(raw + (size_t)y * format->stride_bytes, &painter, format->width, y, number);
	write_thumbnail(thumbnail, &painter);
}

bool probe_pictures_make(struct probe_pictures *pictures, uint16_t width, uint16_t height)
{
	struct v4l2_pix_format pix = {
		.width = width,
		.height = height,
		.pixelformat = V4L2_PIX_FMT_YUYV,
	};
	struct raw_format format;

	*pictures = (struct probe_pictures){0};
	if (!raw_format_init(&format, &pix))
		return false;

	struct jpeg_compressor *compressor = jpeg_compressor_create(&format, NULL);
	size_t worst = jpeg_compressor_worst_bytes(&format);
	uint8_t *raw = calloc(1, format.size_bytes); /* lines of odd width end with padding */
	bool made = compressor && raw;

	for (unsigned i = 0; made && i < PROBE_PICTURES; i++) {
		struct buffer *jpeg = &pictures->jpegs[i];

		paint(raw, &format, i, pictures->thumbnails[i]);
		made = buffer_reserve(jpeg, worst);
		if (made)
			jpeg->length = jpeg_compressor_run(compressor, raw, jpeg->data, worst);
		made = made && jpeg->length > 0;
	}
	free(raw);
	jpeg_compressor_destroy(compressor);
	return made;
}

void probe_pictures_free(struct probe_pictures *pictures)
{
	for (unsigned i = 0; i < PROBE_PICTURES; i++)
		buffer_free(&pictures->jpegs[i]);
}

/* The sum of the differences of all cells. */
static unsigned difference(const uint8_t *thumbnail, const uint8_t *expected)
{
	unsigned sum = 0;

	for (size_t i = 0; i < PROBE_THUMBNAIL_BYTES; i++)
		sum += (unsigned)abs(thumbnail[i] - expected[i]);
	return sum;
}

bool probe_pictures_resembles(const struct probe_pictures *pictures, uint64_t number,
			      const uint8_t thumbnail[PROBE_THUMBNAIL_BYTES])
{
	const uint8_t *own = pictures->thumbnails[number % PROBE_PICTURES];

	return difference(thumbnail, own) <= DIFFERENCE_MAX * PROBE_THUMBNAIL_BYTES;
}

bool probe_pictures_is_nearest(const struct probe_pictures *pictures, uint64_t number,
			       const uint8_t thumbnail[PROBE_THUMBNAIL_BYTES])
{
	const size_t own = (size_t)(number % PROBE_PICTURES);
	unsigned own_difference = difference(thumbnail, pictures->thumbnails[own]);

	for (size_t i = 0; i < PROBE_PICTURES; i++)
		if (i != own && difference(thumbnail, pictures->thumbnails[i]) <= own_difference)
			return false;
	return true;
}
