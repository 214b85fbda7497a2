/* test_timelapse.c - a timelapse shows the first key frame of each slot, whatever was skipped on the way to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fcgi/clip/timelapse.h"
#include "shared/base/clock.h"

#define FROM_US    (INT64_C(1800000000) * US_PER_S)
#define SLICES     3u
#define FRAMES_MAX 40000u

static uint32_t seed = 20260517;

static uint32_t below(uint32_t limit)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % limit;
}

/*
 * Frames from start_us on, about frame_us apart, with some jitter and an occasional hole; the first of each second is a
 * key frame.
 */
static int64_t fill(struct clip_slice *slice, size_t count, int64_t start_us, uint32_t frame_us)
{
	struct index_record *records = slice->segment.records;
	int64_t wall_us = start_us, second = -1;

	for (size_t i = 0; i < count; i++) {
		uint32_t hole_us = below(2000) == 0 ? below(20000000) : 0;
		bool key = wall_us / US_PER_S != second;
		records[i] = (struct index_record){.wall_us = wall_us, .flags = key ? INDEX_KEY : 0};
		records[i].duration_us = frame_us / 2 + below(frame_us) + hole_us;
		second = wall_us / US_PER_S;
		wall_us += records[i].duration_us;
	}
	slice->segment.count = slice->end = count;
	slice->head = records[0];
	slice->tail = records[count - 1];
	return wall_us;
}

static void slices_make(struct clip_slice slices[SLICES])
{
	int64_t wall_us = FROM_US + below(1000000);

	for (size_t i = 0; i < SLICES; i++) {
		wall_us = fill(&slices[i], 1 + below(FRAMES_MAX - 1), wall_us, 8000 + below(100000));
		wall_us += below(3) ? below(5000000) : 0;
	}
}

/* Each slot that has key frames is shown once, with the first of them. */
static void assert_timelapse(const struct clip_slice slices[SLICES], unsigned speed)
{
	int64_t step_us = (int64_t)speed * US_PER_S / 30 > US_PER_S ? (int64_t)speed * US_PER_S / 30 : US_PER_S;
	int64_t slot = -1;
	struct timelapse lapse;

	timelapse_init(&lapse, FROM_US, speed);
	for (size_t i = 0; i < SLICES; i++) {
		const struct clip_slice *slice = &slices[i];
		struct index_record shown;
		uint64_t number = 0;
		for (size_t j = 0; j < slice->end; j++) {
			const struct index_record *record = &slice->segment.records[j];
			if (!(record->flags & INDEX_KEY) || (record->wall_us - FROM_US) / step_us == slot)
				continue;
			slot = (record->wall_us - FROM_US) / step_us;
			assert_int_equal(timelapse_next(&lapse, slice, &number, &shown), TIMELAPSE_FRAME);
			assert_int_equal(shown.wall_us, record->wall_us);
		}
		assert_int_equal(timelapse_next(&lapse, slice, &number, &shown), TIMELAPSE_END);
	}
}

static void each_slot_shows_its_first_key_frame(void **state)
{
	static const unsigned speeds[] = {2, 29, 30, 31, 45, 100, 600, 601, 3600};
	struct clip_slice slices[SLICES] = {0};

	(void)state;
	for (size_t i = 0; i < SLICES; i++)
		slices[i].segment.records = calloc(FRAMES_MAX, sizeof(struct index_record));
	for (int round = 0; round < 20; round++) {
		slices_make(slices);
		for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++)
			assert_timelapse(slices, speeds[i]);
	}
	for (size_t i = 0; i < SLICES; i++)
		free(slices[i].segment.records);
}

/* After the clock was set back, a slot comes again and is shown again. */
static void time_that_goes_back_is_shown_again(void **state)
{
	struct index_record record;
	struct timelapse lapse;

	(void)state;
	timelapse_init(&lapse, FROM_US, 30);
	for (int64_t start_us = FROM_US + 5000000; start_us > FROM_US - 5000000; start_us -= 2500000) {
		struct index_record records[] = {{.wall_us = start_us, .duration_us = 1000, .flags = INDEX_KEY}};
		struct clip_slice slice = {.segment = {.records = records, .count = 1}, .end = 1};
		uint64_t number = 0;
		slice.head = slice.tail = records[0];
		assert_int_equal(timelapse_next(&lapse, &slice, &number, &record), TIMELAPSE_FRAME);
		assert_int_equal(record.wall_us, start_us);
	}
}

static void an_index_that_ends_too_early_is_reported(void **state)
{
	struct index_record records[] = {{.wall_us = FROM_US, .duration_us = 1000, .flags = INDEX_KEY}}, record;
	struct clip_slice slice = {.segment = {.records = records, .count = 1}, .end = 5};
	struct timelapse lapse;
	uint64_t number = 0;

	(void)state;
	slice.head = slice.tail = records[0];
	slice.tail.wall_us += 10000000;
	timelapse_init(&lapse, FROM_US, 2);
	assert_int_equal(timelapse_next(&lapse, &slice, &number, &record), TIMELAPSE_FRAME);
	assert_int_equal(timelapse_next(&lapse, &slice, &number, &record), TIMELAPSE_DAMAGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_slot_shows_its_first_key_frame),
		cmocka_unit_test(time_that_goes_back_is_shown_again),
		cmocka_unit_test(an_index_that_ends_too_early_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
