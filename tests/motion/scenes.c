/* scenes.c - the scenes. */
#include <math.h>
#include <stddef.h>

#include "tests/motion/scene.h"

#define GROUND 0.50f

static bool within(float t, float from, float to)
{
	return t >= from && t < to;
}

static void still_day(struct canvas *c, float t)
{
	(void)t;
	canvas_street(c);
}

static void still_night(struct canvas *c, float t)
{
	(void)t;
	canvas_street(c);
	canvas_light(c, 0.22f, 8);
}

static void walk(struct canvas *c, float t)
{
	canvas_street(c);
	if (within(t, 30, 45))
		canvas_person(c, 0.15f + (t - 30) * 0.045f, GROUND, 0.14f, t * 9, 1);
}

/* A person of one percent of the width, who crosses slowly. */
static void far_person(struct canvas *c, float t)
{
	canvas_street(c);
	if (within(t, 35, 60))
		canvas_person(c, 0.33f + (t - 35) * 0.0086f, 0.37f, 0.028f, t * 9, 1);
}

static void dark_person(struct canvas *c, float t)
{
	canvas_street(c);
	canvas_light(c, 0.18f, 10);
	if (within(t, 35, 50))
		canvas_person(c, 0.23f + (t - 35) * 0.035f, GROUND, 0.16f, t * 9, 0.25f);
}

static void slow_person(struct canvas *c, float t)
{
	canvas_street(c);
	if (within(t, 30, 60))
		canvas_person(c, 0.4f + (t - 30) * 0.006f, GROUND, 0.22f, t, 1);
}

static void car_parks(struct canvas *c, float t)
{
	float left = t < 36 ? 1 - (t - 30) / 6 : 0;

	canvas_street(c);
	if (t >= 30)
		canvas_car(c, -0.2f + 0.55f * (1 - left * left), 0.42f, 0.24f, 190);
}

static void bag_left(struct canvas *c, float t)
{
	canvas_room(c);
	if (t >= 40)
		canvas_rectangle(c, 0.47f, 0.47f, 0.055f, 0.04f, 40);
	if (within(t, 34, 46))
		canvas_person(c, t < 40 ? 0.16f + (t - 34) * 0.055f : 0.49f - (t - 40) * 0.06f, 0.52f, 0.26f, t * 9, 1);
}

/* A lamp goes off at 30, on at 45, off at 60 and on at 63; the exposure follows within a second. */
static void light_switch(struct canvas *c, float t)
{
	const float times[] = {0, 30, 45, 60, 63};
	bool on = !within(t, 30, 45) && !within(t, 60, 63);
	float since = t;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (t >= times[i])
			since = t - times[i];
	float late = since < t ? expf(-since * 2.2f) : 0, gain = on ? 1 + 0.7f * late : 1.7f - 0.7f * late;
	canvas_room(c);
	if (within(t, 50, 55))
		canvas_person(c, 0.2f + (t - 50) * 0.12f, GROUND, 0.26f, t * 9, 1);
	for (int y = 0; y < c->height; y++)
		for (int x = 0; x < c->width; x++) {
			float u = (float)x / (float)c->width - 0.55f, v = (float)y / (float)c->width - 0.16f;
			float lamp = expf(-(u * u + v * v) * 3.3f);

			c->luma[y * c->width + x] *= (on ? 0.55f + 0.65f * lamp : 0.28f) * gain;
		}
}

/* The shadow of a cloud: two soft edges. */
static void shadow(struct canvas *c, float left, float width, float depth)
{
	for (int y = 0; y < c->height; y++)
		for (int x = 0; x < c->width; x++) {
			float at = ((float)x + 0.3f * (float)y) / (float)c->width - left;
			float inside = (tanhf(at / 0.055f) - tanhf((at - width) / 0.055f)) / 2;

			c->luma[y * c->width + x] *= 1 - depth * inside;
		}
}

static void cloud_shadow(struct canvas *c, float t)
{
	canvas_street(c);
	if (within(t, 55, 65))
		canvas_person(c, 0.7f - (t - 55) * 0.043f, GROUND, 0.13f, t * 9, 1);
	shadow(c, -0.5f + (t - 18) * 0.10f, 0.39f, 0.35f);
	shadow(c, -0.4f + (t - 30) * 0.17f, 0.20f, 0.25f);
	shadow(c, -0.7f + (t - 42) * 0.07f, 0.55f, 0.45f);
}

