/* test_notification.c - notifications as JSON, as sentences, and as records of their ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "shared/notify/notification_json.h"
#include "shared/notify/notification_ring.h"

#define AT_US INT64_C(1780000000123456)

static int use_utc(void **state)
{
	(void)state;
	return setenv("TZ", "UTC", 1);
}

static struct notification plain(enum notification_kind kind)
{
	return (struct notification){.kind = kind, .id = "00000000000000ab-7", .camera = "front", .at = {AT_US}};
}

/* The caller puts it back. */
static struct json_object *parsed(const struct notification *notification, size_t *bytes)
{
	struct buffer text = {0};

	assert_true(notification_json(notification, &text));
	for (size_t i = 0; i < text.length; i++)
		assert_true(text.data[i] >= 0x20);
	buffer_append(&text, "", 1);
	if (bytes)
		*bytes = text.length - 1;
	struct json_object *json = json_tokener_parse((const char *)text.data);
	assert_non_null(json);
	buffer_free(&text);
	return json;
}

static const char *text_of(struct json_object *json, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(json, name, &value) ? json_object_get_string(value) : NULL;
}

static void assert_text(const struct notification *notification, const char *expected)
{
	char text[NOTIFICATION_TEXT_BYTES];

	notification_describe(notification, text);
	assert_string_equal(text, expected);
}

static void each_kind_has_a_name_and_a_sentence(void **state)
{
	(void)state;
	for (int i = 0; i < NOTIFICATION_KINDS; i++) {
		struct notification notification = plain((enum notification_kind)i);
		struct json_object *json = parsed(&notification, NULL);
		enum notification_kind kind;

		assert_true(notification_kind_parse(text_of(json, "event"), &kind));
		assert_int_equal(kind, i);
		assert_non_null(strstr(text_of(json, "text"), "front"));
		assert_string_equal(text_of(json, "id"), "00000000000000ab-7");
		assert_string_equal(text_of(json, "camera"), "front");
		assert_string_equal(text_of(json, "time"), "1780000000.123456");
		assert_string_equal(text_of(json, "time_text"), "2026-05-28T20:26:40.123456+00:00");
		json_object_put(json);
	}
	enum notification_kind unused;
	assert_false(notification_kind_parse("motion", &unused));
	assert_false(notification_kind_parse("", &unused));
}

static struct motion_event some_event(void)
{
	struct motion_event event = {
		.from_second = AT_US / US_PER_S - 10,
		.to_second = AT_US / US_PER_S,
		.moving_seconds = 8,
		.strongest = MOTION_STRONG,
	};

	motion_cells_raise(&event.cells, 2, 0, MOTION_FAINT);
	motion_cells_raise(&event.cells, 31, 17, MOTION_STRONG);
	return event;
}

static void a_motion_event_has_its_cells_and_its_end_once_it_is_over(void **state)
{
	const struct motion_event event = some_event();
	struct notification notification = plain(NOTIFY_MOTION_START);
	struct json_object *json;

	(void)state;
	notification.event = &event;
	json = parsed(&notification, NULL);
	assert_string_equal(text_of(json, "from"), "1779999990");
	assert_null(text_of(json, "to"));
	assert_string_equal(text_of(json, "strength"), "strong");
	assert_string_equal(text_of(json, "moving_seconds"), "8");
	assert_int_equal(strlen(text_of(json, "cells")), MOTION_CELLS);
	assert_memory_equal(text_of(json, "cells"), "0010", 4);
	assert_string_equal(text_of(json, "cells") + MOTION_CELLS - 2, "03");
	json_object_put(json);
	assert_text(&notification, "Something has been moving in front of camera front since 20:26:30 (strong).");
	notification.kind = NOTIFY_MOTION_END;
	json = parsed(&notification, NULL);
	assert_string_equal(text_of(json, "to"), "1780000000");
	assert_null(text_of(json, "known_until"));
	json_object_put(json);
	assert_text(&notification, "Something moved in front of camera front from 20:26:30 to 20:26:40 (strong).");
	notification.known_until = event.to_second + 2;
	json = parsed(&notification, NULL);
	assert_string_equal(text_of(json, "known_until"), "1780000002");
	json_object_put(json);
	assert_text(&notification, "Something moved in front of camera front from 20:26:30 to 20:26:40 (strong). What "
				   "moved after 20:26:42 is not known.");
}

static void the_largest_one_fits_into_a_record(void **state)
{
	const struct motion_event event = {INT64_C(7258118399), INT64_C(7258118399), 0,         576,
					   4000000000u,         MOTION_STRONG,       {{0}, {0}}};
	struct notification notification = plain(NOTIFY_MOTION_END);
	char id[NOTIFICATION_ID_BYTES];
	size_t bytes;

	(void)state;
	notification_id_format(UINT64_MAX, UINT64_MAX, id);
	notification.id = id;
	notification.camera = "a-camera-with-a-name-as-long-as";
	notification.event = &event;
	notification.known_until = event.to_second;
	json_object_put(parsed(&notification, &bytes));
	assert_in_range(bytes, MOTION_CELLS, NOTIFICATION_JSON_MAX);
}

static void a_segment_has_its_file_and_its_times(void **state)
{
	const struct notification_segment segment = {
		"recording_20260528_202600.mp4", {AT_US - 600 * US_PER_S}, {AT_US}, 18000, 123456789};
	struct notification notification = plain(NOTIFY_SEGMENT);

	(void)state;
	notification.segment = &segment;
	struct json_object *json = parsed(&notification, NULL);
	assert_string_equal(text_of(json, "file"), segment.file);
	assert_string_equal(text_of(json, "from"), "1779999400.123456");
	assert_string_equal(text_of(json, "to"), "1780000000.123456");
	assert_string_equal(text_of(json, "frames"), "18000");
	assert_string_equal(text_of(json, "bytes"), "123456789");
	json_object_put(json);
	assert_text(&notification, "recording_20260528_202600.mp4 is finished: 18000 frames of camera front, from "
				   "20:16:40 to 20:26:40.");
}

