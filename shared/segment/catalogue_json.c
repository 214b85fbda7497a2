/* catalogue_json.c - the JSON object of an entry of the list of segments. */
#include "shared/segment/catalogue.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "shared/media/mp4_box.h"
#include "shared/text/time_text.h"

static const char *codec_text(uint32_t codec)
{
	switch (codec) {
	case MP4_TYPE('a', 'v', 'c', '1'):
		return "h264";
	case MP4_TYPE('m', 'p', '4', 'v'):
	case MP4_TYPE('j', 'p', 'e', 'g'):
		return "mjpeg";
	default:
		return "unknown";
	}
}

/* Seconds as a decimal number with one to three decimals: 600.0, 12.345. */
static struct json_object *seconds_json(int64_t us)
{
	char text[32];
	int64_t ms = us > 0 ? (us + 500) / 1000 : 0;

	int length = snprintf(text, sizeof(text), "%" PRId64 ".%03d", ms / 1000, (int)(ms % 1000));
	for (int cut = 0; cut < 2 && text[length - 1] == '0'; cut++)
		text[--length] = '\0';
	return json_object_new_double_s((double)ms / 1000, text);
}

static struct json_object *compact_json(int64_t wall_us)
{
	char text[TIME_COMPACT_BYTES];

	time_format_compact((wall_t){wall_us}, text);
	return json_object_new_string(text);
}

static struct json_object *iso_json(int64_t wall_us)
{
	char text[TIME_ISO_BYTES];

	time_format_iso((wall_t){wall_us}, text);
	return json_object_new_string(text);
}

/* Adds a member that is owned by the object from now on; a key is a literal, and new. */
static void add(struct json_object *object, const char *key, struct json_object *value)
{
	json_object_object_add_ex(object, key, value, JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY);
}

struct json_object *catalogue_entry_json(const struct catalogue_entry *entry, const char *camera)
{
	struct json_object *object = json_object_new_object();

	if (!object)
		return NULL;
	add(object, "file", json_object_new_string_len(entry->file, (int)strnlen(entry->file, sizeof(entry->file))));
	add(object, "start_time", compact_json(entry->start_wall_us));
	add(object, "end_time", compact_json(entry->end_wall_us));
	add(object, "size", json_object_new_uint64(entry->size_bytes));
	add(object, "duration", seconds_json(entry->end_wall_us - entry->start_wall_us));
	add(object, "start", iso_json(entry->start_wall_us));
	add(object, "end", iso_json(entry->end_wall_us));
	add(object, "frames", json_object_new_uint64(entry->frames));
	add(object, "codec", json_object_new_string(codec_text(entry->codec)));
	add(object, "state", json_object_new_string(entry->state == CATALOGUE_COMPLETE ? "complete" : "recording"));
	add(object, "camera", json_object_new_string(camera));
	return object;
}
