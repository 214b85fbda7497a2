/* test_second.c - which pictures are looked at, and which record their second gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "motion/detector/cells.h"
#include "motion/sampler.h"
#include "motion/second.h"

#define SECOND INT64_C(1780000000)

static int64_t taken_of(int64_t fps, int64_t interval_us, int64_t first_us, int64_t *first_taken_us)
{
	struct sampler sampler = {.fps = fps};
	int64_t count = 0;

	for (int64_t us = first_us; us < first_us + US_PER_S; us += interval_us)
		if (sampler_takes(&sampler, (wall_t){SECOND * US_PER_S + us})) {
			if (count++ == 0)
				*first_taken_us = us;
			assert_true(sampler_due(&sampler).us > SECOND * US_PER_S + us);
			assert_true(sampler_due(&sampler).us <= SECOND * US_PER_S + us + US_PER_S / fps + 1);
		}
	return count;
}

static void test_the_first_frame_of_each_tick_is_taken(void **state)
{
	int64_t first_us;

	(void)state;
	assert_int_equal(taken_of(5, 16667, 0, &first_us), 5);
	assert_int_equal(taken_of(5, 33333, 3000, &first_us), 6); /* the last one belongs to the next second */
	assert_int_equal(first_us, 3000);
	assert_int_equal(taken_of(3, 16667, 0, &first_us), 3);
	assert_int_equal(taken_of(10, 16667, 0, &first_us), 10);
	assert_int_equal(taken_of(5, 500000, 0, &first_us), 2);
}

static void test_a_frame_of_the_tick_that_is_due_is_taken(void **state)
{
	struct sampler sampler = {.fps = 3};

	(void)state;
	assert_true(sampler_takes(&sampler, (wall_t){SECOND * US_PER_S + 10}));
	assert_false(sampler_takes(&sampler, (wall_t){sampler_due(&sampler).us - 1}));
	assert_true(sampler_takes(&sampler, sampler_due(&sampler)));
}

static void test_a_clock_that_is_set_back_stops_nothing(void **state)
{
	struct sampler sampler = {.fps = 5};

	(void)state;
	assert_true(sampler_takes(&sampler, (wall_t){SECOND * US_PER_S}));
	assert_true(sampler_takes(&sampler, (wall_t){(SECOND - 3600) * US_PER_S}));
	assert_false(sampler_takes(&sampler, (wall_t){(SECOND - 3600) * US_PER_S + 1}));
}

static struct detection detection_of(int cell, float strength)
{
	struct detection detection = {.gain = 1, .mean = 100, .sharpness = 3, .likeness = 1, .likeness_known = true};

	detection.strength[cell] = strength;
	return detection;
}

static struct motion_record record_of(const struct detection *detections, int count)
{
	struct second second;
	struct motion_record record;

	second_begin(&second, SECOND);
	for (int i = 0; i < count; i++)
		second_add(&second, &detections[i], 2560);
	second_finish(&second, 5, &record);
	assert_true(motion_record_valid(&record, 0));
	assert_int_equal(record.second, SECOND);
	assert_int_equal(record.moving_cells, motion_cells_count(&record.cells));
	return record;
}

static void test_a_cell_has_the_largest_strength_of_its_second(void **state)
{
	const struct detection detections[] = {detection_of(0, 1.0f), detection_of(33, 1.6f), detection_of(33, 1.1f),
					       detection_of(575, 3.0f), detection_of(7, 0.99f)};
	struct motion_record record = record_of(detections, 5);

	(void)state;
	assert_int_equal(motion_cell(&record.cells, 0, 0), MOTION_FAINT);
	assert_int_equal(motion_cell(&record.cells, 1, 1), MOTION_CLEAR);
	assert_int_equal(motion_cell(&record.cells, 31, 17), MOTION_STRONG);
	assert_int_equal(motion_cell(&record.cells, 7, 0), MOTION_NONE);
	assert_int_equal(record.moving_cells, 3);
	assert_int_equal(record.flags, 0);
	assert_int_equal(record.frames, 5);
	assert_int_equal(record.mean_luma, 100);
	assert_int_equal(record.sharpness, 32); /* 16 * log2(1 + 3) */
	assert_int_equal(record.likeness, 127);
	assert_int_equal(record.gain, 0);
	assert_int_equal(record.jpeg_bytes, 10);
}

