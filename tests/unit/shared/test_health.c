/* test_health.c - what /health says: shared/ring/health.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "shared/ring/health.h"
#include "shared/ring/health_disk.h"
#include "shared/text/time_text.h"

#define SECOND INT64_C(1000000)

static struct recorder_state memory(enum memory_limit limit, int64_t holds_s)
{
	return (struct recorder_state){
		.camera_state = CAMERA_STREAMING,
		.recording_state = RECORDING_ON,
		.memory_bytes = UINT64_C(28) << 20,
		.memory_wanted_us = 1800 * SECOND,
		.memory_holds_us = holds_s * SECOND,
		.memory_limit = limit,
	};
}

static void store_warning(void *context, enum health_kind kind, const char *sentence)
{
	char *warning = context;

	assert_int_equal(kind, HEALTH_WARNING);
	snprintf(warning, 600, "%s", sentence);
}

static void each_limit_names_the_setting_that_gives_more(void **state)
{
	static const struct {
		enum memory_limit limit;
		const char *name, *more;
	} limits[] = {
		{MEMORY_MINUTES, "memory.minutes", "memory.minutes"},
		{MEMORY_RAM_SHARE, "RAM", "memory.max_mb"},
		{MEMORY_MAX_MB, "memory.max_mb", "raise memory.max_mb"},
		{MEMORY_SHM, "/dev/shm", "shm_size"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		char text[HEALTH_MEMORY_TEXT_BYTES], warning[600] = "";
		struct recorder_state one = memory(limits[i].limit, limits[i].limit == MEMORY_MINUTES ? 1800 : 43);

		health_memory_text(&one, text);
		assert_non_null(strstr(text, "28 MiB"));
		assert_non_null(strstr(text, "30 minutes"));
		assert_non_null(strstr(text, limits[i].more));
		assert_int_equal(strstr(text, "43 s") != NULL, limits[i].limit != MEMORY_MINUTES);
		assert_string_equal(health_memory_limit(&one), limits[i].name);
		health_check(&one, &(struct health_listener){store_warning, warning});
		assert_int_equal(strcmp(warning, text) == 0, limits[i].limit == MEMORY_SHM);
	}
}

static void an_unknown_duration_is_not_stated(void **state)
{
	char text[HEALTH_MEMORY_TEXT_BYTES], warning[600] = "";
	struct recorder_state one = memory(MEMORY_SHM, 0);

	(void)state;
	health_memory_text(&one, text);
	assert_null(strstr(text, "about"));
	one.memory_bytes = 0;
	health_memory_text(&one, text);
	assert_string_equal(text, "");
	health_check(&one, &(struct health_listener){store_warning, warning});
	assert_string_equal(warning, "");
	one.memory_limit = UINT64_MAX;
	assert_null(health_memory_limit(&one));
	one.memory_bytes = 1;
	health_memory_text(&one, text);
	assert_true(strlen(text) > 0);
	one.memory_limit = MEMORY_UNKNOWN;
	assert_null(health_memory_limit(&one));
}

static void a_ring_name_taken_by_another_user_is_a_warning(void **state)
{
	struct recorder_state one = memory(MEMORY_MINUTES, 1800);
	char warning[600] = "";

	(void)state;
	strcpy(one.memory_note, "/dev/shm/recorder.door belongs to the user mallory");
	health_check(&one, &(struct health_listener){store_warning, warning});
	assert_ptr_equal(strstr(warning, "/dev/shm/recorder.door belongs to the user mallory. The frames"), warning);
}

static void each_note_on_the_camera_is_a_warning(void **state)
{
	(void)state;
	for (size_t i = 0; i < STATE_CAMERA_NOTES; i++) {
		struct recorder_state one = memory(MEMORY_MINUTES, 1800);
		char sentence[600] = "";

		strcpy(one.camera_notes[i], "The camera is slow.");
		health_check(&one, &(struct health_listener){store_warning, sentence});
		assert_string_equal(sentence, "The camera is slow.");
	}
}

static void many_damaged_frames_are_a_warning_with_share_kind_and_remedy(void **state)
{
	static const struct {
		uint32_t milli, kind;
		const char *format, *share, *text, *remedy;
	} cases[] = {
		{698, DAMAGE_TRUNCATED, "MJPG", "70 %", "truncated", "camera.format = yuyv"},
		{100, DAMAGE_FLAGGED, "MJPG", "10 %", "flagged by the driver", "cable"},
		{1000, DAMAGE_FIELDS, "MJPG", "100 %", "interlaced", "camera.height"},
		{500, DAMAGE_SHORT, "YUYV", "50 %", "shorter", "a lower camera.fps"},
		{500, DAMAGE_TOO_LARGE, "MJPG", "50 %", "ring", "memory.max_mb"},
		{500, UINT32_MAX, "MJPG", "50 %", "unknown", "cable"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct recorder_state one = memory(MEMORY_MINUTES, 1800);
		char warning[600] = "";

		one.damaged_milli = cases[i].milli;
		one.damaged_kind = cases[i].kind;
		strcpy(one.format, cases[i].format);
		health_check(&one, &(struct health_listener){store_warning, warning});
		assert_non_null(strstr(warning, cases[i].share));
		assert_non_null(strstr(warning, cases[i].text));
		assert_non_null(strstr(warning, cases[i].remedy));
	}
}

/* The last sentence about this state; "": none. */
static const char *sentence_about(const struct recorder_state *state)
{
	static char sentence[600];

	sentence[0] = '\0';
	health_check(state, &(struct health_listener){store_warning, sentence});
	return sentence;
}

