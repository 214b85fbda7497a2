/* detector.c - what moved in each picture. */
#include "motion/detector/detector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "motion/detector/cells.h"
#include "motion/detector/fit.h"
#include "motion/detector/history.h"
#include "motion/detector/light.h"
#include "motion/detector/limit.h"
#include "motion/detector/measure.h"
#include "motion/detector/residual.h"

#define BACKGROUND_S     60.0f
#define NOISE_S          30.0f
#define NOISE_LEARN_PACE 5.0f /* in the first seconds */
#define NOISE_LEARN_S    10
#define INTERVAL_MAX_S   1.0f  /* after a pause, a picture does not count more than this */
#define GLOBAL_SHARE     0.45f /* of the cells */
#define GLOBAL_QUIET_S   2
#define GAIN_MIN         0.25f
#define GAIN_MAX         4.0f
#define LARGE_CELLS      8 /* connected: moved even if only one picture shows it */
#define SMALL_CELLS      2
#define SMALL_PICTURES   4 /* in which something small must be, in a row */
#define RESIDUALS        5
#define WEATHER_GROUPS   8.0f /* more things that move at once are rain or snow */
#define WEATHER_S        3.0f
#define DARK_MEAN        32.0f
#define FLAT_CONTRAST    1.5f /* a background that nothing can be like */

struct detector {
	struct plane_size size;
	uint64_t count; /* pictures since the reset */
	uint64_t age;   /* pictures of which the background is the mean, until it is old */
	mono_t first, last;
	mono_t quiet_until;            /* after a change of the whole picture */
	int changed[HISTORY_PICTURES]; /* cells that changed, by light or movement, in the last pictures */
	float background[PLANE_PIXELS_MAX];
	float noise[PLANE_PIXELS_MAX];
	float residuals[RESIDUALS][PLANE_PIXELS_MAX]; /* to the background, of the last pictures */
	uint8_t pictures[MOTION_CELLS];               /* for how many in a row something was in each cell */
	float scattered;                              /* groups of cells per picture, mean of some seconds */
	struct history history;
	struct snapshots snapshots;
	/* Of the current picture: */
	float slow_expected[PLANE_PIXELS_MAX], fast_expected[PLANE_PIXELS_MAX];
	float fast_residual[PLANE_PIXELS_MAX];
	float limit[PLANE_PIXELS_MAX], excess[PLANE_PIXELS_MAX];
};

struct detector *detector_create(void)
{
	return calloc(1, sizeof(struct detector));
}

void detector_destroy(struct detector *detector)
{
	free(detector);
}

void detector_reset(struct detector *d)
{
	d->count = 0;
}

static void begin(struct detector *d, struct plane_size size, const float *y, mono_t at)
{
	d->size = size;
	d->age = 0;
	d->first = at;
	d->quiet_until = at;
	memset(d->changed, 0, sizeof(d->changed));
	memset(d->residuals, 0, sizeof(d->residuals));
	memset(d->pictures, 0, sizeof(d->pictures));
	d->scattered = 0;
	memcpy(d->background, y, (size_t)plane_pixels(size) * sizeof(*y));
	limit_noise_init(size, d->noise);
	history_clear(&d->history);
	snapshots_clear(&d->snapshots);
}

/* min(|slow|, |fast|) / limit for each pixel. */
static void find_excess(int pixels, const float *slow, const float *fast, const float *limit, float *out)
{
	for (int i = 0; i < pixels; i++)
		out[i] = smaller(fabsf(slow[i]), fabsf(fast[i])) / limit[i];
}

static inline float median_of_three(float a, float b, float c)
{
	return larger(smaller(a, b), smaller(larger(a, b), c));
}

