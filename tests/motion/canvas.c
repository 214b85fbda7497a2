/* canvas.c - draws backgrounds, people and cars for the films that test recorder-motion. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/motion/scene.h"

float canvas_random(struct canvas *canvas)
{
	canvas->random ^= canvas->random << 13;
	canvas->random ^= canvas->random >> 17;
	canvas->random ^= canvas->random << 5;
	return (float)(canvas->random >> 8) / (float)(1u << 24);
}

/* The same number for the same place, from -1 to 1. */
static float hashed(int x, int y)
{
	uint32_t h = (uint32_t)x * 0x9e3779b1u ^ (uint32_t)y * 0x85ebca77u;

	h = (h ^ h >> 15) * 0x2c1b3c6du;
	h = (h ^ h >> 12) * 0x297a2d39u;
	return (float)(h >> 8) / (float)(1u << 23) - 1;
}

static float mixed(float a, float b, float share)
{
	return a + (b - a) * share * share * (3 - 2 * share);
}

/* Smooth random hills; x and y count them. */
static float hills(float x, float y)
{
	int ix = (int)floorf(x), iy = (int)floorf(y);
	float fx = x - (float)ix, fy = y - (float)iy;

	return mixed(mixed(hashed(ix, iy), hashed(ix + 1, iy), fx),
		     mixed(hashed(ix, iy + 1), hashed(ix + 1, iy + 1), fx), fy);
}

typedef float (*texture)(float x, float y);

static float street_at(float x, float y)
{
	float wall = y < 0.30f ? 150 : 95, level = wall + 18 * hills(x * 9, y * 9) + 12 * hills(x * 40, y * 40);
	bool window = y > 0.06f && y < 0.22f && fmodf(x, 0.16f) > 0.05f && fmodf(x, 0.16f) < 0.11f;

	level += 8 * hills(x * 130, y * 130);
	if (window)
		level = 55 + 20 * hills(x * 30, y * 30);
	if (y > 0.40f && y < 0.41f)
		level = 200; /* a kerb */
	return level;
}

static float room_at(float x, float y)
{
	float level = y < 0.38f ? 150 + 25 * (x - 0.5f) : 95 + 10 * hills(x * 60, y * 60);

	if (x > 0.08f && x < 0.32f && y > 0.07f && y < 0.26f)
		level = 215;
	if (x > 0.64f && x < 0.92f && y > 0.05f && y < 0.34f)
		level = 120 + 90 * hashed((int)(x * 90), (int)(y * 11)); /* books */
	if (x > 0.38f && x < 0.62f && y > 0.34f && y < 0.36f)
		level = 60; /* a table */
	return level;
}

static void fill(struct canvas *canvas, texture at)
{
	float scale = 1 / (float)canvas->width;

	for (int y = 0; y < canvas->height; y++)
		for (int x = 0; x < canvas->width; x++)
			canvas->luma[y * canvas->width + x] = at((float)x * scale, (float)y * scale);
}

/* Backgrounds take long to draw, so each is drawn once per size. */
static void fill_cached(struct canvas *canvas, texture at, float **cache, int *width)
{
	size_t bytes = (size_t)canvas->width * (size_t)canvas->height * sizeof(float);

	if (*width != canvas->width) {
		free(*cache);
		*cache = malloc(bytes);
		if (!*cache)
			abort();
		fill(canvas, at);
		memcpy(*cache, canvas->luma, bytes);
		*width = canvas->width;
	}
	memcpy(canvas->luma, *cache, bytes);
}

void canvas_street(struct canvas *canvas)
{
	static float *cache;
	static int width;

	fill_cached(canvas, street_at, &cache, &width);
}

void canvas_room(struct canvas *canvas)
{
	static float *cache;
	static int width;

	fill_cached(canvas, room_at, &cache, &width);
}

static float between(float value, float least, float most)
{
	return value < least ? least : value > most ? most : value;
}

/* How much of pixel `at` the range [from, to) covers. */
static float coverage(int at, float from, float to)
{
	float begin = between(from - (float)at, 0, 1), end = between(to - (float)at, 0, 1);

	return end - begin;
}

void canvas_rectangle(struct canvas *canvas, float x, float y, float w, float h, float level)
{
	float scale = (float)canvas->width;
	int left = (int)between(floorf(x * scale), 0, scale), right = (int)between(ceilf((x + w) * scale), 0, scale);
	int top = (int)between(floorf(y * scale), 0, (float)canvas->height);
	int bottom = (int)between(ceilf((y + h) * scale), 0, (float)canvas->height);

	for (int row = top; row < bottom; row++)
		for (int column = left; column < right; column++) {
			float *pixel = canvas->luma + row * canvas->width + column;

			*pixel += coverage(column, x * scale, (x + w) * scale) *
				  coverage(row, y * scale, (y + h) * scale) * (level - *pixel);
		}
}

