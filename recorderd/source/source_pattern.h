/* source_pattern.h - FFmpeg's test picture as a source of frames: see source.h. */
#ifndef RECORDERD_SOURCE_SOURCE_PATTERN_H
#define RECORDERD_SOURCE_SOURCE_PATTERN_H

#include "recorderd/source/source.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

/* Waits for its first frame. *out is owned by the caller; NULL, with a sentence in `why`, where it did not begin. */
enum source_open_outcome source_pattern_open(const struct config *config, struct source **out, struct reason *why);

#endif
