/* second.c - from what moved in the pictures of a second to its record. */
#include "motion/second.h"

#include <math.h>

#define FAINT  1.0f
#define CLEAR  1.5f
#define STRONG 3.0f

#define LOG_STEPS      16.0f /* per octave, of sharpness and gain */
#define JPEG_UNIT      256u
#define LIKENESS_SCALE 127.0f

void second_begin(struct second *second, int64_t number)
{
	*second = (struct second){.second = number};
}

void second_add(struct second *second, const struct detection *detection, size_t jpeg_bytes)
{
	second->pictures++;
	second->learning += detection->learning;
	second->global += detection->global;
	second->dark += detection->dark;
	second->mean += detection->mean;
	second->sharpness += detection->sharpness;
	second->gain += log2f(detection->gain > 0 ? detection->gain : 1);
	second->jpeg_bytes += jpeg_bytes;
	if (detection->likeness_known) {
		second->likeness += detection->likeness;
		second->likeness_known++;
	}
	for (int cell = 0; cell < MOTION_CELLS; cell++)
		second->strength[cell] = larger(second->strength[cell], detection->strength[cell]);
}

static enum motion_strength strength_of(float excess)
{
	if (excess >= STRONG)
		return MOTION_STRONG;
	if (excess >= CLEAR)
		return MOTION_CLEAR;
	return excess >= FAINT ? MOTION_FAINT : MOTION_NONE;
}

static int rounded(float value, int least, int most)
{
	int result = (int)lrintf(value);

	return result < least ? least : result > most ? most : result;
}

/* A second is said to be learning, or changed as a whole, if half of its pictures are. */
static uint8_t flags_of(const struct second *second, int fps)
{
	bool learning = 2 * second->learning >= second->pictures;
	bool global = 2 * second->global >= second->pictures;

	return (uint8_t)((learning ? MOTION_LEARNING : 0) | (global ? MOTION_GLOBAL : 0) |
			 (2 * second->dark >= second->pictures ? MOTION_DARK : 0) |
			 (second->pictures < fps ? MOTION_FEW_FRAMES : 0));
}

static void set_cells(const struct second *second, struct motion_cells *cells)
{
	for (int row = 0; row < MOTION_ROWS; row++)
		for (int column = 0; column < MOTION_COLUMNS; column++)
			motion_cells_raise(cells, column, row,
					   strength_of(second->strength[row * MOTION_COLUMNS + column]));
}

void second_finish(const struct second *second, int fps, struct motion_record *out)
{
	float pictures = (float)second->pictures;
	uint64_t jpeg_bytes = second->jpeg_bytes / (uint64_t)second->pictures / JPEG_UNIT;

	*out = (struct motion_record){
		.second = second->second,
		.mean_luma = (uint8_t)rounded(second->mean / pictures, 0, UINT8_MAX),
		.sharpness = (uint8_t)rounded(LOG_STEPS * log2f(1 + second->sharpness / pictures), 0, UINT8_MAX),
		.likeness = INT8_MIN,
		.flags = flags_of(second, fps),
		.frames = (uint8_t)(second->pictures < fps ? second->pictures : fps),
		.gain = (int8_t)rounded(LOG_STEPS * second->gain / pictures, INT8_MIN, INT8_MAX),
		.jpeg_bytes = (uint16_t)(jpeg_bytes < UINT16_MAX ? jpeg_bytes : UINT16_MAX),
	};
	if (second->likeness_known > 0) {
		float likeness = second->likeness / (float)second->likeness_known;

		out->likeness = (int8_t)rounded(LIKENESS_SCALE * likeness, -INT8_MAX, INT8_MAX);
	}
	if (!(out->flags & (MOTION_LEARNING | MOTION_GLOBAL)))
		set_cells(second, &out->cells);
	out->moving_cells = (uint16_t)motion_cells_count(&out->cells);
	motion_record_seal(out, 0);
}
