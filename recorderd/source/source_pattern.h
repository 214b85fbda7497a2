/* source_pattern.h - FFmpeg's test picture as a source of frames (source.h). */
#ifndef RECORDERD_SOURCE_SOURCE_PATTERN_H
#define RECORDERD_SOURCE_SOURCE_PATTERN_H

#include "recorderd/source/source.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

/* Waits for the first frame. The caller owns *out. If it fails, *out is NULL and *why is set. */
enum source_open_outcome source_pattern_open(const struct config *config, struct source **out, struct reason *why);

#endif