/* The same with the median of the last residuals: what only one picture has is a drop of rain, or noise. */
static void find_steady_excess(const struct detector *d, float *out)
{
	int pixels = plane_pixels(d->size);
	const float *last[RESIDUALS];

	for (uint64_t age = 0; age < RESIDUALS; age++)
		last[age] = d->residuals[(d->count + RESIDUALS - age) % RESIDUALS];
	const float *a = last[0], *b = last[1], *c = last[2], *e = last[3], *f = last[4];
	if (d->scattered < WEATHER_GROUPS)
		for (int i = 0; i < pixels; i++)
			out[i] = median_of_three(a[i], b[i], c[i]);
	else
		for (int i = 0; i < pixels; i++) {
			float low = larger(smaller(b[i], c[i]), smaller(e[i], f[i]));
			float high = smaller(larger(b[i], c[i]), larger(e[i], f[i]));

			out[i] = median_of_three(a[i], low, high);
		}
	find_excess(pixels, out, d->fast_residual, d->limit, out);
}

/* The strength of every cell: in the newest picture alone, and in the last three. */
struct strengths {
	float single[MOTION_CELLS], steady[MOTION_CELLS];
};

static void find_strengths(struct detector *d, const float *fast, struct strengths *out)
{
	int pixels = plane_pixels(d->size);
	struct limit_input input = {d->noise, d->background, d->slow_expected, fast, d->fast_expected};

	limit_find(d->size, &input, d->limit);
	find_excess(pixels, d->residuals[d->count % RESIDUALS], d->fast_residual, d->limit, d->excess);
	cells_third_largest(d->size, d->excess, out->single);
	find_steady_excess(d, d->excess);
	cells_third_largest(d->size, d->excess, out->steady);
}

/* Clears the cells in which light alone changed. Returns how many cells of the newest picture are left. */
static int remove_light(const struct detector *d, const float *y, struct strengths *strengths)
{
	int left = 0;

	for (int cell = 0; cell < MOTION_CELLS; cell++) {
		if (strengths->single[cell] < 1 && strengths->steady[cell] < 1)
			continue;
		if (light_alone(d->size, y, d->slow_expected, d->noise, cell) ||
		    light_alone(d->size, y, d->fast_expected, d->noise, cell))
			strengths->single[cell] = strengths->steady[cell] = 0;
		left += strengths->single[cell] >= 1;
	}
	return left;
}

static int count_changed(const float *strengths)
{
	int count = 0;

	for (int cell = 0; cell < MOTION_CELLS; cell++)
		count += strengths[cell] >= 1;
	return count;
}

/* Whether most of the picture changed: now, or suddenly, although it was light. */
static bool is_global(struct detector *d, int changed, int moved, float gain)
{
	const float most = GLOBAL_SHARE * MOTION_CELLS;
	int before = d->changed[(d->count + HISTORY_PICTURES - 5) % HISTORY_PICTURES];

	d->changed[d->count % HISTORY_PICTURES] = changed;
	return (float)moved > most || (float)(changed - before) > most || gain < GAIN_MIN || gain > GAIN_MAX;
}

/* Clears what is small and has been there for a few pictures only. */
static void remove_brief(struct detector *d, struct strengths *strengths)
{
	bool cells[MOTION_CELLS], large[MOTION_CELLS];

	for (int cell = 0; cell < MOTION_CELLS; cell++) {
		large[cell] = strengths->steady[cell] >= 1;
		cells[cell] = large[cell] || strengths->single[cell] >= 1;
	}
	cells_count_pictures(cells, d->pictures);
	cells_keep_large(large, SMALL_CELLS + 1);
	for (int cell = 0; cell < MOTION_CELLS; cell++)
		if (!large[cell] && d->pictures[cell] < SMALL_PICTURES)
			strengths->steady[cell] = 0;
}

/* What is large may be in one picture only. */
static void join_strengths(struct detector *d, struct strengths *strengths, float interval_s, float out[MOTION_CELLS])
{
	bool large[MOTION_CELLS];

	for (int cell = 0; cell < MOTION_CELLS; cell++)
		large[cell] = strengths->single[cell] >= 1;
	d->scattered += ((float)cells_count_groups(large) - d->scattered) * interval_s / WEATHER_S;
	cells_keep_large(large, LARGE_CELLS);
	remove_brief(d, strengths);
	for (int cell = 0; cell < MOTION_CELLS; cell++) {
		float steady = strengths->steady[cell] >= 1 ? strengths->steady[cell] : 0;

		out[cell] = larger(steady, large[cell] ? strengths->single[cell] : 0);
	}
}

