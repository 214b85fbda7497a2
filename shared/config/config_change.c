/* config_change.c - which settings may change while a program runs. */
#include "shared/config/config_internal.h"

#include <stdio.h>
#include <string.h>

/* All other keys need a restart, because something was opened, allocated or started with their values. */
static const char *const live_keys[] = {
	"retention:hours",
	"retention:max_gb",
	"retention:min_free_gb",
	"retention:motion_hours",
	"motion:enabled",
	"motion:fps",
	"motion:days",
	"clips:cache",
	"clips:max_mb",
	"http:max_viewers",
	"http:max_event_clients",
	"http:max_downloads",
	"http:max_clip_minutes",
	"http:max_transcodes",
	"http:address_share",
	"http:stall_seconds",
	"http:proxies",
	"http:allow_control",
	"http:hosts",
	"http:allow_origin",
	"http:frame_ancestors",
	"store:wait_hours",
	"log:level",
	"record:hours",
	"record:outside_hours",
};

static bool is_live(const char *name)
{
	for (size_t i = 0; i < sizeof(live_keys) / sizeof(live_keys[0]); i++)
		if (strcmp(live_keys[i], name) == 0)
			return true;
	return false;
}

/* Appends section.key, or nothing if the list is full. */
static void list_key(char *list, size_t bytes, const char *name)
{
	size_t used = strlen(list);
	int section = (int)strcspn(name, ":");

	snprintf(list + used, bytes - used, "%s%.*s%s%s", used ? ", " : "", section, name, name[section] ? "." : "",
		 name[section] ? name + section + 1 : "");
}

static void apply_controls(struct config *running, const struct config *fresh, struct config_changes *out)
{
	if (running->control_count == fresh->control_count &&
	    memcmp(running->controls, fresh->controls, sizeof(running->controls)) == 0)
		return;
	memcpy(running->controls, fresh->controls, sizeof(running->controls));
	running->control_count = fresh->control_count;
	list_key(out->applied, sizeof(out->applied), "controls");
	out->controls = true;
}

/* recorder-hooks reads them again when a recorder has. */
static void apply_hooks(struct config *running, const struct config *fresh, struct config_changes *out)
{
	if (running->hook_count == fresh->hook_count &&
	    memcmp(running->hooks, fresh->hooks, sizeof(running->hooks)) == 0)
		return;
	memcpy(running->hooks, fresh->hooks, sizeof(running->hooks));
	running->hook_count = fresh->hook_count;
	list_key(out->applied, sizeof(out->applied), "hooks");
	out->hooks = true;
}

/* A mask that changes begins with a ring of its own (recorderd/recorder_internal.h). */
static void apply_masks(struct config *running, const struct config *fresh, struct config_changes *out)
{
	if (memcmp(running->masks, fresh->masks, sizeof(running->masks)) == 0)
		return;
	memcpy(running->masks, fresh->masks, sizeof(running->masks));
	running->mask_count = fresh->mask_count;
	list_key(out->applied, sizeof(out->applied), "mask");
	out->masks = true;
}

void config_apply(struct config *running, const struct config *fresh, struct config_changes *out)
{
	struct config_field field;

	*out = (struct config_changes){0};
	for (size_t i = 0; config_key_field(i, &field); i++) {
		char *value = (char *)running + field.offset;
		const char *new_value = (const char *)fresh + field.offset;

		if (memcmp(value, new_value, field.bytes) == 0)
			continue;
		if (is_live(field.name)) {
			memcpy(value, new_value, field.bytes);
			list_key(out->applied, sizeof(out->applied), field.name);
		} else {
			list_key(out->needs_restart, sizeof(out->needs_restart), field.name);
		}
	}
	apply_controls(running, fresh, out);
	apply_hooks(running, fresh, out);
	apply_masks(running, fresh, out);
}
