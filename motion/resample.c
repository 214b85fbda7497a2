/* resample.c - makes a picture smaller as its rows arrive. */
#include "motion/resample.h"

#include <string.h>

static int scaled(int side, int longest)
{
	int result = (int)(((int64_t)side * PLANE_SIDE_MAX + longest / 2) / longest);

	return result > 0 ? result : 1;
}

struct plane_size resample_size(struct plane_size from)
{
	int longest = from.width > from.height ? from.width : from.height;

	if (longest <= PLANE_SIDE_MAX)
		return from;
	return (struct plane_size){scaled(from.width, longest), scaled(from.height, longest)};
}

void resample_begin(struct resample *resample, struct plane_size from, struct plane_size to, float *out)
{
	*resample = (struct resample){.from = from, .to = to, .out = out};
	memset(out, 0, (size_t)plane_pixels(to) * sizeof(*out));
}

/* Pixel x of the result covers [x, x + 1) * from / to of the row; the pixels at its ends count by the part covered. */
static void shrink_row(const uint8_t *pixels, int from, int to, float *line)
{
	float step = (float)from / (float)to;

	for (int x = 0; x < to; x++) {
		float begin = (float)x * step, end = (float)(x + 1) * step, sum = 0;
		int first = (int)begin, last = (int)end;

		for (int i = first; i < last; i++)
			sum += pixels[i];
		sum -= (begin - (float)first) * pixels[first];
		if (last < from)
			sum += (end - (float)last) * pixels[last];
		line[x] = sum / step;
	}
}

static void add_line(const struct resample *resample, int row, float weight)
{
	int width = resample->to.width;
	float *out = resample->out + row * width;

	for (int x = 0; x < width; x++)
		out[x] += weight * resample->line[x];
}

void resample_row(struct resample *resample, const uint8_t *pixels)
{
	int from = resample->from.height, to = resample->to.height, row = resample->row++;

	if (row >= from)
		return;
	if (resample->from.width == resample->to.width)
		for (int x = 0; x < resample->to.width; x++)
			resample->line[x] = pixels[x];
	else
		shrink_row(pixels, resample->from.width, resample->to.width, resample->line);

	/* In units of 1 / (from * to) of the height: the row is [row * to, (row + 1) * to), a result's row is `from` high. */
	int begin = row * to, end = begin + to, at = begin / from;
	int border = (at + 1) * from;
	int here = (end < border ? end : border) - begin;

	add_line(resample, at, (float)here / (float)from);
	if (end > border)
		add_line(resample, at + 1, (float)(end - border) / (float)from);
}
