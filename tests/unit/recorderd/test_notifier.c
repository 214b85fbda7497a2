/* test_notifier.c - what a recorder tells, and when. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "recorderd/notify/condition.h"
#include "recorderd/notify/notifier.h"
#include "tests/unit/fakes/fake_clock.h"
#include "tests/unit/support/ring_cases.h"

#define TOLD_MAX 64

static char ring_name[64];

/* A notifier of a recorder that works, and what it has told. */
static struct {
	struct notification_writer *events;
	struct motion_ring_writer *motion;
	struct notifier *notifier;
	struct recorder_state state;
	enum gap_cause lost;
	mono_t newest;  /* frame */
	int64_t second; /* of the next motion record */
	struct json_object *told[TOLD_MAX];
	size_t count, read; /* told so far, and of these compared */
} run;

static int name_rings(void **state)
{
	(void)state;
	snprintf(ring_name, sizeof(ring_name), "/recorder.notifier-%d", (int)getpid());
	notification_ring_name(ring_name, ring_case.name);
	return 0;
}

static void keep(void *context, const uint8_t *record, size_t bytes)
{
	struct notification_parts parts;
	char json[NOTIFICATION_JSON_MAX + 1];

	assert_ptr_equal(context, &run);
	assert_true(run.count < TOLD_MAX);
	assert_true(notification_record_split(record, bytes, &parts));
	snprintf(json, sizeof(json), "%.*s", (int)parts.record.json_bytes, parts.json);
	run.told[run.count] = json_tokener_parse(json);
	assert_non_null(run.told[run.count]);
	run.count++;
}

static int open_notifier(void **state)
{
	(void)state;
	memset(&run, 0, sizeof(run));
	run.events = notification_writer_open(ring_name);
	run.motion = motion_ring_writer_open(ring_name);
	run.state =
		(struct recorder_state){.camera_state = CAMERA_STREAMING, .recording_state = RECORDING_ON, .frames = 1};
	run.second = wall_now().us / US_PER_S;
	run.notifier = notifier_create(&(struct notifier_parts){"front", run.events, run.motion, keep, &run});
	return run.notifier ? 0 : -1;
}

static int close_notifier(void **state)
{
	(void)state;
	for (size_t i = 0; i < run.count; i++)
		json_object_put(run.told[i]);
	notifier_destroy(run.notifier);
	notification_writer_close(run.events);
	motion_ring_writer_close(run.motion);
	return 0;
}

static const char *text_of(size_t i, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(run.told[i], name, &value) ? json_object_get_string(value) : "";
}

/* Compares the kinds and causes of what was told since the last call, such as "camera-lost unplugged, camera-back". */
static void expect(const char *expected)
{
	char all[1000] = "";
	size_t length = 0;

	for (; run.read < run.count; run.read++)
		length += (size_t)snprintf(all + length, sizeof(all) - length, "%s%s%s%s", length ? ", " : "",
					   text_of(run.read, "event"), *text_of(run.read, "cause") ? " " : "",
					   text_of(run.read, "cause"));
	assert_string_equal(all, expected);
}

static void pass(int64_t us)
{
	atomic_fetch_add(&fake_clock.mono_ahead_us, us);
	atomic_fetch_add(&fake_clock.wall_ahead_us, us);
}

/* Lets time pass, five states per second. A camera that streams gives frames. */
static void live(double seconds)
{
	for (int i = 0; i < (int)(seconds * 5); i++) {
		pass(US_PER_S / 5);
		if (run.state.camera_state == CAMERA_STREAMING)
			run.newest = mono_now();
		notifier_state(run.notifier, &run.state, run.lost, run.newest);
	}
}

static void lose_camera(enum camera_state as, enum gap_cause cause)
{
	run.state.camera_state = as;
	run.lost = cause;
}

static void get_camera_back(void)
{
	run.state.camera_state = CAMERA_STREAMING;
	run.lost = GAP_NONE;
}

static void start(void)
{
	notifier_start(run.notifier);
	live(1);
	expect("started");
}

static void nothing_is_told_of_a_recorder_that_works(void **state)
{
	(void)state;
	start();
	live(100);
	expect("");
	notifier_stop(run.notifier);
	expect("stopping");
	lose_camera(CAMERA_WAITING, GAP_UNPLUGGED);
	live(10);
	expect("");
	assert_int_equal(notifier_count(run.notifier, NOTIFY_STARTED), 1);
	assert_int_equal(notifier_count(run.notifier, NOTIFY_CAMERA_LOST), 0);
}