/* The background follows the picture, and takes over its light at once. White says nothing, so it is taken as it is. */
static void update_background(struct detector *d, const float *y, float rate)
{
	int pixels = plane_pixels(d->size);

	for (int i = 0; i < pixels; i++) {
		float expected = d->slow_expected[i], next = expected + rate * (y[i] - expected);

		d->background[i] = is_beyond_white(d->background[i], y[i], expected) ? y[i] : next;
	}
}

static void learn(struct detector *d, const float *y, float interval_s)
{
	bool young = d->last.us - d->first.us < NOISE_LEARN_S * US_PER_S;

	d->age++;
	update_background(d, y, larger(interval_s / BACKGROUND_S, 1 / (float)d->age));
	limit_noise_follow(d->size, d->noise, d->fast_residual, interval_s / NOISE_S * (young ? NOISE_LEARN_PACE : 1));
}

static void detect(struct detector *d, const float *y, mono_t at, struct detection *out)
{
	const float *second_ago = history_second_ago(&d->history, at), *fast = second_ago ? second_ago : y;
	float interval_s = smaller((float)(at.us - d->last.us) / 1e6f, INTERVAL_MAX_S);
	struct fit slow_fit = fit_find(d->size, y, d->background), fast_fit = fit_find(d->size, y, fast);
	struct strengths strengths;

	fit_apply(&slow_fit, d->size, d->background, d->slow_expected);
	fit_apply(&fast_fit, d->size, fast, d->fast_expected);
	residual_find(d->size, y, d->background, d->slow_expected, d->residuals[d->count % RESIDUALS]);
	residual_find(d->size, y, fast, d->fast_expected, d->fast_residual);
	find_strengths(d, fast, &strengths);

	int changed = count_changed(strengths.single), moved = remove_light(d, y, &strengths);
	out->gain = slow_fit.gain;
	out->learning = at.us - d->first.us < DETECTOR_LEARN_S * US_PER_S || !second_ago;
	if (is_global(d, changed, moved, slow_fit.gain) && at.us - d->first.us >= GLOBAL_QUIET_S * US_PER_S) {
		d->age = 0;
		d->quiet_until.us = at.us + GLOBAL_QUIET_S * US_PER_S;
	}
	out->global = at.us < d->quiet_until.us;
	if (!out->learning && !out->global)
		join_strengths(d, &strengths, interval_s, out->strength);
	d->last = at;
	learn(d, y, interval_s);
}

static void measure(struct detector *d, const float *y, mono_t at, struct detection *out)
{
	out->mean = measure_mean(d->size, y);
	out->sharpness = measure_sharpness(d->size, y);
	if (!out->learning && !out->global)
		snapshots_offer(&d->snapshots, d->size, d->background, at);
	const uint8_t *old = snapshots_oldest(&d->snapshots);
	bool flat = !old || measure_contrast(d->size, old) < FLAT_CONTRAST;
	out->likeness_known = !flat;
	if (!flat)
		out->likeness = measure_likeness(d->size, y, old);
	out->dark = flat && out->mean < DARK_MEAN;
}

static bool is_same(struct plane_size a, struct plane_size b)
{
	return a.width == b.width && a.height == b.height;
}

void detector_look(struct detector *d, struct plane_size size, const float *y, mono_t at, struct detection *out)
{
	*out = (struct detection){.gain = 1, .learning = true};
	if (d->count > 0 &&
	    (!is_same(size, d->size) || at.us <= d->last.us || at.us - d->last.us >= DETECTOR_PAUSE_S * US_PER_S))
		d->count = 0;
	if (d->count == 0) {
		begin(d, size, y, at);
		d->last = at;
	} else {
		detect(d, y, at, out);
	}
	history_add(&d->history, size, y, at);
	d->count++;
	measure(d, y, at, out);
}
