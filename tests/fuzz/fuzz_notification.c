/*
 * fuzz_notification.c - records of the rings of notifications and of motion records, and notifications of any text.
 *
 * A record that is split has a text of one line within its bytes. An id that is read is the same when it is written
 * again. A notification with whatever text is one JSON object on one line. Input: a record without its magic number,
 * which is also taken for a motion record, for an id and for texts.
 */
#include "tests/fuzz/fuzz.h"

#include <json-c/json.h>
#include <string.h>

#include "shared/notify/notification_json.h"
#include "shared/notify/notification_ring.h"

static void check_record(const uint8_t *data, size_t size)
{
	const uint32_t magic = NOTIFICATION_RECORD_MAGIC;
	uint8_t *record = malloc(sizeof(magic) + size);
	struct notification_parts parts;
	struct motion_record motion;

	memcpy(record, &magic, sizeof(magic));
	memcpy(record + sizeof(magic), data, size);
	if (notification_record_split(record, sizeof(magic) + size, &parts)) {
		size_t bytes = parts.record.json_bytes;
		holds(parts.json == (char *)record + sizeof(parts.record) && bytes <= NOTIFICATION_JSON_MAX);
		holds(sizeof(parts.record) + bytes == sizeof(magic) + size);
		holds(memchr(parts.json, '\n', bytes) == NULL && memchr(parts.json, '\r', bytes) == NULL);
		holds(*notification_kind_text((enum notification_kind)parts.record.kind) != '\0');
	}
	free(record);
	if (motion_ring_record(data, size, &motion))
		holds(motion_record_valid(&motion, 0));
}

static void check_id(const char *text)
{
	char written[NOTIFICATION_ID_BYTES];
	uint64_t series, number, series_again, number_again;

	if (!notification_id_parse(text, &series, &number))
		return;
	notification_id_format(series, number, written);
	holds(notification_id_parse(written, &series_again, &number_again));
	holds(number > 0 && series == series_again && number == number_again);
}

static void check_text(enum notification_kind kind, const char *text)
{
	const struct notification notification = {
		.kind = kind, .id = text, .camera = text, .at = {1}, .cause = text, .detail = text};
	struct buffer json = {0};
	struct json_tokener *tokener = json_tokener_new();

	holds(notification_json(&notification, &json));
	for (size_t i = 0; i < json.length; i++)
		holds(json.data[i] >= 0x20);
	struct json_object *object = json_tokener_parse_ex(tokener, (const char *)json.data, (int)json.length);
	holds(json_object_is_type(object, json_type_object));
	json_object_put(object);
	json_tokener_free(tokener);
	buffer_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	char *text = input_text(&input);

	check_record(data, size);
	check_id(text);
	for (int kind = 0; kind < NOTIFICATION_KINDS; kind++)
		check_text((enum notification_kind)kind, text);
	free(text);
	return 0;
}
