/* notifier_cases.c - what the tests of notifications share. */
#include "tests/unit/support/notifier_cases.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/fakes/fake_clock.h"

static char ring_name[64];

struct notifier_run notifier_run;

int notifier_name_rings(void **state)
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

	assert_ptr_equal(context, &notifier_run);
	assert_true(notifier_run.count < NOTIFIED_MAX);
	assert_true(notification_record_split(record, bytes, &parts));
	snprintf(json, sizeof(json), "%.*s", (int)parts.record.json_bytes, parts.json);
	notifier_run.notified[notifier_run.count] = json_tokener_parse(json);
	assert_non_null(notifier_run.notified[notifier_run.count]);
	notifier_run.count++;
}

int notifier_open(void **state)
{
	(void)state;
	memset(&notifier_run, 0, sizeof(notifier_run));
	notifier_run.events = notification_writer_open(ring_name);
	notifier_run.motion = motion_ring_writer_open(ring_name);
	notifier_run.state =
		(struct recorder_state){.camera_state = CAMERA_STREAMING, .recording_state = RECORDING_ON, .frames = 1};
	notifier_run.second = wall_now().us / US_PER_S;
	notifier_run.notifier = notifier_create(
		&(struct notifier_parts){"front", notifier_run.events, notifier_run.motion, keep, &notifier_run});
	return notifier_run.notifier ? 0 : -1;
}

int notifier_close(void **state)
{
	(void)state;
	for (size_t i = 0; i < notifier_run.count; i++)
		json_object_put(notifier_run.notified[i]);
	notifier_destroy(notifier_run.notifier);
	notification_writer_close(notifier_run.events);
	motion_ring_writer_close(notifier_run.motion);
	return 0;
}

const char *notified_text(size_t i, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(notifier_run.notified[i], name, &value) ? json_object_get_string(value) : "";
}

void expect_notified(const char *expected)
{
	char all[1000] = "";
	size_t length = 0;

	for (; notifier_run.read < notifier_run.count; notifier_run.read++)
		length += (size_t)snprintf(all + length, sizeof(all) - length, "%s%s%s%s", length ? ", " : "",
					   notified_text(notifier_run.read, "event"),
					   *notified_text(notifier_run.read, "cause") ? " " : "",
					   notified_text(notifier_run.read, "cause"));
	assert_string_equal(all, expected);
}

void notifier_pass(int64_t us)
{
	atomic_fetch_add(&fake_clock.mono_ahead_us, us);
	atomic_fetch_add(&fake_clock.wall_ahead_us, us);
}

void notifier_live(double seconds)
{
	for (int i = 0; i < (int)(seconds * 5); i++) {
		notifier_pass(US_PER_S / 5);
		if (notifier_run.state.camera_state == CAMERA_STREAMING)
			notifier_run.newest = mono_now();
		notifier_state(notifier_run.notifier, &notifier_run.state, notifier_run.lost, notifier_run.newest);
	}
}

void notifier_lose_camera(enum camera_state as, enum gap_cause cause)
{
	notifier_run.state.camera_state = as;
	notifier_run.lost = cause;
}

void notifier_get_camera_back(void)
{
	notifier_run.state.camera_state = CAMERA_STREAMING;
	notifier_run.lost = GAP_NONE;
}

void notifier_begin(void)
{
	notifier_start(notifier_run.notifier);
	notifier_live(1);
	expect_notified("started");
}

void notifier_move(const char *strengths)
{
	for (; *strengths; strengths++, notifier_run.second++) {
		struct motion_record record = {.second = notifier_run.second, .frames = 5};

		notifier_live(1);
		if (*strengths == ' ')
			continue;
		motion_cells_raise(&record.cells, 3, 2, (enum motion_strength)(*strengths - '0'));
		motion_record_seal(&record, 0);
		notifier_motion(notifier_run.notifier, &record);
	}
}
