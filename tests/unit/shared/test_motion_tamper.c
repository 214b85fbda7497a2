/* test_motion_tamper.c - when a camera counts as covered, turned or blurred. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/motion/motion_tamper.h"

#define BEGIN INT64_C(1800000000)

/* What one street looked like (mean luma, sharpness, likeness), in daylight and after something was done to its camera. */
struct look {
	int mean;
	double sharpness, likeness;
	unsigned flags;
};

static const struct look day = {84, 14.2, 1, 0}, defocused = {84, 8.7, 0.99, 0}, sprayed = {111, 1.1, 0.94, 0},
			 covered = {6, 0.15, 0, 0}, turned = {148, 29, 0.26, 0}, turned_a_little = {148, 29, 0.63, 0},
			 dim = {25, 3, 1, 0}, night = {6, 0.7, 0.99, 0}, fog = {145, 4.4, 1, 0},
			 infrared = {90, 12, -0.99, 0};

static struct motion_tamper tamper;
static int64_t second;

static int begin(void **state)
{
	(void)state;
	tamper = (struct motion_tamper){0};
	second = BEGIN;
	return 0;
}

static struct motion_record record_of(struct look look)
{
	return (struct motion_record){
		.second = second++,
		.mean_luma = (uint8_t)look.mean,
		.sharpness = (uint8_t)lround(16 * log2(1 + look.sharpness)),
		.likeness = (int8_t)lround(127 * look.likeness),
		.flags = (uint8_t)look.flags,
		.frames = 5,
	};
}

/* Returns in how many of the seconds this was found. Nothing else may be. */
static int seconds_found(struct look look, int seconds, unsigned flag)
{
	int found = 0;

	for (int i = 0; i < seconds; i++) {
		struct motion_record record = record_of(look);
		unsigned flags = motion_tamper_push(&tamper, &record);

		assert_int_equal(flags & ~flag, 0);
		found += flags != 0;
	}
	return found;
}

/* Seconds in which nothing is found. */
static void quiet(struct look look, int seconds)
{
	assert_int_equal(seconds_found(look, seconds, 0), 0);
}

static struct look jumping(struct look look)
{
	look.flags |= MOTION_GLOBAL;
	return look;
}

static const struct motion_tamper_finding *finding(enum motion_tamper_kind kind)
{
	return &tamper.findings[kind];
}

static void a_day_like_any_other_is_nothing(void **state)
{
	(void)state;
	quiet(day, 7200);
	for (int kind = 0; kind < TAMPER_KINDS; kind++)
		assert_false(tamper.findings[kind].lasts || tamper.findings[kind].first_second);
}

static void a_camera_is_covered_from_the_tenth_second_on(void **state)
{
	(void)state;
	quiet(day, 300);
	quiet(jumping(covered), 1);
	int64_t first = second - 1;
	quiet(covered, 8);
	assert_false(finding(TAMPER_COVERED)->lasts);
	assert_int_equal(seconds_found(covered, 5, MOTION_COVERED), 5);
	assert_true(finding(TAMPER_COVERED)->lasts);
	assert_int_equal(finding(TAMPER_COVERED)->first_second, first);
	assert_int_equal(finding(TAMPER_COVERED)->last_second, second - 1);
	quiet(jumping(day), 1);
	assert_false(finding(TAMPER_COVERED)->lasts);
	assert_int_equal(finding(TAMPER_COVERED)->first_second, first);
}

static void a_hand_before_the_lens_for_nine_seconds_is_nothing(void **state)
{
	(void)state;
	quiet(day, 300);
	quiet(covered, 9);
	quiet(day, 1);
	quiet(covered, 9);
	assert_int_equal(seconds_found(covered, 1, MOTION_COVERED), 1);
}

