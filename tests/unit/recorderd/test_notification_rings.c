/* test_notification_rings.c - the rings with the newest notifications and motion records: what they hold and for how long. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "recorderd/notify/motion_ring_writer.h"
#include "recorderd/notify/notification_writer.h"
#include "recorderd/ring/leftovers.h"
#include "tests/unit/support/ring_cases.h"

#define AT_US INT64_C(1780000000000000)

static char camera[CONFIG_NAME_BYTES], ring_name[64], motion_name[NOTIFICATION_RING_NAME_BYTES];

/* ring_case.name is that of the ring of notifications. */
static int name_rings(void **state)
{
	(void)state;
	snprintf(camera, sizeof(camera), "notify-%d", (int)getpid());
	snprintf(ring_name, sizeof(ring_name), "/recorder.%s", camera);
	notification_ring_name(ring_name, ring_case.name);
	motion_ring_name(ring_name, motion_name);
	return 0;
}

static struct notification_writer *open_notifications(void)
{
	struct notification_writer *writer = notification_writer_open(ring_name);
	assert_non_null(writer);
	return writer;
}

/* Puts one with a text of so many bytes, {"a…a"}. Returns its number. */
static uint64_t put(struct notification_writer *writer, size_t bytes)
{
	static char json[NOTIFICATION_JSON_MAX];
	uint64_t series, number;
	const uint8_t *record;

	memset(json, 'a', bytes);
	memcpy(json, "{\"", 2);
	memcpy(json + bytes - 2, "\"}", 2);
	notification_writer_next(writer, &series, &number);
	assert_int_equal(notification_writer_put(writer, NOTIFY_SEGMENT, (wall_t){AT_US}, json, bytes, &record),
			 sizeof(struct notification_record) + bytes);
	return number;
}

/* The record of that frame of the ring. */
static struct notification_record record_of(const struct ring_reader *reader, uint64_t seq)
{
	struct ring_frame frame;
	struct notification_parts parts;

	assert_true(ring_reader_get(reader, seq, &frame));
	assert_true(notification_record_split(frame.data, frame.meta.length, &parts));
	assert_int_equal(frame.meta.wall_us, parts.record.wall_us);
	assert_int_equal(parts.record.kind, NOTIFY_SEGMENT);
	assert_true(ring_reader_is_intact(reader, &frame));
	return parts.record;
}

static void it_holds_a_thousand_of_the_largest(void **state)
{
	(void)state;
	struct notification_writer *writer = open_notifications();
	for (int i = 0; i < 3000; i++)
		put(writer, NOTIFICATION_JSON_MAX);
	struct ring_reader *reader = open_reader();
	uint64_t head = ring_reader_head(reader), tail = ring_reader_tail(reader);
	assert_int_equal(head, 3000);
	assert_true(head - tail + 1 >= NOTIFICATION_RING_HOLDS);
	for (uint64_t seq = head - NOTIFICATION_RING_HOLDS + 1; seq <= head; seq++)
		assert_int_equal(record_of(reader, seq).number, seq);
	ring_reader_close(reader);
	notification_writer_close(writer);
}

static void the_next_recorder_continues_the_series(void **state)
{
	uint64_t series, number;

	(void)state;
	struct notification_writer *writer = open_notifications();
	for (int i = 0; i < 10; i++)
		put(writer, 100);
	notification_writer_detach(writer);
	writer = open_notifications();
	assert_int_equal(put(writer, 100), 11);
	struct ring_reader *reader = open_reader();
	assert_int_equal(record_of(reader, 1).series, record_of(reader, 11).series);
	assert_int_equal(record_of(reader, 11).number, 11);
	series = record_of(reader, 11).series;
	ring_reader_close(reader);
	notification_writer_close(writer);
	writer = open_notifications(); /* the ring was freed: nobody can tell what was missed */
	uint64_t other;
	notification_writer_next(writer, &other, &number);
	assert_true(other != series);
	assert_int_equal(number, 1);
	notification_writer_close(writer);
}

static void a_removed_name_costs_no_number(void **state)
{
	(void)state;
	struct notification_writer *writer = open_notifications();
	put(writer, 100);
	notification_writer_check(writer);
	assert_int_equal(shm_unlink(ring_case.name), 0);
	notification_writer_check(writer);
	put(writer, 100);
	struct ring_reader *reader = open_reader();
	assert_int_equal(ring_reader_head(reader), 1);
	assert_int_equal(record_of(reader, 1).number, 2);
	ring_reader_close(reader);
	notification_writer_close(writer);
}

