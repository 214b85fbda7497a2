/* test_detector.c - what the detector says about small scenes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "motion/detector/detector.h"

#define WIDTH  160
#define HEIGHT 90
#define FPS    5
#define STEP   (US_PER_S / FPS)

struct scene {
	struct detector *detector;
	mono_t at;
	uint32_t random;
	float y[PLANE_PIXELS_MAX];
	struct detection last;
};

static int setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	scene->detector = detector_create();
	scene->at.us = 1000 * US_PER_S;
	scene->random = 1;
	*state = scene;
	return scene->detector ? 0 : -1;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	detector_destroy(scene->detector);
	free(scene);
	return 0;
}

static float noise(struct scene *scene)
{
	scene->random = scene->random * 1664525u + 1013904223u;
	return (float)(scene->random >> 8) / (float)(1u << 23) - 1;
}

/* A textured wall with noise of one level; gain and offset are the light. */
static void draw_wall(struct scene *scene, float gain, float offset)
{
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++) {
			float level = 90 + 25 * (float)((x / 7 + y / 5) % 3) + (float)((x * 7 + y * 13) % 11);

			scene->y[y * WIDTH + x] = larger(0, smaller(level * gain + offset + noise(scene), LUMA_MAX));
		}
}

static void draw_box(struct scene *scene, int left, int top, int side, float level)
{
	for (int y = top; y < top + side; y++)
		for (int x = left; x < left + side; x++)
			scene->y[y * WIDTH + x] = level;
}

static void look(struct scene *scene)
{
	detector_look(scene->detector, (struct plane_size){WIDTH, HEIGHT}, scene->y, scene->at, &scene->last);
	scene->at.us += STEP;
}

static int moving_cells(const struct scene *scene)
{
	int count = 0;

	for (int cell = 0; cell < MOTION_CELLS; cell++)
		count += scene->last.strength[cell] >= 1;
	return count;
}

/* Returns the largest number of moving cells of any picture. */
static int look_at_wall(struct scene *scene, int seconds)
{
	int most = 0;

	for (int i = 0; i < seconds * FPS; i++) {
		draw_wall(scene, 1, 0);
		look(scene);
		most = moving_cells(scene) > most ? moving_cells(scene) : most;
	}
	return most;
}

static void test_it_learns_first_and_says_so(void **state)
{
	struct scene *scene = *state;

	draw_wall(scene, 1, 0);
	look(scene);
	assert_true(scene->last.learning);
	look_at_wall(scene, DETECTOR_LEARN_S);
	assert_false(scene->last.learning);
	assert_false(scene->last.global);
}

static void test_nothing_moves_in_a_still_scene(void **state)
{
	assert_int_equal(look_at_wall(*state, 60), 0);
}

static void test_what_moves_is_found_where_it_is(void **state)
{
	struct scene *scene = *state;
	int found = 0;

	look_at_wall(scene, 15);
	for (int i = 0; i < 2 * FPS; i++) {
		draw_wall(scene, 1, 0);
		draw_box(scene, 40 + 3 * i, 40, 14, 20);
		look(scene);
		for (int cell = 0; cell < MOTION_CELLS; cell++) {
			int x = cell % MOTION_COLUMNS * 5, y = cell / MOTION_COLUMNS * 5;

			if (scene->last.strength[cell] >= 1) {
				found++;
				assert_in_range(x, 30, 40 + 3 * i + 20);
				assert_in_range(y, 30, 60);
			}
		}
	}
	assert_true(found > 20);
}

/* It differs from the background for minutes, but no longer from the picture of a second ago. */
static void test_what_stays_is_at_rest_after_a_second(void **state)
{
	struct scene *scene = *state;
	int moved = 0;

	look_at_wall(scene, 15);
	for (int i = 0; i < 10 * FPS; i++) {
		draw_wall(scene, 1, 0);
		draw_box(scene, 60, 40, 14, 20);
		look(scene);
		if (i < FPS)
			moved += moving_cells(scene);
		else if (i > FPS + 2)
			assert_int_equal(moving_cells(scene), 0);
	}
	assert_true(moved > 0);
}

static void test_a_change_of_exposure_is_no_movement(void **state)
{
	struct scene *scene = *state;

	look_at_wall(scene, 15);
	for (int i = 0; i < 3 * FPS; i++) {
		draw_wall(scene, 0.7f, 10);
		look(scene);
		assert_int_equal(moving_cells(scene), 0);
		assert_false(scene->last.global);
	}
}

/* A lamp on the left makes a third of the picture brighter. */
static void test_the_light_of_a_lamp_is_no_movement(void **state)
{
	struct scene *scene = *state;

	look_at_wall(scene, 15);
	for (int i = 0; i < 3 * FPS; i++) {
		draw_wall(scene, 1, 0);
		for (int pixel = 0; pixel < WIDTH * HEIGHT; pixel++) {
			float near = larger(0, 1 - (float)(pixel % WIDTH) / 50);

			scene->y[pixel] = smaller(LUMA_MAX, scene->y[pixel] * (1 + 0.35f * near * near));
		}
		look(scene);
		assert_false(scene->last.global);
		assert_int_equal(moving_cells(scene), 0);
	}
}