static void what_was_done_to_the_camera_is_said_with_its_time(void **state)
{
	const struct recorder_state good = memory(MEMORY_MINUTES, 1800);
	struct recorder_state one = good;

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	one.covered_wall_us = 1800000000 * SECOND;
	assert_string_equal(sentence_about(&one),
			    "The camera has been covered, or in complete darkness, since 2027-01-15 08:00:00.");
	one = good;
	one.blurred_wall_us = 1800000001 * SECOND;
	assert_string_equal(sentence_about(&one), "The camera's picture has been blurred since 2027-01-15 08:00:01: "
						  "fog, a dirty lens, or one that is out of focus.");
	one = good;
	one.view_changed_wall_us = 1800000002 * SECOND;
	assert_string_equal(sentence_about(&one), "The camera's view changed at 2027-01-15 08:00:02: was it turned?");
}

static void a_failing_recorder_motion_is_a_warning_with_the_reason(void **state)
{
	struct recorder_state one = memory(MEMORY_MINUTES, 1800);

	(void)state;
	strcpy(one.motion_error, "recorder-motion was killed");
	for (uint32_t motion = 0; motion <= MOTION_STATES; motion++) {
		one.motion_state = motion;
		assert_string_equal(sentence_about(&one), motion == MOTION_FAILING
								  ? "Nobody watches what moves: recorder-motion was "
								    "killed. Recording continues."
								  : "");
	}
}

static void hooks_that_nobody_runs_are_a_warning(void **state)
{
	struct recorder_state one = memory(MEMORY_MINUTES, 1800);

	(void)state;
	one.hooks_missing_wall_us = 1800000000 * SECOND;
	one.hooks_lost = 7;
	assert_string_equal(sentence_about(&one), "");
	one.hooks = 1;
	one.hooks_missing_wall_us = 0;
	assert_string_equal(sentence_about(&one), "recorder-hooks was too slow. Since the start, hooks have missed 7 "
						  "notifications, and what moved in 0 seconds.");
	one.hooks_lost = 0;
	one.hooks_lost_motion = 1;
	assert_non_null(strstr(sentence_about(&one), "0 notifications, and what moved in 1 seconds"));
	one.hooks_lost_motion = 0;
	one.hooks_missing_wall_us = 1800000000 * SECOND;
	assert_string_equal(sentence_about(&one),
			    "No hook is run: recorder-hooks has not been connected since 2027-01-15 08:00:00.");
}

static void few_damaged_frames_are_no_warning(void **state)
{
	struct recorder_state one = memory(MEMORY_MINUTES, 1800);
	char warning[600] = "";

	(void)state;
	one.damaged_milli = 99;
	one.damaged_kind = DAMAGE_TRUNCATED;
	health_check(&one, &(struct health_listener){store_warning, warning});
	assert_string_equal(warning, "");
}