static void a_cover_lasts_while_nothing_can_tell(void **state)
{
	struct look unknown = covered, dark = covered;

	(void)state;
	unknown.likeness = -128.0 / 127;
	dark.flags = MOTION_DARK;
	quiet(day, 300);
	assert_int_equal(seconds_found(covered, 20, MOTION_COVERED), 11);
	quiet(unknown, 700);
	quiet(dark, 700);
	assert_true(finding(TAMPER_COVERED)->lasts);
	quiet(day, 1);
	assert_false(finding(TAMPER_COVERED)->lasts);
}

static void a_dark_night_is_no_cover(void **state)
{
	struct look black = covered;

	(void)state;
	black.flags = MOTION_DARK;
	quiet(day, 300);
	quiet(dim, 300);
	quiet(black, 3600);
	assert_false(finding(TAMPER_COVERED)->lasts);
}

static void taking_a_cover_off_changes_no_view(void **state)
{
	struct look other = day;

	(void)state;
	quiet(day, 300);
	assert_int_equal(seconds_found(covered, 900, MOTION_COVERED), 891);
	other.likeness = 0.1; /* it is compared with the cover */
	quiet(jumping(other), 1);
	quiet(other, 400);
	quiet(jumping(other), 1);
	quiet(other, 100);
}

static void a_turned_camera_has_a_changed_view(void **state)
{
	(void)state;
	quiet(day, 300);
	quiet(jumping(turned), 2);
	int64_t first = second - 2;
	quiet(turned, 7);
	assert_int_equal(seconds_found(turned, 600, MOTION_VIEW_CHANGED), 600);
	assert_int_equal(finding(TAMPER_VIEW_CHANGED)->first_second, first);
	quiet(day, 600); /* the new view is that of ten minutes ago */
	assert_false(finding(TAMPER_VIEW_CHANGED)->lasts);
}

static void a_camera_turned_a_little_has_a_changed_view(void **state)
{
	(void)state;
	quiet(day, 300);
	quiet(jumping(day), 3); /* while it is being turned */
	quiet(turned_a_little, 9);
	assert_int_equal(seconds_found(turned_a_little, 1, MOTION_VIEW_CHANGED), 1);
}

static void another_view_without_a_jump_is_nothing(void **state)
{
	(void)state;
	quiet(day, 300);
	quiet(turned_a_little, 600);
	quiet(jumping(day), 1);
	quiet(day, 4);
	quiet(turned, 600); /* too long after the jump */
}

static void a_jump_before_the_dark_says_nothing_about_the_view_after_it(void **state)
{
	struct look black = night;

	(void)state;
	black.flags = MOTION_DARK;
	quiet(day, 300);
	quiet(jumping(turned_a_little), 2); /* the light is switched off */
	quiet(black, 600);
	quiet(turned_a_little, 600);
}

static void a_clock_that_is_set_back_prolongs_no_cover(void **state)
{
	(void)state;
	quiet(day, 300);
	assert_int_equal(seconds_found(covered, 20, MOTION_COVERED), 11);
	quiet(day, 1);
	second -= 86400;
	quiet(day, 700);
	quiet(jumping(turned), 2);
	quiet(turned, 7);
	assert_int_equal(seconds_found(turned, 60, MOTION_VIEW_CHANGED), 60);
}

static void the_new_view_is_not_compared_with_the_detail_of_the_old_one(void **state)
{
	struct look soft = defocused;

	(void)state;
	quiet(day, 300);
	quiet(jumping(turned), 1);
	assert_int_equal(seconds_found(turned, 300, MOTION_VIEW_CHANGED), 292);
	quiet(soft, 600);
}

static void a_defocused_lens_is_blurred(void **state)
{
	(void)state;
	quiet(day, 300);
	int64_t first = second;
	quiet(defocused, 9);
	assert_int_equal(seconds_found(defocused, 3600, MOTION_BLURRED), 3600);
	assert_int_equal(finding(TAMPER_BLURRED)->first_second, first);
	quiet(day, 60);
	assert_false(finding(TAMPER_BLURRED)->lasts);
}

