/* test_state.c - the words for published numbers: shared/ring/state.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "shared/ring/state.h"
#include "shared/ring/state_json.h"

static void every_number_has_its_own_word(void **state)
{
	(void)state;
	for (uint32_t a = 0; a < GAP_CAUSES_TOLD; a++)
		for (uint32_t b = 0; b < a; b++)
			assert_string_not_equal(gap_cause_text(a), gap_cause_text(b));
	for (uint32_t a = 0; a <= CAMERA_STOPPED; a++)
		for (uint32_t b = 0; b < a; b++)
			assert_string_not_equal(camera_state_text(a), camera_state_text(b));
	for (uint32_t a = 0; a <= RECORDING_NO_PICTURES; a++)
		for (uint32_t b = 0; b < a; b++)
			assert_string_not_equal(recording_state_text(a), recording_state_text(b));
	for (uint32_t a = 0; a < DAMAGE_KINDS; a++)
		for (uint32_t b = 0; b < a; b++)
			assert_string_not_equal(frame_damage_text(a), frame_damage_text(b));
	for (uint32_t a = 0; a < MOTION_STATES; a++)
		for (uint32_t b = 0; b < a; b++)
			assert_string_not_equal(motion_state_text(a), motion_state_text(b));
	assert_string_equal(motion_state_text(MOTION_FAILING), "failing");
	assert_string_equal(gap_cause_text(GAP_UNPLUGGED), "unplugged");
	assert_string_equal(gap_cause_text(GAP_RECORDER_DOWN), "recorder down");
	assert_string_equal(camera_state_text(CAMERA_STREAMING), "streaming");
	assert_string_equal(recording_state_text(RECORDING_ON), "recording");
}

static void a_number_out_of_range_is_unknown(void **state)
{
	(void)state;
	assert_string_equal(gap_cause_text(GAP_CAUSES_TOLD), "unknown");
	assert_string_equal(gap_cause_text(UINT32_MAX), "unknown");
	assert_string_equal(camera_state_text(CAMERA_OFF + 1), "unknown");
	assert_string_equal(camera_state_text(UINT32_MAX), "unknown");
	assert_string_equal(frame_damage_text(DAMAGE_KINDS), "unknown");
	assert_string_equal(motion_state_text(MOTION_STATES), "unknown");
	assert_string_equal(recording_state_text(RECORDING_NO_PICTURES + 1), "unknown");
	assert_string_equal(recording_state_text(UINT32_MAX), "unknown");
}

static void what_is_read_from_shared_memory_is_made_safe(void **state)
{
	static struct recorder_state one;

	(void)state;
	memset(&one, 'x', sizeof(one));
	memcpy(one.motion_error, "\x1b[2J\xc2\x9b", 6);
	one.covered_wall_us = 5;
	state_sanitize(&one);
	assert_int_equal(strlen(one.motion_error), sizeof(one.motion_error) - 1);
	assert_memory_equal(one.motion_error, "?[2J??x", 7);
	assert_int_equal(strlen(one.camera_notes[STATE_CAMERA_NOTES - 1]), STATE_CAMERA_NOTE_SIZE - 1);
	assert_int_equal(one.covered_wall_us, 5);
	assert_int_equal(one.blurred_wall_us, 0);
	assert_int_equal(one.view_changed_wall_us, 0);
	assert_int_equal(one.motion_second_wall_us, 0);
	assert_int_equal(one.started_wall_us, 0);
}

/* An overlong "/" and a surrogate. JSON may contain neither (RFC 8259, section 8.1). */
static void invalid_utf_8_becomes_valid_json(void **state)
{
	struct json_object *json = json_object_new_object();
	struct recorder_state one = {.sandbox_missing = "\xc0\xaf \xed\xa0\x80"};

	(void)state;
	state_json_add_sandbox(json, &one);
	assert_string_equal(json_object_get_string(json_object_object_get(json, "missing")),
			    "\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	json_object_put(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_has_its_own_word),
		cmocka_unit_test(a_number_out_of_range_is_unknown),
		cmocka_unit_test(what_is_read_from_shared_memory_is_made_safe),
		cmocka_unit_test(invalid_utf_8_becomes_valid_json),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
