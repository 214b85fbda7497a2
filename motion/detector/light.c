/* light.c - whether what happened around a cell is light alone. */
#include "motion/detector/light.h"

#include <math.h>

#include "motion/detector/cells.h"
#include "motion/detector/limit.h"
#include "motion/detector/solve.h"

#define RADIUS        8 /* pixels around the middle of a cell, of PLANE_SIDE_MAX */
#define SLACK         2 /* limits */
#define GAIN_BELIEF   100.0
#define SLOPE_BELIEF  30.0
#define OFFSET_BELIEF 0.05
#define GAIN_MIN      0.3
#define GAIN_MAX      3.0

/* The pixels [left, right] x [top, bottom] around a pixel, cut off at the edges of the picture. */
struct window {
	int x, y, radius;
	int left, right, top, bottom;
};

static struct window window_around(struct plane_size size, int x, int y, int radius)
{
	return (struct window){
		.x = x,
		.y = y,
		.radius = radius,
		.left = x > radius ? x - radius : 0,
		.right = x + radius < size.width ? x + radius : size.width - 1,
		.top = y > radius ? y - radius : 0,
		.bottom = y + radius < size.height ? y + radius : size.height - 1,
	};
}

/* gain, its slope to the right, its slope down (per radius), offset */
struct lighting {
	float gain, right, down, offset;
};

struct row_sums {
	float p, pu, pp, ppu, ppuu, y, py, pyu;
};

static struct row_sums add_up_row(const float *y, const float *p, int count, float u, float step)
{
	struct row_sums t = {0};

	for (int i = 0; i < count; i++) {
		float at = u + (float)i * step, pu = p[i] * at;

		t.p += p[i];
		t.pu += pu;
		t.pp += p[i] * p[i];
		t.ppu += p[i] * pu;
		t.ppuu += pu * pu;
		t.y += y[i];
		t.py += p[i] * y[i];
		t.pyu += pu * y[i];
	}
	return t;
}

/* The rows of the normal equations for y = p (gain + right u + down v) + offset. */
static void add_row(double rows[4][5], const struct row_sums *t, int count, float v)
{
	const double above[4][5] = {
		{t->pp, t->ppu, v * t->pp, t->p, t->py},
		{0, t->ppuu, v * t->ppu, t->pu, t->pyu},
		{0, 0, v * v * t->pp, v * t->p, v * t->py},
		{0, 0, 0, count, t->y},
	};

	for (int j = 0; j < 4; j++)
		for (int l = j; l < 5; l++)
			rows[j][l] += above[j][l];
}

static struct lighting find_lighting(const struct window *w, int width, const float *y, const float *expected)
{
	double rows[4][5] = {{0}}, c[4];
	int across = w->right - w->left + 1, pixels = across * (w->bottom - w->top + 1);
	float step = 1 / (float)w->radius;

	for (int row = w->top; row <= w->bottom; row++) {
		int at = row * width + w->left;
		struct row_sums sums = add_up_row(y + at, expected + at, across, (float)(w->left - w->x) * step, step);

		add_row(rows, &sums, across, (float)(row - w->y) * step);
	}
	rows[0][0] += GAIN_BELIEF * pixels;
	rows[0][4] += GAIN_BELIEF * pixels; /* a gain of 1 */
	rows[1][1] += SLOPE_BELIEF * pixels;
	rows[2][2] += SLOPE_BELIEF * pixels;
	rows[3][3] += OFFSET_BELIEF * pixels;
	for (int j = 1; j < 4; j++)
		for (int l = 0; l < j; l++)
			rows[j][l] = rows[l][j];
	solve_four(rows, c);
	return (struct lighting){(float)c[0], (float)c[1], (float)c[2], (float)c[3]};
}

static bool is_lit_evenly(struct plane_size size, const float *y, const float *expected, const float *noise,
			  const struct window *around, const struct window *near)
{
	struct lighting light = find_lighting(around, size.width, y, expected);
	int far = 0;

	if (light.gain < (float)GAIN_MIN || light.gain > (float)GAIN_MAX)
		return false;
	for (int row = near->top; row <= near->bottom; row++)
		for (int column = near->left; column <= near->right; column++) {
			int i = row * size.width + column;
			float u = (float)(column - around->x) / (float)around->radius;
			float v = (float)(row - around->y) / (float)around->radius;
			float lit = expected[i] * (light.gain + light.right * u + light.down * v) + light.offset;

			far += fabsf(y[i] - lit) > SLACK * limit_of_noise(noise[i]);
		}
	return far < CELLS_PIXELS_MIN;
}

/* At least one pixel. */
static int scaled(struct plane_size size, int pixels)
{
	int longest = size.width > size.height ? size.width : size.height;
	int result = (pixels * longest + PLANE_SIDE_MAX / 2) / PLANE_SIDE_MAX;

	return result > 1 ? result : 1;
}

bool light_alone(struct plane_size size, const float *y, const float *expected, const float *noise, int cell)
{
	int x = (cell % MOTION_COLUMNS * 2 + 1) * size.width / (2 * MOTION_COLUMNS);
	int middle = (cell / MOTION_COLUMNS * 2 + 1) * size.height / (2 * MOTION_ROWS);
	struct window around = window_around(size, x, middle, scaled(size, RADIUS));
	struct window near = window_around(size, x, middle, size.width / (2 * MOTION_COLUMNS));

	return is_lit_evenly(size, y, expected, noise, &around, &near);
}
