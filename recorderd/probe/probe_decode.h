/* probe_decode.h - checks that what an encoder made of the pictures can be decoded, and shows them. */
#ifndef RECORDERD_PROBE_PROBE_DECODE_H
#define RECORDERD_PROBE_PROBE_DECODE_H

#include <stdatomic.h>

#include "recorderd/probe/probe_pictures.h"
#include "shared/base/reason.h"
#include "shared/sandbox/sandbox.h"

/*
 * `video` is fragmented MP4 with `frames` frames, the first of which shows the first picture. Another FFmpeg decodes
 * it, in the sandbox, which needs no devices. Blocks for up to half a minute, or until *cancelled. Returns false and
 * sets *why if a frame is missing or does not show its picture.
 */
bool probe_decode(const struct probe_pictures *pictures, const struct buffer *video, uint64_t frames,
		  struct sandbox *sandbox, const atomic_bool *cancelled, struct reason *why);

#endif
