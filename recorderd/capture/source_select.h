/*
 * source_select.h - which source serves: the device that the configuration means, or what camera.fallback allows.
 */
#ifndef RECORDERD_CAPTURE_SOURCE_SELECT_H
#define RECORDERD_CAPTURE_SOURCE_SELECT_H

#include "recorderd/capture/other_cameras.h"
#include "recorderd/source/source.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

/*
 * Opens it; *out is owned by the caller. What belongs to `others` (may be NULL) is never taken as a fallback. `why`
 * says in one sentence what was tried; also filled on success where a fallback serves.
 */
enum source_open_outcome source_open(const struct config *config, const struct source_others *others,
				     struct source **out, struct reason *why);

#endif
