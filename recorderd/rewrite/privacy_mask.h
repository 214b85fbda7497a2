/*
 * privacy_mask.h - the parts of the picture that are black in everything the recorder keeps and shows: [mask].
 *
 * Each is an area (shared/motion/motion_area.h): shares of the picture as people see it.
 */
#ifndef RECORDERD_REWRITE_PRIVACY_MASK_H
#define RECORDERD_REWRITE_PRIVACY_MASK_H

#include "shared/base/reason.h"
#include "shared/config/config.h"
#include "shared/motion/motion_area.h"

struct privacy_mask {
	size_t count; /* 0: the whole picture is shown */
	struct motion_area areas[CONFIG_MASKS_MAX];
};

/* Reads [mask]. Returns false and sets *why, which names the file and the key. */
bool privacy_mask_read(const struct config *config, struct privacy_mask *out, struct reason *why);

/* Whether [mask] is valid. Returns false and sets *why. */
bool privacy_mask_check(const struct config *config, struct reason *why);

#endif
