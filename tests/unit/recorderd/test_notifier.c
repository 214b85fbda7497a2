/* test_notifier.c - what a recorder tells, and when. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorderd/notify/condition.h"
#include "tests/unit/support/notifier_cases.h"

static void nothing_is_told_of_a_recorder_that_works(void **state)
{
	(void)state;
	notifier_begin();
	notifier_live(100);
	expect_notified("");
	notifier_stop(notifier_run.notifier);
	expect_notified("stopping");
	notifier_lose_camera(CAMERA_WAITING, GAP_UNPLUGGED);
	notifier_live(10);
	expect_notified("");
	assert_int_equal(notifier_count(notifier_run.notifier, NOTIFY_STARTED), 1);
	assert_int_equal(notifier_count(notifier_run.notifier, NOTIFY_CAMERA_LOST), 0);
}

static void a_camera_is_lost_after_two_seconds_and_back_with_its_first_frame(void **state)
{
	(void)state;
	notifier_begin();
	int64_t at_us = wall_now().us;
	notifier_lose_camera(CAMERA_WAITING, GAP_UNPLUGGED);
	snprintf(notifier_run.state.last_error, sizeof(notifier_run.state.last_error), "cannot read: No such device");
	notifier_live(1.8);
	expect_notified("");
	notifier_live(0.4);
	expect_notified("camera-lost unplugged");
	assert_string_equal(notified_text(notifier_run.count - 1, "detail"), "cannot read: No such device");
	assert_string_equal(notified_text(notifier_run.count - 1, "text"),
			    "Camera front gives no pictures: unplugged.");
	double time = strtod(notified_text(notifier_run.count - 1, "time"), NULL);
	assert_true(time > (double)at_us / 1e6 - 0.1 && time < (double)at_us / 1e6 + 0.1); /* of its last frame */
	notifier_live(300);
	expect_notified("");
	notifier_get_camera_back();
	notifier_live(0.2);
	expect_notified("camera-back");
	assert_string_equal(notified_text(notifier_run.count - 1, "detail"), "");
}

static void a_short_gap_is_not_told(void **state)
{
	(void)state;
	notifier_begin();
	for (int i = 0; i < 5; i++) {
		notifier_lose_camera(CAMERA_OPENING, GAP_STALLED);
		notifier_live(1.6);
		notifier_get_camera_back();
		notifier_live(1);
	}
	expect_notified("");
}

/* The frames have been missing for as long as a stall takes to be noticed. */
static void a_camera_that_stalls_is_lost_at_once(void **state)
{
	(void)state;
	notifier_begin();
	notifier_run.state.camera_state = CAMERA_STALLED;
	notifier_pass(3 * US_PER_S);
	notifier_live(0.2);
	expect_notified("camera-lost stalled");
}

static void a_loose_cable_is_not_told_all_the_time(void **state)
{
	(void)state;
	notifier_begin();
	for (int i = 0; i < 60; i++) {
		notifier_lose_camera(CAMERA_WAITING, GAP_UNPLUGGED);
		notifier_live(3);
		notifier_get_camera_back();
		notifier_live(3);
	}
	assert_in_range(notifier_run.count, 3, 12);
	notifier_live(CONDITION_HOLD_MAX_US / US_PER_S + 1);
	assert_string_equal(notified_text(notifier_run.count - 1, "event"), "camera-back");
	notifier_lose_camera(CAMERA_WAITING, GAP_UNPLUGGED);
	notifier_live(CONDITION_HOLD_MAX_US / US_PER_S + 1);
	assert_string_equal(notified_text(notifier_run.count - 1, "event"), "camera-lost");
	notifier_run.read = notifier_run.count;
	notifier_live(100); /* it is calm again */
	notifier_get_camera_back();
	notifier_live(0.2);
	expect_notified("camera-back");
}

