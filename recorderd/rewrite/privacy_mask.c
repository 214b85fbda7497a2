/* privacy_mask.c - reads [mask], the parts of the picture that are black. */
#include "recorderd/rewrite/privacy_mask.h"

bool privacy_mask_read(const struct config *config, struct privacy_mask *out, struct reason *why)
{
	struct reason wrong;

	*out = (struct privacy_mask){.count = config->mask_count};
	for (size_t i = 0; i < config->mask_count; i++) {
		const struct config_mask *mask = &config->masks[i];
		if (!motion_area_parse(mask->name, mask->area, &out->areas[i], &wrong))
			return reason_set(why, "%s: [mask] %s", config->file, wrong.text);
	}
	return true;
}

bool privacy_mask_check(const struct config *config, struct reason *why)
{
	struct privacy_mask mask;

	return privacy_mask_read(config, &mask, why);
}
