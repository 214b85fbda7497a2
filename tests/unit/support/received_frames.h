/* received_frames.h - a sink that remembers what it heard from a source. */
#ifndef TESTS_UNIT_SUPPORT_RECEIVED_FRAMES_H
#define TESTS_UNIT_SUPPORT_RECEIVED_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "recorderd/source/source.h"

/* Of the newest frame: bytes, length, parts, captured, width, height. A case may zero it all. */
extern struct received_frames {
	unsigned frames, lost, damaged;
	uint8_t bytes[256 * 1024];
	size_t length;
	int parts;
	mono_t captured;
	uint16_t width, height;
} heard;

/* For source_read(): fills `heard`, and fails the test where a frame is not newer than the one before it. */
extern const struct source_sink receiving_sink;

#endif