/* What a camera, FFmpeg or a path says is not trusted to be text. */
static void what_went_wrong_is_quoted(void **state)
{
	struct notification notification = plain(NOTIFY_DISK_FAILING);

	(void)state;
	notification.detail = "a \"quote\", a \\, a\nline\x01 and \xff";
	struct json_object *json = parsed(&notification, NULL);
	assert_string_equal(text_of(json, "detail"), "a \"quote\", a \\, a\nline\x01 and \xef\xbf\xbd");
	assert_null(text_of(json, "cause"));
	json_object_put(json);
	notification.detail = "No space left on device";
	assert_text(&notification,
		    "Footage of camera front is not being written to the disk: No space left on device.");
	notification.detail = "";
	assert_text(&notification, "Footage of camera front is not being written to the disk.");
	notification = plain(NOTIFY_CAMERA_LOST);
	notification.cause = "unplugged";
	notification.detail = "read: ENODEV.";
	assert_text(&notification, "Camera front gives no pictures: unplugged.");
	notification.cause = NULL;
	assert_text(&notification, "Camera front gives no pictures: read: ENODEV.");
}

static void an_id_is_read_as_it_is_written(void **state)
{
	static const char *const bad[] = {
		"",
		"-1",
		"0123456789abcdef",
		"0123456789abcdef-",
		"0123456789abcdef-0",
		"0123456789abcdef-01",
		"0123456789abcde-1",
		"0123456789abcdefa-1",
		"0123456789abcdef-1 ",
		"0123456789abcdef--1",
		"0123456789abcdeg-1",
		"0123456789abcdef-184467440737095516160",
	};
	char id[NOTIFICATION_ID_BYTES];
	uint64_t series, number;

	(void)state;
	notification_id_format(0xab, 7, id);
	assert_string_equal(id, "00000000000000ab-7");
	assert_true(notification_id_parse(id, &series, &number));
	assert_int_equal(series, 0xab);
	assert_int_equal(number, 7);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(notification_id_parse(bad[i], &series, &number));
}

/* Writes a record with this text, and splits it. */
static bool splits(struct notification_record record, const char *json, size_t bytes)
{
	uint8_t data[200];
	struct notification_parts parts;
	size_t length = strlen(json);

	assert_true(sizeof(record) + length <= sizeof(data));
	memcpy(data, &record, sizeof(record));
	memcpy(data + sizeof(record), json, length);
	bool good = notification_record_split(data, bytes, &parts);
	if (good)
		assert_memory_equal(parts.json, json, length);
	return good;
}

static void records_that_cannot_be_true_are_refused(void **state)
{
	const char *json = "{\"id\":1}";
	const struct notification_record good = {
		NOTIFICATION_RECORD_MAGIC, NOTIFY_SEGMENT, 5, 1, AT_US, (uint32_t)strlen(json), 0};
	size_t bytes = sizeof(good) + strlen(json);
	struct notification_record bad = good;

	(void)state;
	assert_true(splits(good, json, bytes));
	assert_true(splits(good, "{\"\xc3\xa4\x7f+\"}", bytes));
	assert_false(splits(good, json, bytes - 1));
	assert_false(splits(good, json, bytes + 1));
	assert_false(splits(good, json, sizeof(good) - 1));
	assert_false(splits(good, "{\"a\n\":1}", bytes));
	assert_false(splits(good, "{\"a\r\":1}", bytes));
	assert_false(splits(good, "[\"id\",1]", bytes));
	assert_false(splits(good, "{\"id\":1]", bytes));
	for (int field = 0; field < 6; field++) {
		bad = good;
		switch (field) {
		case 0:
			bad.magic++;
			break;
		case 1:
			bad.kind = NOTIFICATION_KINDS;
			break;
		case 2:
			bad.number = 0;
			break;
		case 3:
			bad.wall_us = -1;
			break;
		case 4:
			bad.json_bytes = UINT32_MAX;
			break;
		default:
			bad.json_bytes = 1;
			break;
		}
		assert_false(splits(bad, json, bytes));
	}
}

static void a_motion_record_is_taken_if_it_is_whole(void **state)
{
	struct motion_record record = {.second = AT_US / US_PER_S, .frames = 5}, out;
	uint8_t data[sizeof(record)];

	(void)state;
	motion_record_seal(&record, 0);
	memcpy(data, &record, sizeof(data));
	assert_true(motion_ring_record(data, sizeof(data), &out));
	assert_memory_equal(&out, &record, sizeof(out));
	assert_false(motion_ring_record(data, sizeof(data) - 1, &out));
	data[20] ^= 1;
	assert_false(motion_ring_record(data, sizeof(data), &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_has_a_name_and_a_sentence),
		cmocka_unit_test(a_motion_event_has_its_cells_and_its_end_once_it_is_over),
		cmocka_unit_test(the_largest_one_fits_into_a_record),
		cmocka_unit_test(a_segment_has_its_file_and_its_times),
		cmocka_unit_test(what_went_wrong_is_quoted),
		cmocka_unit_test(an_id_is_read_as_it_is_written),
		cmocka_unit_test(records_that_cannot_be_true_are_refused),
		cmocka_unit_test(a_motion_record_is_taken_if_it_is_whole),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