static void what_is_wrong_at_the_start_is_told(void **state)
{
	(void)state;
	notifier_run.state = (struct recorder_state){.camera_state = CAMERA_STARTING, .recording_state = RECORDING_OFF};
	notifier_run.lost = GAP_RECORDER_DOWN;
	snprintf(notifier_run.state.disk_error, sizeof(notifier_run.state.disk_error),
		 "cannot write: No space left on device");
	notifier_start(notifier_run.notifier);
	notifier_live(0.4);
	expect_notified("started, recording-off recording off");
	notifier_run.state.camera_state = CAMERA_WAITING;
	notifier_live(3);
	expect_notified("disk-failing, camera-lost unplugged");
	assert_string_equal(notified_text(2, "detail"), notifier_run.state.disk_error);
}

static void a_camera_may_take_some_time_to_open(void **state)
{
	(void)state;
	notifier_run.state.frames = 0;
	notifier_run.state.recording_state = RECORDING_WAITING;
	notifier_lose_camera(CAMERA_OPENING, GAP_RECORDER_DOWN);
	notifier_start(notifier_run.notifier);
	notifier_live(9);
	expect_notified("started");
	notifier_live(4);
	expect_notified("camera-lost stalled");
}

static void disk_and_encoder_fail_and_work_again(void **state)
{
	(void)state;
	notifier_begin();
	snprintf(notifier_run.state.disk_error, sizeof(notifier_run.state.disk_error),
		 "cannot write: No space left on device");
	notifier_live(0.4);
	expect_notified(""); /* once is nothing */
	notifier_live(2);
	expect_notified("disk-failing");
	notifier_run.state.disk_error[0] = '\0';
	notifier_live(3);
	expect_notified("disk-working");
	notifier_run.state.recording_state = RECORDING_ENCODER;
	notifier_live(5);
	expect_notified("encoder-failing");
	notifier_run.state.recording_off_cause = GAP_SCHEDULE;
	notifier_run.state.recording_state = RECORDING_OFF; /* nobody knows whether it would work */
	notifier_live(70);
	expect_notified("recording-off schedule");
	notifier_run.state.recording_state = RECORDING_ON;
	notifier_live(3);
	expect_notified("recording-on, encoder-working");
	notifier_run.state.recording_state = RECORDING_NO_PICTURES;
	notifier_live(5);
	expect_notified("encoder-failing");
}

static void each_kind_of_tampering_is_told_by_itself(void **state)
{
	(void)state;
	notifier_begin();
	notifier_run.state.covered_wall_us = wall_now().us - 10 * US_PER_S;
	notifier_live(0.2);
	expect_notified("tampering covered");
	double time = strtod(notified_text(notifier_run.count - 1, "time"), NULL);
	assert_true(time > (double)notifier_run.state.covered_wall_us / 1e6 - 1 &&
		    time < (double)notifier_run.state.covered_wall_us / 1e6 + 1);
	notifier_run.state.view_changed_wall_us = notifier_run.state.blurred_wall_us = wall_now().us;
	notifier_live(0.4);
	expect_notified("tampering view-changed, tampering blurred");
	notifier_run.state.covered_wall_us = 0;
	notifier_live(0.4);
	expect_notified("tampering-end covered");
}

static void motion_is_told_when_it_is_certain_and_when_it_is_over(void **state)
{
	(void)state;
	notifier_begin();
	int64_t begin = notifier_run.second;
	notifier_move("0020");
	expect_notified("motion-start");
	assert_int_equal(atoll(notified_text(1, "from")), begin + 2);
	assert_int_equal(atoll(notified_text(1, "time")), begin + 2);
	assert_string_equal(notified_text(1, "strength"), "clear");
	notifier_move("3000");
	expect_notified("");
	notifier_move("00");
	expect_notified("motion-end");
	assert_int_equal(atoll(notified_text(2, "from")), begin + 2);
	assert_int_equal(atoll(notified_text(2, "to")), begin + 5);
	assert_string_equal(notified_text(2, "strength"), "strong");
	assert_string_equal(notified_text(2, "moving_seconds"), "2");
	assert_string_equal(notified_text(2, "known_until"), "");
	notifier_move("0111");
	expect_notified("");
	notifier_move("1");
	expect_notified("motion-start");
}