static void a_sprayed_lens_and_fog_are_blurred(void **state)
{
	(void)state;
	quiet(day, 300);
	quiet(jumping(sprayed), 1);
	quiet(sprayed, 9);
	assert_int_equal(seconds_found(sprayed, 100, MOTION_BLURRED), 100);
	quiet(day, 300);
	quiet(fog, 9);
	assert_int_equal(seconds_found(fog, 100, MOTION_BLURRED), 100);
}

static void a_blur_of_a_whole_day_becomes_usual(void **state)
{
	(void)state;
	quiet(day, 3600);
	int found = seconds_found(defocused, 24 * 3600, MOTION_BLURRED);
	assert_in_range(found, 12 * 3600, 24 * 3600 - 1);
	quiet(defocused, 3600);
}

static void less_light_is_no_blur(void **state)
{
	struct look dusk = day;

	(void)state;
	quiet(day, 600);
	quiet(jumping(dim), 1); /* a lamp is switched off */
	quiet(dim, 600);
	quiet(jumping(day), 1);
	quiet(day, 600);
	for (int minute = 0; minute < 60; minute++) {
		dusk.mean = 84 - minute;
		dusk.sharpness = 14.2 * dusk.mean / 84;
		quiet(dusk, 60);
	}
	quiet(night, 600);
	quiet(infrared, 600);
}

static void detail_in_the_dark_is_noise(void **state)
{
	struct look noisy = night;

	(void)state;
	noisy.sharpness = 3;
	quiet(noisy, 600);
	quiet(night, 600);
}

static void nothing_is_blurred_before_the_usual_detail_is_known(void **state)
{
	(void)state;
	quiet(defocused, 600);
	quiet(day, 600);
	begin(NULL);
	quiet(day, 60);
	quiet(defocused, 600);
}

static void seconds_without_a_record_begin_anew(void **state)
{
	(void)state;
	quiet(day, 300);
	quiet(covered, 9);
	second += 2;
	quiet(covered, 9);
	second -= 100; /* the clock was set back */
	quiet(covered, 9);
	second += 1; /* one second may be missing */
	assert_int_equal(seconds_found(covered, 1, MOTION_COVERED), 1);
}

/* Whatever a record says, nothing breaks (AddressSanitizer, UBSan). */
static void any_record_is_accepted(void **state)
{
	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct motion_record record = {.second = BEGIN + rand() % 3000,
					       .mean_luma = (uint8_t)rand(),
					       .sharpness = (uint8_t)rand(),
					       .likeness = (int8_t)rand(),
					       .flags = (uint8_t)(rand() % 16)};

		motion_tamper_push(&tamper, &record);
	}
}

#define CASE(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_day_like_any_other_is_nothing),
		CASE(a_camera_is_covered_from_the_tenth_second_on),
		CASE(a_hand_before_the_lens_for_nine_seconds_is_nothing),
		CASE(a_cover_lasts_while_nothing_can_tell),
		CASE(a_dark_night_is_no_cover),
		CASE(taking_a_cover_off_changes_no_view),
		CASE(a_turned_camera_has_a_changed_view),
		CASE(a_camera_turned_a_little_has_a_changed_view),
		CASE(another_view_without_a_jump_is_nothing),
		CASE(a_jump_before_the_dark_says_nothing_about_the_view_after_it),
		CASE(a_clock_that_is_set_back_prolongs_no_cover),
		CASE(the_new_view_is_not_compared_with_the_detail_of_the_old_one),
		CASE(a_defocused_lens_is_blurred),
		CASE(a_sprayed_lens_and_fog_are_blurred),
		CASE(a_blur_of_a_whole_day_becomes_usual),
		CASE(less_light_is_no_blur),
		CASE(detail_in_the_dark_is_noise),
		CASE(nothing_is_blurred_before_the_usual_detail_is_known),
		CASE(seconds_without_a_record_begin_anew),
		CASE(any_record_is_accepted),
	};

	return cmocka_run_group_tests_name("motion_tamper", tests, NULL, NULL);
}
