/* fit.c - how a picture follows from an earlier one if nothing moved in it. */
#include "motion/detector/fit.h"

#include <math.h>

#include "motion/detector/solve.h"

#define ROUNDS          5
#define SAMPLES_MAX     (PLANE_PIXELS_MAX / 4 + PLANE_SIDE_MAX)
#define SAMPLES_MIN     100
#define MIDDLE          128.0f /* values around zero keep float sums precise */
#define SATURATED       250.0f
#define RESIDUAL_MAX    40.0f /* in the mean residual, which is the scale of the weights */
#define GAIN_VARIANCE   4.0 /* of the picture: with less, the gain is held at 1, because noise would decide about it */
#define SHIFT_VARIANCE  0.01
#define OFFSET_VARIANCE 1e-6

/* Sampled pixels: the picture, the model and its gradient. A weight is 0 or 1. */
struct samples {
	int count;
	float used;
	float y[SAMPLES_MAX], m[SAMPLES_MAX], right[SAMPLES_MAX], down[SAMPLES_MAX], weight[SAMPLES_MAX];
};

struct sums {
	float w, m, r, d, mm, mr, md, rr, rd, dd, y, my, ry, dy, residual;
};

static void take_samples(struct plane_size size, const float *y, const float *model, struct samples *out)
{
	int width = size.width, n = 0;
	float used = 0;

	for (int row = 1; row < size.height - 1; row += 2)
		for (int x = 1 + (row / 2 & 1); x < width - 1; x += 2) {
			int i = row * width + x;
			float weight = larger(y[i], model[i]) <= SATURATED ? 1 : 0;

			out->y[n] = y[i] - MIDDLE;
			out->m[n] = model[i] - MIDDLE;
			out->right[n] = (model[i + 1] - model[i - 1]) / 2;
			out->down[n] = (model[i + width] - model[i - width]) / 2;
			out->weight[n++] = weight;
			used += weight;
		}
	out->count = n;
	out->used = used;
}

static struct sums add_up(const struct samples *s, const double c[4], float per_scale)
{
	float gain = (float)c[0], offset = (float)c[1], right = (float)c[2], down = (float)c[3];
	struct sums t = {0};

	for (int i = 0; i < s->count; i++) {
		float m = s->m[i], r = s->right[i], d = s->down[i], y = s->y[i];
		float error = y - (gain * m + offset + right * r + down * d);
		float w = s->weight[i] / (1 + error * error * per_scale);

		t.w += w;
		t.m += w * m;
		t.r += w * r;
		t.d += w * d;
		t.mm += w * m * m;
		t.mr += w * m * r;
		t.md += w * m * d;
		t.rr += w * r * r;
		t.rd += w * r * d;
		t.dd += w * d * d;
		t.y += w * y;
		t.my += w * m * y;
		t.ry += w * r * y;
		t.dy += w * d * y;
		t.residual += s->weight[i] * smaller(fabsf(error), RESIDUAL_MAX);
	}
	return t;
}

static void solve(const struct sums *t, double used, double c[4])
{
	double rows[4][5] = {
		{t->mm + GAIN_VARIANCE * used, t->m, t->mr, t->md, t->my + GAIN_VARIANCE * used},
		{t->m, t->w + OFFSET_VARIANCE * used, t->r, t->d, t->y},
		{t->mr, t->r, t->rr + SHIFT_VARIANCE * used, t->rd, t->ry},
		{t->md, t->d, t->rd, t->dd + SHIFT_VARIANCE * used, t->dy},
	};

	solve_four(rows, c);
}

struct fit fit_find(struct plane_size size, const float *y, const float *model)
{
	struct samples samples;
	double c[4] = {1, 0, 0, 0};
	float per_scale = 0;

	take_samples(size, y, model, &samples);
	for (int round = 0; round < ROUNDS && samples.used >= SAMPLES_MIN; round++) {
		struct sums sums = add_up(&samples, c, per_scale);
		float mean = sums.residual / samples.used;

		per_scale = 1 / larger(4 * mean * mean, 1);
		solve(&sums, samples.used, c);
	}
	return (struct fit){(float)c[0], (float)(c[1] + MIDDLE * (1 - c[0])), (float)c[2], (float)c[3]};
}

static void apply_row(const struct fit *fit, int width, const float *row, const float *above, const float *below,
		      float *out)
{
	float right = fit->right / 2, down = fit->down / 2;

	for (int x = 0; x < width; x++)
		out[x] = fit->gain * row[x] + fit->offset + down * (below[x] - above[x]);
	for (int x = 1; x < width - 1; x++)
		out[x] += right * (row[x + 1] - row[x - 1]);
	for (int x = 0; x < width; x++)
		out[x] = smaller(out[x], LUMA_MAX);
}

void fit_apply(const struct fit *fit, struct plane_size size, const float *model, float *out)
{
	int width = size.width, last = size.height - 1;

	for (int row = 0; row <= last; row++) {
		const float *here = model + row * width;
		bool edge = row == 0 || row == last;

		apply_row(fit, width, here, edge ? here : here - width, edge ? here : here + width, out + row * width);
	}
}