/* Its last words are those of a recorder that is being stopped. */
static void a_reader_can_read_all_of_a_closed_one(void **state)
{
	(void)state;
	struct notification_writer *writer = open_notifications();
	for (int i = 0; i < 50; i++)
		put(writer, NOTIFICATION_JSON_MAX);
	struct ring_reader *reader = open_reader();
	notification_writer_close(writer);
	assert_true(ring_reader_is_closed(reader));
	assert_int_equal(shm_open(ring_case.name, O_RDONLY, 0), -1);
	for (uint64_t seq = 1; seq <= 50; seq++)
		assert_int_equal(record_of(reader, seq).number, seq);
	ring_reader_close(reader);
}

static void what_is_not_one_line_is_refused(void **state)
{
	static char json[NOTIFICATION_JSON_MAX + 1];
	const uint8_t *record;

	(void)state;
	struct notification_writer *writer = open_notifications();
	memset(json, 'a', sizeof(json));
	assert_int_equal(notification_writer_put(writer, NOTIFY_STARTED, (wall_t){AT_US}, json, sizeof(json), &record),
			 0);
	assert_int_equal(notification_writer_put(writer, NOTIFY_STARTED, (wall_t){AT_US}, "{\n}", 3, &record), 0);
	assert_int_equal(put(writer, 100), 1);
	notification_writer_close(writer);
}

static void ten_minutes_of_motion_records_are_held(void **state)
{
	struct motion_record record = {.frames = 5}, found;
	struct ring_frame frame;

	(void)state;
	struct motion_ring_writer *writer = motion_ring_writer_open(ring_name);
	assert_non_null(writer);
	for (int i = 0; i < 2000; i++) {
		record.second = AT_US / US_PER_S + i;
		motion_record_seal(&record, 0);
		motion_ring_writer_put(writer, &record);
		if (i != 1500)
			continue;
		motion_ring_writer_detach(writer);
		writer = motion_ring_writer_open(ring_name);
	}
	struct ring_reader *reader = ring_reader_open(motion_name, &ring_case.why);
	assert_non_null(reader);
	uint64_t head = ring_reader_head(reader);
	assert_int_equal(head, 2000);
	assert_true(head - ring_reader_tail(reader) + 1 >= MOTION_RING_HOLDS);
	for (uint64_t seq = head - MOTION_RING_HOLDS + 1; seq <= head; seq++) {
		assert_true(ring_reader_get(reader, seq, &frame));
		assert_true(motion_ring_record(frame.data, frame.meta.length, &found));
		assert_int_equal(found.second, AT_US / US_PER_S + (int64_t)seq - 1);
		assert_int_equal(frame.meta.wall_us, found.second * US_PER_S);
	}
	ring_reader_close(reader);
	motion_ring_writer_close(writer);
	assert_null(ring_reader_open(motion_name, &ring_case.why));
}

static size_t listed(void)
{
	struct leftover *all;
	size_t count = leftovers_find(&all), found = 0;

	for (size_t i = 0; i < count; i++)
		found += strcmp(all[i].camera, camera) == 0;
	free(all);
	return found;
}

/* They count as one thing, whichever of them are there. */
static void they_are_freed_with_the_ring_or_alone(void **state)
{
	struct leftover left;
	uint64_t bytes;

	(void)state;
	for (int with_ring = 1; with_ring >= 0; with_ring--) {
		if (with_ring) {
			uint64_t unused;
			const struct ring_request request = {ring_name, MIB, 64, INT64_MAX, true, 0};
			ring_writer_detach(ring_writer_open(&request, &unused, &unused, &ring_case.why));
		}
		motion_ring_writer_detach(motion_ring_writer_open(ring_name));
		notification_writer_detach(open_notifications());
		assert_int_equal(leftover_find(camera, &left), with_ring);
		if (with_ring)
			assert_true(left.bytes >= 2 * MIB + MIB / 4);
		assert_int_equal(listed(), 1);
		assert_int_equal(leftover_free(camera, &bytes, &ring_case.why), LEFTOVER_FREED);
		assert_true(bytes >= MIB + MIB / 4);
		assert_int_equal(listed(), 0);
		assert_int_equal(shm_open(ring_case.name, O_RDONLY, 0), -1);
		assert_int_equal(shm_open(motion_name, O_RDONLY, 0), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_CASE(it_holds_a_thousand_of_the_largest),    RING_CASE(the_next_recorder_continues_the_series),
		RING_CASE(a_removed_name_costs_no_number),        RING_CASE(a_reader_can_read_all_of_a_closed_one),
		RING_CASE(what_is_not_one_line_is_refused),       RING_CASE(ten_minutes_of_motion_records_are_held),
		RING_CASE(they_are_freed_with_the_ring_or_alone),
	};

	return cmocka_run_group_tests(tests, name_rings, remove_ring);
}