static void test_another_view_is_global_and_moves_nothing(void **state)
{
	struct scene *scene = *state;

	look_at_wall(scene, 15);
	for (int i = 0; i < FPS; i++) {
		draw_wall(scene, 1, 0);
		for (int pixel = 0; pixel < WIDTH * HEIGHT / 2; pixel++) {
			float other = scene->y[WIDTH * HEIGHT - 1 - pixel];

			scene->y[WIDTH * HEIGHT - 1 - pixel] = LUMA_MAX - scene->y[pixel];
			scene->y[pixel] = LUMA_MAX - other;
		}
		draw_box(scene, 20, 10, 60, 30);
		look(scene);
		assert_true(scene->last.global);
		assert_int_equal(moving_cells(scene), 0);
	}
	assert_true(scene->last.likeness_known);
	assert_true(scene->last.likeness < 0.7f);
}

static void test_something_small_for_a_moment_is_no_movement(void **state)
{
	struct scene *scene = *state;

	look_at_wall(scene, 15);
	for (int i = 0; i < 2 * FPS; i++) {
		draw_wall(scene, 1, 0);
		if (i < 2)
			draw_box(scene, 62, 41, 3, 230);
		look(scene);
		assert_int_equal(moving_cells(scene), 0);
	}
}

static void test_a_pause_or_another_size_begins_again(void **state)
{
	struct scene *scene = *state;

	look_at_wall(scene, 15);
	scene->at.us += DETECTOR_PAUSE_S * US_PER_S;
	look_at_wall(scene, 1);
	assert_true(scene->last.learning);
	look_at_wall(scene, 15);
	assert_false(scene->last.learning);
	detector_look(scene->detector, (struct plane_size){80, 45}, scene->y, scene->at, &scene->last);
	assert_true(scene->last.learning);
	assert_false(scene->last.likeness_known);
}

/* A camera that is covered is unlike the background of before. In a night without light nothing is like anything. */
static void test_dark_is_only_what_was_dark_before(void **state)
{
	struct scene *scene = *state;

	look_at_wall(scene, 15);
	draw_wall(scene, 0.01f, 4);
	look(scene);
	assert_true(scene->last.likeness_known);
	assert_true(scene->last.likeness < 0.3f);
	assert_false(scene->last.dark);
	detector_reset(scene->detector);
	for (int i = 0; i < 10 * FPS; i++) {
		draw_wall(scene, 0.005f, 4);
		look(scene);
	}
	assert_true(scene->last.dark);
	assert_false(scene->last.likeness_known);
}

/* No picture, however strange, leads to a value that is no number. */
static void test_extreme_pictures_give_numbers(void **state)
{
	struct scene *scene = *state;

	for (int i = 0; i < 20 * FPS; i++) {
		for (int pixel = 0; pixel < WIDTH * HEIGHT; pixel++)
			scene->y[pixel] = i % 7 == 0 ? 0 : i % 7 == 1 ? LUMA_MAX : noise(scene) > 0 ? LUMA_MAX : 0;
		look(scene);
		assert_true(scene->last.gain > -1e6f && scene->last.gain < 1e6f);
		assert_true(scene->last.mean >= 0 && scene->last.mean <= LUMA_MAX);
		assert_true(scene->last.likeness >= -1 && scene->last.likeness <= 1);
		for (int cell = 0; cell < MOTION_CELLS; cell++)
			assert_true(scene->last.strength[cell] >= 0 && scene->last.strength[cell] < 1e6f);
	}
}

static void test_tiny_pictures_are_looked_at(void **state)
{
	struct scene *scene = *state;

	for (int i = 0; i < 10 * FPS; i++) {
		detector_look(scene->detector, (struct plane_size){PLANE_SIDE_MIN, PLANE_SIDE_MIN}, scene->y, scene->at,
			      &scene->last);
		scene->at.us += STEP;
	}
	assert_false(scene->last.learning);
	assert_int_equal(moving_cells(scene), 0);
}

#define scene_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(test_it_learns_first_and_says_so),
		scene_test(test_nothing_moves_in_a_still_scene),
		scene_test(test_what_moves_is_found_where_it_is),
		scene_test(test_what_stays_is_at_rest_after_a_second),
		scene_test(test_a_change_of_exposure_is_no_movement),
		scene_test(test_the_light_of_a_lamp_is_no_movement),
		scene_test(test_another_view_is_global_and_moves_nothing),
		scene_test(test_something_small_for_a_moment_is_no_movement),
		scene_test(test_a_pause_or_another_size_begins_again),
		scene_test(test_dark_is_only_what_was_dark_before),
		scene_test(test_extreme_pictures_give_numbers),
		scene_test(test_tiny_pictures_are_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
