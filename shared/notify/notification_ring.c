/* notification_ring.c - splits the records of the rings of notifications and of motion records. */
#include "shared/notify/notification_ring.h"

#include <stdio.h>
#include <string.h>

/* A line break within a text would end a line of server-sent events, or of a program's standard input. */
static bool is_one_line(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if ((unsigned char)text[i] < 0x20)
			return false;
	return true;
}

static bool is_possible(const struct notification_record *record)
{
	return record->magic == NOTIFICATION_RECORD_MAGIC && record->kind < NOTIFICATION_KINDS && record->number > 0 &&
	       record->wall_us > 0 && record->wall_us < CLOCK_MAX_US && record->json_bytes >= 2 &&
	       record->json_bytes <= NOTIFICATION_JSON_MAX;
}

bool notification_record_split(const uint8_t *data, size_t bytes, struct notification_parts *out)
{
	struct notification_record *record = &out->record;

	*out = (struct notification_parts){0};
	if (bytes < sizeof(*record))
		return false;
	memcpy(record, data, sizeof(*record));
	if (!is_possible(record) || sizeof(*record) + record->json_bytes != bytes)
		return false;
	out->json = (const char *)data + sizeof(*record);
	return out->json[0] == '{' && out->json[record->json_bytes - 1] == '}' &&
	       is_one_line(out->json, record->json_bytes);
}

bool motion_ring_record(const uint8_t *data, size_t bytes, struct motion_record *out)
{
	if (bytes != sizeof(*out))
		return false;
	memcpy(out, data, sizeof(*out));
	return motion_record_valid(out, 0);
}

void notification_ring_name(const char *ring_name, char out[NOTIFICATION_RING_NAME_BYTES])
{
	snprintf(out, NOTIFICATION_RING_NAME_BYTES, "%.56s.events", ring_name);
}

void motion_ring_name(const char *ring_name, char out[NOTIFICATION_RING_NAME_BYTES])
{
	snprintf(out, NOTIFICATION_RING_NAME_BYTES, "%.56s.motion", ring_name);
}