static void a_camera_is_lost_after_two_seconds_and_back_with_its_first_frame(void **state)
{
	(void)state;
	start();
	int64_t at_us = wall_now().us;
	lose_camera(CAMERA_WAITING, GAP_UNPLUGGED);
	snprintf(run.state.last_error, sizeof(run.state.last_error), "cannot read: No such device");
	live(1.8);
	expect("");
	live(0.4);
	expect("camera-lost unplugged");
	assert_string_equal(text_of(run.count - 1, "detail"), "cannot read: No such device");
	assert_string_equal(text_of(run.count - 1, "text"), "Camera front gives no pictures: unplugged.");
	double time = strtod(text_of(run.count - 1, "time"), NULL);
	assert_true(time > (double)at_us / 1e6 - 0.1 && time < (double)at_us / 1e6 + 0.1); /* of its last frame */
	live(300);
	expect("");
	get_camera_back();
	live(0.2);
	expect("camera-back");
	assert_string_equal(text_of(run.count - 1, "detail"), "");
}

static void a_short_gap_is_not_told(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 5; i++) {
		lose_camera(CAMERA_OPENING, GAP_STALLED);
		live(1.6);
		get_camera_back();
		live(1);
	}
	expect("");
}

/* The frames have been missing for as long as a stall takes to be noticed. */
static void a_camera_that_stalls_is_lost_at_once(void **state)
{
	(void)state;
	start();
	run.state.camera_state = CAMERA_STALLED;
	pass(3 * US_PER_S);
	live(0.2);
	expect("camera-lost stalled");
}

static void a_loose_cable_is_not_told_all_the_time(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 60; i++) {
		lose_camera(CAMERA_WAITING, GAP_UNPLUGGED);
		live(3);
		get_camera_back();
		live(3);
	}
	assert_in_range(run.count, 3, 12);
	live(CONDITION_HOLD_MAX_US / US_PER_S + 1);
	assert_string_equal(text_of(run.count - 1, "event"), "camera-back");
	lose_camera(CAMERA_WAITING, GAP_UNPLUGGED);
	live(CONDITION_HOLD_MAX_US / US_PER_S + 1);
	assert_string_equal(text_of(run.count - 1, "event"), "camera-lost");
	run.read = run.count;
	live(100); /* it is calm again */
	get_camera_back();
	live(0.2);
	expect("camera-back");
}

static void what_is_wrong_at_the_start_is_told(void **state)
{
	(void)state;
	run.state = (struct recorder_state){.camera_state = CAMERA_STARTING, .recording_state = RECORDING_OFF};
	run.lost = GAP_RECORDER_DOWN;
	snprintf(run.state.disk_error, sizeof(run.state.disk_error), "cannot write: No space left on device");
	notifier_start(run.notifier);
	live(0.4);
	expect("started, recording-off recording off");
	run.state.camera_state = CAMERA_WAITING;
	live(3);
	expect("disk-failing, camera-lost unplugged");
	assert_string_equal(text_of(2, "detail"), run.state.disk_error);
}

static void a_camera_may_take_some_time_to_open(void **state)
{
	(void)state;
	run.state.frames = 0;
	run.state.recording_state = RECORDING_WAITING;
	lose_camera(CAMERA_OPENING, GAP_RECORDER_DOWN);
	notifier_start(run.notifier);
	live(9);
	expect("started");
	live(4);
	expect("camera-lost stalled");
}

static void disk_and_encoder_fail_and_work_again(void **state)
{
	(void)state;
	start();
	snprintf(run.state.disk_error, sizeof(run.state.disk_error), "cannot write: No space left on device");
	live(0.4);
	expect(""); /* once is nothing */
	live(2);
	expect("disk-failing");
	run.state.disk_error[0] = '\0';
	live(3);
	expect("disk-working");
	run.state.recording_state = RECORDING_ENCODER;
	live(5);
	expect("encoder-failing");
	run.state.recording_off_cause = GAP_SCHEDULE;
	run.state.recording_state = RECORDING_OFF; /* nobody knows whether it would work */
	live(70);
	expect("recording-off schedule");
	run.state.recording_state = RECORDING_ON;
	live(3);
	expect("recording-on, encoder-working");
	run.state.recording_state = RECORDING_NO_PICTURES;
	live(5);
	expect("encoder-failing");
}

static void each_kind_of_tampering_is_told_by_itself(void **state)
{
	(void)state;
	start();
	run.state.covered_wall_us = wall_now().us - 10 * US_PER_S;
	live(0.2);
	expect("tampering covered");
	double time = strtod(text_of(run.count - 1, "time"), NULL);
	assert_true(time > (double)run.state.covered_wall_us / 1e6 - 1 &&
		    time < (double)run.state.covered_wall_us / 1e6 + 1);
	run.state.view_changed_wall_us = run.state.blurred_wall_us = wall_now().us;
	live(0.4);
	expect("tampering view-changed, tampering blurred");
	run.state.covered_wall_us = 0;
	live(0.4);
	expect("tampering-end covered");
}