static void motion_ends_also_without_records(void **state)
{
	(void)state;
	notifier_begin();
	notifier_move("2");
	expect_notified("motion-start");
	notifier_live(40);
	expect_notified("motion-end");
	assert_int_equal(atoll(notified_text(2, "known_until")), notifier_run.second);
	notifier_move("2");
	expect_notified("motion-start");
	notifier_run.state.motion_state = MOTION_OFF; /* motion.enabled = no */
	notifier_live(0.2);
	expect_notified("motion-end");
	notifier_run.state.motion_state = MOTION_RUNNING;
	notifier_move("2");
	notifier_stop(notifier_run.notifier);
	expect_notified("motion-start, motion-end, stopping");
	notifier_move("2");
	expect_notified("");
}

static void segments_are_told_also_during_a_stop(void **state)
{
	struct catalogue_entry segment = {
		.start_wall_us = wall_now().us, .end_wall_us = wall_now().us + US_PER_S, .frames = 30};

	(void)state;
	snprintf(segment.file, sizeof(segment.file), "recording_20260528_202600.mp4");
	notifier_begin();
	notifier_stop(notifier_run.notifier);
	notifier_segment(notifier_run.notifier, &segment);
	expect_notified("stopping, segment");
	assert_string_equal(notified_text(2, "file"), segment.file);
}

/* The numbers run on, and everything that was told is in the ring. */
static void all_of_it_is_in_the_ring(void **state)
{
	struct ring_frame frame;
	struct notification_parts parts;

	(void)state;
	notifier_begin();
	notifier_move("2000002000000");
	expect_notified("motion-start, motion-end, motion-start, motion-end");
	struct ring_reader *reader = open_reader();
	assert_int_equal(ring_reader_head(reader), notifier_run.count);
	for (uint64_t i = 1; i <= notifier_run.count; i++) {
		char id[NOTIFICATION_ID_BYTES];
		assert_true(ring_reader_get(reader, i, &frame));
		assert_true(notification_record_split(frame.data, frame.meta.length, &parts));
		assert_int_equal(parts.record.number, i);
		notification_id_format(parts.record.series, i, id);
		assert_string_equal(notified_text(i - 1, "id"), id);
	}
	ring_reader_close(reader);
}

/* What a driver or a path says may be no text at all. */
static void whatever_went_wrong_is_told(void **state)
{
	static const char bytes[] = {1, '\xff', '"', '\\', 'a'};

	(void)state;
	notifier_begin();
	for (size_t i = 0; i < sizeof(bytes); i++) {
		memset(notifier_run.state.disk_error, bytes[i], sizeof(notifier_run.state.disk_error) - 1);
		notifier_live(CONDITION_HOLD_MAX_US / US_PER_S + 1);
		expect_notified("disk-failing");
		const char *detail = notified_text(notifier_run.count - 1, "detail");
		if ((unsigned char)bytes[i] < 0x80) /* U+FFFD instead of the other takes too much room */
			assert_int_equal(strlen(detail), sizeof(notifier_run.state.disk_error) - 1);
		notifier_run.state.disk_error[0] = '\0';
		notifier_live(CONDITION_CALM_US / US_PER_S + 1);
		expect_notified("disk-working");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NOTIFIER_CASE(nothing_is_told_of_a_recorder_that_works),
		NOTIFIER_CASE(a_camera_is_lost_after_two_seconds_and_back_with_its_first_frame),
		NOTIFIER_CASE(a_short_gap_is_not_told),
		NOTIFIER_CASE(a_camera_that_stalls_is_lost_at_once),
		NOTIFIER_CASE(a_loose_cable_is_not_told_all_the_time),
		NOTIFIER_CASE(what_is_wrong_at_the_start_is_told),
		NOTIFIER_CASE(a_camera_may_take_some_time_to_open),
		NOTIFIER_CASE(disk_and_encoder_fail_and_work_again),
		NOTIFIER_CASE(each_kind_of_tampering_is_told_by_itself),
		NOTIFIER_CASE(motion_is_told_when_it_is_certain_and_when_it_is_over),
		NOTIFIER_CASE(motion_ends_also_without_records),
		NOTIFIER_CASE(segments_are_told_also_during_a_stop),
		NOTIFIER_CASE(all_of_it_is_in_the_ring),
		NOTIFIER_CASE(whatever_went_wrong_is_told),
	};

	return cmocka_run_group_tests(tests, notifier_name_rings, NULL);
}