static void what_was_deleted_before_it_was_in_the_store_is_counted_from_the_first_one_on(void **state)
{
	struct recorder_state one = memory(MEMORY_MINUTES, 1800);
	char warning[600] = "", first[TIME_WORDS_BYTES];
	wall_t began = {wall_now().us - 80 * 3600 * SECOND};

	(void)state;
	one.store_state = STORE_SHIPPING;
	health_check(&one, &(struct health_listener){store_warning, warning});
	assert_string_equal(warning, "");
	one.deleted_unshipped = 1;
	health_check(&one, &(struct health_listener){store_warning, warning});
	assert_non_null(strstr(warning, "in the store: 1 since the start ("));
	one.first_unshipped_wall_us = began.us;
	health_check(&one, &(struct health_listener){store_warning, warning});
	time_format_words(began, wall_now(), first);
	assert_non_null(strstr(warning, first));
}

static struct recorder_state disk(uint64_t wanted_gb, uint64_t room_gb, bool measured)
{
	struct recorder_state one = memory(MEMORY_MINUTES, 1800);

	one.disk_wanted_us = 72 * 3600 * SECOND;
	one.disk_wanted_bytes = wanted_gb * UINT64_C(1000000000);
	one.disk_room_bytes = room_gb * UINT64_C(1000000000);
	one.disk_measured = measured;
	return one;
}

static void a_disk_that_is_too_small_is_a_warning_once_that_has_been_measured(void **state)
{
	static const struct {
		uint64_t wanted_gb, room_gb;
		bool measured;
		const char *text;
		bool warns;
	} cases[] = {
		{51, 55, true, "Recordings of 72 h take about 51 GB; there is room for 55 GB.", false},
		{51, 55, false, "take about 51 GB if everything moves; there is room for 55 GB.", false},
		{144, 40, true, "room for about 20 h of recordings (40 GB), not for the 72 h of retention.hours (144",
		 true},
		{144, 40, false, "20 h of recordings if everything moves (40 GB), not for the 72 h", false},
		{144, 7, true, "about 3.5 h", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct recorder_state one = disk(cases[i].wanted_gb, cases[i].room_gb, cases[i].measured);
		char text[HEALTH_DISK_TEXT_BYTES], warning[600] = "";

		health_disk_text(&one, text);
		assert_non_null(strstr(text, cases[i].text));
		health_check(&one, &(struct health_listener){store_warning, warning});
		assert_string_equal(warning, cases[i].warns ? text : "");
	}
}

static void a_disk_of_which_nothing_is_known_is_not_mentioned(void **state)
{
	struct recorder_state one = disk(0, 0, true);
	char text[HEALTH_DISK_TEXT_BYTES], warning[600] = "";

	(void)state;
	health_disk_text(&one, text);
	health_check(&one, &(struct health_listener){store_warning, warning});
	assert_string_equal(text, "");
	assert_string_equal(warning, "");
	assert_false(health_disk_is_short(&one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_limit_names_the_setting_that_gives_more),
		cmocka_unit_test(an_unknown_duration_is_not_stated),
		cmocka_unit_test(a_ring_name_taken_by_another_user_is_a_warning),
		cmocka_unit_test(each_note_on_the_camera_is_a_warning),
		cmocka_unit_test(many_damaged_frames_are_a_warning_with_share_kind_and_remedy),
		cmocka_unit_test(what_was_done_to_the_camera_is_said_with_its_time),
		cmocka_unit_test(a_failing_recorder_motion_is_a_warning_with_the_reason),
		cmocka_unit_test(hooks_that_nobody_runs_are_a_warning),
		cmocka_unit_test(few_damaged_frames_are_no_warning),
		cmocka_unit_test(a_disk_that_is_too_small_is_a_warning_once_that_has_been_measured),
		cmocka_unit_test(a_disk_of_which_nothing_is_known_is_not_mentioned),
		cmocka_unit_test(what_was_deleted_before_it_was_in_the_store_is_counted_from_the_first_one_on),
	};

	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
