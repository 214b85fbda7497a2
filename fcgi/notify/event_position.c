/* event_position.c - how far a client of /events/live has got, as text. */
#include "fcgi/notify/event_position.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/motion/motion_record.h"
#include "shared/notify/notification.h"

void event_position_text(const struct event_position *position, char out[EVENT_POSITION_BYTES])
{
	char id[NOTIFICATION_ID_BYTES];

	out[0] = '\0';
	if (position->number == 0)
		return;
	notification_id_format(position->series, position->number, id);
	if (position->second == EVENT_POSITION_NO_SECOND)
		snprintf(out, EVENT_POSITION_BYTES, "%s", id);
	else
		snprintf(out, EVENT_POSITION_BYTES, "%s@%" PRId64, id, position->second);
}

/* Decimal digits and nothing else. */
static bool read_second(const char *text, int64_t *out)
{
	*out = 0;
	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '9')
			return false;
		*out = *out * 10 + (*at - '0');
		if (!motion_second_valid(*out))
			return false;
	}
	return *text != '\0';
}

bool event_position_parse(const char *text, struct event_position *out)
{
	char id[NOTIFICATION_ID_BYTES];
	size_t length = strcspn(text, "@");

	*out = (struct event_position){.second = EVENT_POSITION_NO_SECOND};
	if (length >= sizeof(id))
		return false;
	memcpy(id, text, length);
	id[length] = '\0';
	return notification_id_parse(id, &out->series, &out->number) &&
	       (text[length] == '\0' || read_second(text + length + 1, &out->second));
}
