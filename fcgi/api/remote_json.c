/* remote_json.c - what is known of a camera of the store, as JSON and in words. */
#include "fcgi/api/remote_json.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/text/json_value.h"
#include "shared/text/time_text.h"

static int64_t age_us(const struct fetch_status *status)
{
	int64_t age = wall_now().us - status->newest_wall_us;

	return age > 0 ? age : 0;
}

void remote_text(const struct fetch_status *status, char out[REMOTE_TEXT_BYTES])
{
	char since[TIME_ISO_BYTES];
	size_t length;

	if (status->newest_wall_us > 0)
		snprintf(out, REMOTE_TEXT_BYTES, "From the store, %" PRId64 " s old.", age_us(status) / US_PER_S);
	else
		snprintf(out, REMOTE_TEXT_BYTES, "From the store, which has not said yet what it has.");
	if (status->failing_since_wall_us == 0)
		return;
	time_format_iso((wall_t){status->failing_since_wall_us}, since);
	length = strlen(out);
	snprintf(out + length, REMOTE_TEXT_BYTES - length, " The store has not answered as it should since %s: %s.",
		 since, *status->error ? status->error : "no reason is known");
}

struct json_object *remote_json(const struct fetch_status *status)
{
	struct json_object *json = json_object_new_object();
	char text[REMOTE_TEXT_BYTES];
	bool known = status->newest_wall_us > 0;

	remote_text(status, text);
	json_object_object_add(json, "newest", known ? json_time(status->newest_wall_us) : NULL);
	json_object_object_add(json, "age_seconds", known ? json_seconds(age_us(status)) : NULL);
	json_object_object_add(json, "answered",
			       status->answered_wall_us > 0 ? json_time(status->answered_wall_us) : NULL);
	json_object_object_add(json, "failing_since",
			       status->failing_since_wall_us > 0 ? json_time(status->failing_since_wall_us) : NULL);
	json_object_object_add(json, "error", json_string_or_null(status->error));
	json_object_object_add(json, "text", json_string_or_null(text));
	return json;
}
