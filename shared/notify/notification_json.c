/* notification_json.c - writes a notification as a JSON object. */
#include "shared/notify/notification_json.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/text/json_value.h"
#include "shared/text/time_text.h"

static void add_text(struct json_object *json, const char *name, const char *text)
{
	if (text && *text)
		json_object_object_add(json, name, json_string(text));
}

/* Seconds with six decimals: exact. */
static void add_time(struct json_object *json, const char *name, wall_t at)
{
	char text[40];

	snprintf(text, sizeof(text), "%" PRId64 ".%06d", at.us / US_PER_S, (int)(at.us % US_PER_S));
	json_object_object_add(json, name, json_object_new_double_s((double)at.us / US_PER_S, text));
}

static void add_number(struct json_object *json, const char *name, uint64_t number)
{
	json_object_object_add(json, name, json_object_new_uint64(number));
}

static void add_cells(struct json_object *json, const struct motion_cells *cells)
{
	char digits[MOTION_CELLS + 1];

	for (int cell = 0; cell < MOTION_CELLS; cell++)
		digits[cell] = (char)('0' + motion_cell(cells, cell % MOTION_COLUMNS, cell / MOTION_COLUMNS));
	digits[MOTION_CELLS] = '\0';
	json_object_object_add(json, "cells", json_object_new_string(digits));
}

static void add_event(struct json_object *json, const struct notification *notification)
{
	const struct motion_event *event = notification->event;

	json_object_object_add(json, "from", json_object_new_int64(event->from_second));
	if (notification->kind == NOTIFY_MOTION_END)
		json_object_object_add(json, "to", json_object_new_int64(event->to_second));
	if (notification->known_until)
		json_object_object_add(json, "known_until", json_object_new_int64(notification->known_until));
	add_text(json, "strength", motion_strength_text(event->strongest));
	add_number(json, "moving_seconds", event->moving_seconds);
	add_cells(json, &event->cells);
}

static void add_segment(struct json_object *json, const struct notification_segment *segment)
{
	add_text(json, "file", segment->file);
	add_time(json, "from", segment->from);
	add_time(json, "to", segment->to);
	add_number(json, "frames", segment->frames);
	add_number(json, "bytes", segment->bytes);
}

static void add_members(struct json_object *json, const struct notification *notification)
{
	char iso[TIME_ISO_BYTES], text[NOTIFICATION_TEXT_BYTES];

	notification_describe(notification, text);
	time_format_iso_us(notification->at, iso);
	add_text(json, "id", notification->id);
	add_text(json, "camera", notification->camera);
	add_text(json, "event", notification_kind_text(notification->kind));
	add_time(json, "time", notification->at);
	add_text(json, "time_text", iso);
	add_text(json, "text", text);
	add_text(json, "cause", notification->cause);
	add_text(json, "detail", notification->detail);
	if (notification->event)
		add_event(json, notification);
	if (notification->segment)
		add_segment(json, notification->segment);
}

bool notification_json(const struct notification *notification, struct buffer *out)
{
	struct json_object *json = json_object_new_object();

	if (!json)
		return false;
	add_members(json, notification);
	const char *text =
		json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text)
		buffer_append(out, text, strlen(text));
	json_object_put(json);
	return text && !out->failed;
}