/* The exposure hunts in steps. */
static void exposure(struct canvas *c, float t)
{
	const float wanted[] = {1, 1.2f, 0.8f, 1.1f, 0.9f, 1.25f, 0.78f, 1, 1.2f, 0.85f, 1.1f};
	int step = (int)(t / 7);
	float late = step > 0 ? expf(-(t - 7 * (float)step) * 3.5f) : 0;
	float gain = wanted[step] + (step > 0 ? wanted[step - 1] - wanted[step] : 0) * late;

	canvas_street(c);
	if (within(t, 40, 47))
		canvas_person(c, 0.23f + (t - 40) * 0.047f, GROUND, 0.12f, t * 9, 1);
	canvas_light(c, gain, (gain - 1) * 10);
}

static void dawn(struct canvas *c, float t)
{
	canvas_street(c);
	if (within(t, 50, 60))
		canvas_person(c, 0.23f + (t - 50) * 0.047f, GROUND, 0.14f, t * 9, 1);
	canvas_light(c, 0.25f + 0.75f * t / SCENE_SECONDS, 5);
}

/* The filter for infrared moves at 35: three dark pictures, then a picture with other levels of the same place. */
static void ir_cut(struct canvas *c, float t)
{
	canvas_street(c);
	if (within(t, 55, 62))
		canvas_person(c, 0.23f + (t - 55) * 0.047f, GROUND, 0.13f, t * 9, 1);
	if (t < 35)
		canvas_light(c, 0.45f, 0);
	else if (t < 35.6f)
		canvas_light(c, 0, 5);
	else
		canvas_light(c, -0.4f, 170);
}

static void rain(struct canvas *c, float t)
{
	canvas_street(c);
	canvas_light(c, 0.8f, 10);
	if (within(t, 45, 55))
		canvas_person(c, 0.27f + (t - 45) * 0.04f, GROUND, 0.14f, t * 9, 1);
	for (int i = 0; t >= 5 && i < 60; i++) {
		float x = canvas_random(c), y = canvas_random(c) * 0.56f, length = 0.02f + canvas_random(c) * 0.04f;

		canvas_ellipse(c, x, y, 0.0007f + canvas_random(c) * 0.0006f, length / 2, 200, 0.35f);
	}
}

static void snow(struct canvas *c, float t)
{
	canvas_street(c);
	canvas_light(c, 0.7f, 20);
	if (within(t, 45, 55))
		canvas_person(c, 0.27f + (t - 45) * 0.04f, GROUND, 0.14f, t * 9, 1);
	for (int i = 0; t >= 3 && i < 50; i++) {
		float size = 0.002f + canvas_random(c) * canvas_random(c) * 0.006f;

		canvas_ellipse(c, canvas_random(c), canvas_random(c) * 0.56f, size, size, 230, 0.7f);
	}
}

/* Branches: bands of the picture that swing against each other. */
static void sway(struct canvas *c, float t)
{
	int width = c->width;

	for (int y = 0; y < c->height * 7 / 10; y++) {
		float v = (float)y / (float)width;
		float strength = 0.006f * (1 - v / 0.4f) * (0.7f + 0.3f * sinf(t * 0.9f));
		float *row = c->luma + y * width;

		for (int x = width / 20; x < width * 3 / 5; x++) {
			float u = (float)x / (float)width;
			float moved = strength * sinf(t * 3.1f + v * 40 + sinf(u * 25) * 2);
			int from = x + (int)(moved * (float)width);

			row[x] = 0.5f * row[x] + 0.5f * row[from < 0 ? 0 : from >= width ? width - 1 : from];
		}
	}
}

static void tree(struct canvas *c, float t)
{
	canvas_street(c);
	sway(c, t);
}

static void tree_person(struct canvas *c, float t)
{
	canvas_street(c);
	if (within(t, 40, 54))
		canvas_person(c, 0.2f + (t - 40) * 0.05f, GROUND, 0.22f, t * 9, 1);
	sway(c, t);
}

