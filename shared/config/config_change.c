/* config_change.c - from one reading of a file to the next: what may change while a program runs, and what may not. */
#include "shared/config/config_internal.h"

#include <stdio.h>
#include <string.h>

/* The others need a restart: they stand in what was opened, allocated or started by them. */
static const char *const live_keys[] = {
	"retention:hours",     "retention:max_gb",   "retention:min_free_gb", "clips:cache",
	"clips:max_mb",        "http:max_viewers",   "http:max_downloads",    "http:max_clip_minutes",
	"http:max_transcodes", "http:address_share", "http:stall_seconds",    "http:proxies",
	"http:allow_control",  "http:hosts",         "http:allow_origin",     "log:level",
};

static bool is_live(const char *name)
{
	for (size_t i = 0; i < sizeof(live_keys) / sizeof(live_keys[0]); i++)
		if (strcmp(live_keys[i], name) == 0)
			return true;
	return false;
}

/* Appends section.key; a list that is full ends where it is. */
static void name_key(char *list, size_t bytes, const char *name)
{
	size_t used = strlen(list);
	int section = (int)strcspn(name, ":");

	snprintf(list + used, bytes - used, "%s%.*s%s%s", used ? ", " : "", section, name, name[section] ? "." : "",
		 name[section] ? name + section + 1 : "");
}

static void take_controls(struct config *running, const struct config *fresh, struct config_changes *out)
{
	if (running->control_count == fresh->control_count &&
	    memcmp(running->controls, fresh->controls, sizeof(running->controls)) == 0)
		return;
	memcpy(running->controls, fresh->controls, sizeof(running->controls));
	running->control_count = fresh->control_count;
	name_key(out->taken, sizeof(out->taken), "controls");
	out->controls = true;
}

void config_apply(struct config *running, const struct config *fresh, struct config_changes *out)
{
	struct config_field place;

	*out = (struct config_changes){0};
	for (size_t i = 0; config_key_field(i, &place); i++) {
		char *mine = (char *)running + place.offset;
		const char *other = (const char *)fresh + place.offset;

		if (memcmp(mine, other, place.bytes) == 0)
			continue;
		if (is_live(place.name)) {
			memcpy(mine, other, place.bytes);
			name_key(out->taken, sizeof(out->taken), place.name);
		} else {
			name_key(out->kept, sizeof(out->kept), place.name);
		}
	}
	take_controls(running, fresh, out);
}
