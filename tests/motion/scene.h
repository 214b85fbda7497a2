/*
 * scene.h - films for the tests of recorder-motion, with the seconds in which something moves.
 *
 * A scene draws the luma of five pictures per second. Lengths are shares of the picture's width, so a scene looks the
 * same in every size; heights go from 0 to 9/16. Every picture has new noise, and the same name always gives the same
 * film.
 */
#ifndef TESTS_MOTION_SCENE_H
#define TESTS_MOTION_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#define SCENE_FPS     5
#define SCENE_SECONDS 75
#define SCENE_LEARN_S 15 /* these seconds are not judged */

struct canvas {
	int width, height;
	float *luma;
	uint32_t random;
};

struct scene {
	const char *name;
	float noise;                                  /* standard deviation in levels */
	float from_s, to_s;                           /* something moves in [from, to); equal: nothing does */
	void (*draw)(struct canvas *canvas, float t); /* t: seconds since the first picture */
};

/* All of them; ends with one that has no name. */
extern const struct scene scenes[];

/* Deterministic, from 0 to 1. */
float canvas_random(struct canvas *canvas);

/* --- backgrounds and things, in canvas.c --- */

void canvas_street(struct canvas *canvas);
void canvas_room(struct canvas *canvas);
void canvas_rectangle(struct canvas *canvas, float x, float y, float w, float h, float level);
void canvas_ellipse(struct canvas *canvas, float x, float y, float rx, float ry, float level, float opacity);

/* A walking person whose feet are at (x, y). The contrast blends it into the scene: 1 hides what is behind it. */
void canvas_person(struct canvas *canvas, float x, float y, float height, float step, float contrast);
void canvas_car(struct canvas *canvas, float x, float y, float length, float level);

/* The whole picture: luma * gain + offset. */
void canvas_light(struct canvas *canvas, float gain, float offset);

/* Moves the picture by a part of its width; what comes in at the edges repeats the edge. */
void canvas_shift(struct canvas *canvas, float right, float down);

/* Adds noise, and cuts off what is below 0 or above 255. */
void canvas_noise(struct canvas *canvas, float deviation);

#endif