static void test_a_second_that_says_nothing_has_no_cells(void **state)
{
	struct detection learning = detection_of(5, 2), global = detection_of(5, 2), good = detection_of(5, 2);

	(void)state;
	learning.learning = true;
	learning.likeness_known = false;
	global.global = true;
	struct motion_record record = record_of(&learning, 1);
	assert_int_equal(record.flags, MOTION_LEARNING | MOTION_FEW_FRAMES);
	assert_int_equal(record.moving_cells, 0);
	assert_int_equal(record.likeness, INT8_MIN);
	record = record_of((struct detection[]){global, global, good, good, global}, 5);
	assert_int_equal(record.flags, MOTION_GLOBAL);
	assert_int_equal(record.moving_cells, 0);
	record = record_of((struct detection[]){global, good, good, good, good}, 5);
	assert_int_equal(record.flags, 0);
	assert_int_equal(record.moving_cells, 1);
}

static void test_extreme_values_fit_the_record(void **state)
{
	struct detection bright = {.gain = 4, .mean = 255, .sharpness = 1e9f, .likeness = 1, .likeness_known = true};
	struct detection dark = {.gain = 0, .mean = 0, .sharpness = 0, .likeness = -1, .likeness_known = true};

	(void)state;
	struct motion_record record = record_of(&bright, 1);
	assert_int_equal(record.sharpness, 255);
	assert_int_equal(record.gain, 32);
	record = record_of(&dark, 1);
	assert_int_equal(record.likeness, -127);
	assert_int_equal(record.gain, 0);
}

static void test_cells_divide_every_width(void **state)
{
	(void)state;
	for (int width = PLANE_SIDE_MIN; width <= PLANE_SIDE_MAX; width++) {
		struct plane_size size = {width, width};
		int next = 0;

		for (int column = 0; column < MOTION_COLUMNS; column++) {
			int first, end;

			cells_columns(size, column, &first, &end);
			assert_int_equal(first, next);
			next = end;
		}
		assert_int_equal(next, width);
	}
}

static void test_only_three_pixels_move_a_cell(void **state)
{
	static float values[PLANE_PIXELS_MAX];
	float cells[MOTION_CELLS];
	struct plane_size size = {160, 90};

	(void)state;
	values[0] = values[161] = 5;
	cells_third_largest(size, values, cells);
	assert_true(cells[0] == 0);
	values[320] = 2;
	cells_third_largest(size, values, cells);
	assert_true(cells[0] == 2);
	assert_true(cells[1] == 0);
}

static void test_groups_are_connected_by_corners(void **state)
{
	bool cells[MOTION_CELLS] = {false};

	(void)state;
	cells[0] = cells[33] = cells[66] = cells[10] = true;
	assert_int_equal(cells_count_groups(cells), 2);
	cells_keep_large(cells, 3);
	assert_true(cells[0] && cells[33] && cells[66] && !cells[10]);
	cells_keep_large(cells, 4);
	assert_false(cells[0] || cells[33] || cells[66]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_frame_of_each_tick_is_taken),
		cmocka_unit_test(test_a_frame_of_the_tick_that_is_due_is_taken),
		cmocka_unit_test(test_a_clock_that_is_set_back_stops_nothing),
		cmocka_unit_test(test_a_cell_has_the_largest_strength_of_its_second),
		cmocka_unit_test(test_a_second_that_says_nothing_has_no_cells),
		cmocka_unit_test(test_extreme_values_fit_the_record),
		cmocka_unit_test(test_cells_divide_every_width),
		cmocka_unit_test(test_only_three_pixels_move_a_cell),
		cmocka_unit_test(test_groups_are_connected_by_corners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