/* A record per second: the strength of a cell, or a blank for none. */
static void move(const char *strengths)
{
	for (; *strengths; strengths++, run.second++) {
		struct motion_record record = {.second = run.second, .frames = 5};

		live(1);
		if (*strengths == ' ')
			continue;
		motion_cells_raise(&record.cells, 3, 2, (enum motion_strength)(*strengths - '0'));
		motion_record_seal(&record, 0);
		notifier_motion(run.notifier, &record);
	}
}

static void motion_is_told_when_it_is_certain_and_when_it_is_over(void **state)
{
	(void)state;
	start();
	int64_t begin = run.second;
	move("0020");
	expect("motion-start");
	assert_int_equal(atoll(text_of(1, "from")), begin + 2);
	assert_int_equal(atoll(text_of(1, "time")), begin + 2);
	assert_string_equal(text_of(1, "strength"), "clear");
	move("3000");
	expect("");
	move("00");
	expect("motion-end");
	assert_int_equal(atoll(text_of(2, "from")), begin + 2);
	assert_int_equal(atoll(text_of(2, "to")), begin + 5);
	assert_string_equal(text_of(2, "strength"), "strong");
	assert_string_equal(text_of(2, "moving_seconds"), "2");
	assert_string_equal(text_of(2, "known_until"), "");
	move("0111");
	expect("");
	move("1");
	expect("motion-start");
}

static void motion_ends_also_without_records(void **state)
{
	(void)state;
	start();
	move("2");
	expect("motion-start");
	live(40);
	expect("motion-end");
	assert_int_equal(atoll(text_of(2, "known_until")), run.second);
	move("2");
	expect("motion-start");
	run.state.motion_state = MOTION_OFF; /* motion.enabled = no */
	live(0.2);
	expect("motion-end");
	run.state.motion_state = MOTION_RUNNING;
	move("2");
	notifier_stop(run.notifier);
	expect("motion-start, motion-end, stopping");
	move("2");
	expect("");
}

static void segments_are_told_also_during_a_stop(void **state)
{
	struct catalogue_entry segment = {
		.start_wall_us = wall_now().us, .end_wall_us = wall_now().us + US_PER_S, .frames = 30};

	(void)state;
	snprintf(segment.file, sizeof(segment.file), "recording_20260528_202600.mp4");
	start();
	notifier_stop(run.notifier);
	notifier_segment(run.notifier, &segment);
	expect("stopping, segment");
	assert_string_equal(text_of(2, "file"), segment.file);
}

/* The numbers run on, and everything that was told is in the ring. */
static void all_of_it_is_in_the_ring(void **state)
{
	struct ring_frame frame;
	struct notification_parts parts;

	(void)state;
	start();
	move("2000002000000");
	expect("motion-start, motion-end, motion-start, motion-end");
	struct ring_reader *reader = open_reader();
	assert_int_equal(ring_reader_head(reader), run.count);
	for (uint64_t i = 1; i <= run.count; i++) {
		char id[NOTIFICATION_ID_BYTES];
		assert_true(ring_reader_get(reader, i, &frame));
		assert_true(notification_record_split(frame.data, frame.meta.length, &parts));
		assert_int_equal(parts.record.number, i);
		notification_id_format(parts.record.series, i, id);
		assert_string_equal(text_of(i - 1, "id"), id);
	}
	ring_reader_close(reader);
}

/* What a driver or a path says may be no text at all. */
static void whatever_went_wrong_is_told(void **state)
{
	static const char bytes[] = {1, '\xff', '"', '\\', 'a'};

	(void)state;
	start();
	for (size_t i = 0; i < sizeof(bytes); i++) {
		memset(run.state.disk_error, bytes[i], sizeof(run.state.disk_error) - 1);
		live(CONDITION_HOLD_MAX_US / US_PER_S + 1);
		expect("disk-failing");
		run.state.disk_error[0] = '\0';
		live(CONDITION_CALM_US / US_PER_S + 1);
		expect("disk-working");
	}
	assert_int_equal(strlen(text_of(run.count - 2, "detail")), sizeof(run.state.disk_error) - 1);
}

#define NOTIFIER_CASE(name) cmocka_unit_test_setup_teardown(name, open_notifier, close_notifier)

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

	return cmocka_run_group_tests(tests, name_rings, NULL);
}