static void shake(struct canvas *c, float t)
{
	canvas_street(c);
	if (within(t, 45, 55))
		canvas_person(c, 0.27f + (t - 45) * 0.04f, GROUND, 0.14f, t * 9, 1);
	if (t >= 5)
		canvas_shift(c, 0.004f * (canvas_random(c) - 0.5f), 0.003f * (canvas_random(c) - 0.5f));
}

/* The light of a car's lamps wanders over the wall, at 25 and at 40. */
static void headlights(struct canvas *c, float t)
{
	const float starts[] = {25, 40};

	canvas_street(c);
	if (within(t, 55, 65))
		canvas_person(c, 0.27f + (t - 55) * 0.04f, GROUND, 0.14f, t * 9, 1);
	canvas_light(c, 0.25f, 8);
	for (int i = 0; i < 2; i++) {
		float middle = (t - starts[i]) * 0.25f;

		if (!within(t, starts[i], starts[i] + 5))
			continue;
		for (int y = 0; y < c->height; y++)
			for (int x = 0; x < c->width; x++) {
				float u = ((float)x / (float)c->width - middle) / 0.09f;
				float v = ((float)y / (float)c->width - 0.25f) / 0.07f;

				c->luma[y * c->width + x] *= 1 + 2.2f * expf(-u * u - v * v);
			}
	}
}

/* A door opens to a lit room: light with hard edges on the floor, from 30 to 40. */
static void door_light(struct canvas *c, float t)
{
	float open = t < 30 ? 0 : t < 32 ? (t - 30) / 2 : t < 38 ? 1 : t < 40 ? (40 - t) / 2 : 0;

	canvas_room(c);
	if (within(t, 55, 65))
		canvas_person(c, 0.2f + (t - 55) * 0.05f, 0.52f, 0.24f, t * 9, 1);
	canvas_light(c, 0.5f, 0);
	for (int y = c->height * 7 / 10; y < c->height; y++)
		for (int x = c->width / 4; x < c->width / 4 + (int)(0.2f * open * (float)c->width); x++)
			c->luma[y * c->width + x] *= 1.8f;
}

static void fog(struct canvas *c, float t)
{
	float thick = t < 20 ? 0 : t < 50 ? (t - 20) / 30 : 1;

	canvas_street(c);
	if (within(t, 55, 65))
		canvas_person(c, 0.27f + (t - 55) * 0.04f, GROUND, 0.14f, t * 9, 1);
	canvas_light(c, 1 - 0.6f * thick, 95 * thick);
}

/* A lamp whose brightness varies with the mains. */
static void flicker(struct canvas *c, float t)
{
	canvas_room(c);
	if (within(t, 45, 55))
		canvas_person(c, 0.2f + (t - 45) * 0.05f, 0.52f, 0.24f, t * 9, 1);
	for (int y = 0; y < c->height; y++) {
		float gain = 1 + 0.12f * sinf(t * 19 + (float)y / (float)c->height * 7);

		for (int x = 0; x < c->width; x++)
			c->luma[y * c->width + x] *= gain;
	}
}

const struct scene scenes[] = {
	{"still_day", 2, 0, 0, still_day},
	{"still_night", 4, 0, 0, still_night},
	{"still_night_noisy", 12, 0, 0, still_night},
	{"walk", 2, 30, 45, walk},
	{"far_person", 2, 35, 60, far_person},
	{"dark_person", 7, 35, 50, dark_person},
	{"slow_person", 2.5f, 30, 60, slow_person},
	{"car_parks", 2, 30, 36, car_parks},
	{"bag_left", 2.5f, 34, 46, bag_left},
	{"light_switch", 2.5f, 50, 55, light_switch},
	{"cloud_shadow", 2, 55, 65, cloud_shadow},
	{"exposure", 2.5f, 40, 47, exposure},
	{"dawn", 3, 50, 60, dawn},
	{"ir_cut", 3, 55, 62, ir_cut},
	{"rain", 2.5f, 45, 55, rain},
	{"snow", 2.5f, 45, 55, snow},
	{"tree", 2, 0, 0, tree},
	{"tree_person", 2, 40, 54, tree_person},
	{"shake", 2.5f, 45, 55, shake},
	{"headlights", 4, 55, 65, headlights},
	{"door_light", 2.5f, 55, 65, door_light},
	{"fog", 2.5f, 55, 65, fog},
	{"flicker", 2.5f, 45, 55, flicker},
	{NULL, 0, 0, 0, NULL},
};
