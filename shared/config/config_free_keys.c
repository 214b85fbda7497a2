/* config_free_keys.c - reads [controls] and [mask], the sections whose keys people name. */
#include "shared/config/config_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/crc32c.h"

#define CONTROLS "controls"
#define MASK     "mask"

static bool is_in(const char *name, const char *section)
{
	size_t length = strlen(section);

	return strncmp(name, section, length) == 0 && (name[length] == ':' || name[length] == '\0');
}

bool config_free_keys_has_section(const char *name)
{
	return is_in(name, CONTROLS) || is_in(name, MASK);
}

static bool add_control(const char *name, const char *value, struct config *out, struct reason *why)
{
	struct config_control *control = &out->controls[out->control_count];

	if (out->control_count == CONFIG_CONTROLS_MAX)
		return reason_set(why, "%s: [" CONTROLS "] has too many keys; at most %d are allowed", out->file,
				  CONFIG_CONTROLS_MAX);
	if (!config_is_word(name, sizeof(control->name)))
		return reason_set(why,
				  "%s: [" CONTROLS "] %.*s is not a control; expected a V4L2 name such as brightness "
				  "(v4l2-ctl --list-ctrls shows them)",
				  out->file, CONFIG_VALUE_SHOWN, name);
	if (value[0] == '\0' || strlen(value) >= sizeof(control->value))
		return reason_set(why, "%s: [" CONTROLS "] %s = %.*s is invalid; expected a value of 1 to %zu bytes",
				  out->file, name, CONFIG_VALUE_SHOWN, value, sizeof(control->value) - 1);
	snprintf(control->name, sizeof(control->name), "%s", name);
	snprintf(control->value, sizeof(control->value), "%s", value);
	out->control_count++;
	return true;
}

/* What the area says is read where the picture is masked (recorderd/rewrite). */
static bool add_mask(const char *name, const char *value, struct config *out, struct reason *why)
{
	struct config_mask *mask = &out->masks[out->mask_count];

	if (out->mask_count == CONFIG_MASKS_MAX)
		return reason_set(why, "%s: [" MASK "] has too many keys; at most %d are allowed", out->file,
				  CONFIG_MASKS_MAX);
	if (!config_is_word(name, sizeof(mask->name)))
		return reason_set(why, "%s: [" MASK "] %.*s is not a name; expected a-z 0-9 _ -, at most %zu bytes",
				  out->file, CONFIG_VALUE_SHOWN, name, sizeof(mask->name) - 1);
	if (value[0] == '\0' || strlen(value) >= sizeof(mask->area))
		return reason_set(why, "%s: [" MASK "] %s = %.*s is invalid; expected an area such as 0.4,0,0.2,0.3",
				  out->file, name, CONFIG_VALUE_SHOWN, value);
	snprintf(mask->name, sizeof(mask->name), "%s", name);
	snprintf(mask->area, sizeof(mask->area), "%s", value);
	out->mask_count++;
	return true;
}

bool config_free_keys_add(const char *name, const char *value, struct config *out, struct reason *why)
{
	const char *key = strchr(name, ':');

	if (!key)
		return true;
	if (!value)
		value = "";
	return is_in(name, CONTROLS) ? add_control(key + 1, value, out, why) : add_mask(key + 1, value, out, why);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct config_mask *)a)->name, ((const struct config_mask *)b)->name);
}

void config_free_keys_sort(struct config *out)
{
	qsort(out->masks, out->mask_count, sizeof(out->masks[0]), by_name);
}

uint64_t config_mask_id(const struct config *config)
{
	const int turned[] = {(int)config->camera.rotate, (int)config->camera.flip};
	uint32_t crc = crc32c(0, turned, sizeof(turned));

	if (config->mask_count == 0)
		return 0;
	for (size_t i = 0; i < config->mask_count; i++)
		crc = crc32c(crc, config->masks[i].area, sizeof(config->masks[i].area));
	return UINT64_C(1) << 32 | crc;
}
