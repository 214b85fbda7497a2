/* source_select.h - which source to use: the configured device, or what camera.fallback allows. */
#ifndef RECORDERD_CAPTURE_SOURCE_SELECT_H
#define RECORDERD_CAPTURE_SOURCE_SELECT_H

#include "recorderd/capture/other_cameras.h"
#include "recorderd/source/source.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

/*
 * Opens it, `steps_down` modes below the requested one; the caller owns *out. The devices of `others` (may be NULL) are
 * never taken as a fallback. *why says in one sentence what was tried; it is also set on success if a fallback is used.
 */
enum source_open_outcome source_open(const struct config *config, const struct other_cameras *others,
				     unsigned steps_down, struct source **out, struct reason *why);

/*
 * True if the configured device is there, may be opened, and no other program or recorder has it; for "auto", if any
 * device is. For a recorder that uses a fallback.
 */
bool source_configured_is_free(const struct config *config, const struct other_cameras *others);

#endif