void canvas_ellipse(struct canvas *canvas, float x, float y, float rx, float ry, float level, float opacity)
{
	float scale = (float)canvas->width;
	int left = (int)between(floorf((x - rx) * scale) - 1, 0, scale);
	int right = (int)between(ceilf((x + rx) * scale) + 1, 0, scale);
	int top = (int)between(floorf((y - ry) * scale) - 1, 0, (float)canvas->height);
	int bottom = (int)between(ceilf((y + ry) * scale) + 1, 0, (float)canvas->height);
	float softness = scale * (rx < ry ? rx : ry); /* the edge is about a pixel wide */

	for (int row = top; row < bottom; row++)
		for (int column = left; column < right; column++) {
			float u = (((float)column + 0.5f) / scale - x) / rx, v = (((float)row + 0.5f) / scale - y) / ry;
			float inside = between((1 - sqrtf(u * u + v * v)) * softness + 0.5f, 0, 1) * opacity;
			float *pixel = canvas->luma + row * canvas->width + column;

			*pixel += inside * (level - *pixel);
		}
}

/* Head, coat and two swinging legs; the coat has folds, so it is not of one level. */
void canvas_person(struct canvas *canvas, float x, float y, float height, float step, float contrast)
{
	float swing = sinf(step) * 0.10f * height, top = y - height;

	canvas_ellipse(canvas, x - swing, y - 0.22f * height, 0.055f * height, 0.24f * height, 60, contrast);
	canvas_ellipse(canvas, x + swing, y - 0.22f * height, 0.055f * height, 0.24f * height, 75, contrast);
	canvas_ellipse(canvas, x, top + 0.38f * height, 0.13f * height, 0.24f * height, 35, contrast);
	canvas_ellipse(canvas, x - 0.05f * height, top + 0.40f * height, 0.04f * height, 0.18f * height, 90, contrast);
	canvas_ellipse(canvas, x, top + 0.09f * height, 0.065f * height, 0.085f * height, 190, contrast);
}

void canvas_car(struct canvas *canvas, float x, float y, float length, float level)
{
	canvas_rectangle(canvas, x, y, length, 0.22f * length, level);
	canvas_rectangle(canvas, x + 0.2f * length, y - 0.16f * length, 0.55f * length, 0.17f * length, 0.9f * level);
	canvas_rectangle(canvas, x + 0.25f * length, y - 0.13f * length, 0.2f * length, 0.11f * length, 50);
	canvas_rectangle(canvas, x + 0.5f * length, y - 0.13f * length, 0.2f * length, 0.11f * length, 55);
	canvas_ellipse(canvas, x + 0.2f * length, y + 0.22f * length, 0.07f * length, 0.07f * length, 25, 1);
	canvas_ellipse(canvas, x + 0.78f * length, y + 0.22f * length, 0.07f * length, 0.07f * length, 25, 1);
}

void canvas_light(struct canvas *canvas, float gain, float offset)
{
	for (int i = 0; i < canvas->width * canvas->height; i++)
		canvas->luma[i] = canvas->luma[i] * gain + offset;
}

/* Linear interpolation between four pixels. */
void canvas_shift(struct canvas *canvas, float right, float down)
{
	int width = canvas->width, height = canvas->height;
	float dx = right * (float)width, dy = down * (float)width;
	int ix = (int)floorf(dx), iy = (int)floorf(dy);
	float fx = dx - (float)ix, fy = dy - (float)iy;
	size_t bytes = (size_t)width * (size_t)height * sizeof(float);
	float *copy = malloc(bytes);

	if (!copy)
		abort();
	memcpy(copy, canvas->luma, bytes);
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++) {
			int x0 = (int)between((float)(x + ix), 0, (float)(width - 1)),
			    x1 = x0 < width - 1 ? x0 + 1 : x0;
			int y0 = (int)between((float)(y + iy), 0, (float)(height - 1)),
			    y1 = y0 < height - 1 ? y0 + 1 : y0;
			float above = copy[y0 * width + x0] * (1 - fx) + copy[y0 * width + x1] * fx;
			float below = copy[y1 * width + x0] * (1 - fx) + copy[y1 * width + x1] * fx;

			canvas->luma[y * width + x] = above * (1 - fy) + below * fy;
		}
	free(copy);
}

/* A sum of four random numbers is close to a normal distribution. */
void canvas_noise(struct canvas *canvas, float deviation)
{
	float scale = deviation * 1.7320508f;

	for (int i = 0; i < canvas->width * canvas->height; i++) {
		float sum =
			canvas_random(canvas) + canvas_random(canvas) + canvas_random(canvas) + canvas_random(canvas);

		canvas->luma[i] = between(canvas->luma[i] + (sum - 2) * scale, 0, 255);
	}
}
