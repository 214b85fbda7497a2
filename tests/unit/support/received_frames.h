/* received_frames.h - a sink that remembers what it has received from a source. */
#ifndef TESTS_UNIT_SUPPORT_RECEIVED_FRAMES_H
#define TESTS_UNIT_SUPPORT_RECEIVED_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "recorderd/source/source.h"

/* `bytes` and the fields after it are those of the newest frame. A case may zero everything. */
extern struct received_frames {
	unsigned frames, lost, damaged;
	enum frame_damage damage; /* of the last damaged frame */
	uint8_t bytes[256 * 1024];
	size_t length;
	int parts;
	mono_t captured;
	uint16_t width, height;
} heard;

/* For source_read(): fills `heard`, and fails the test if a frame is not newer than the previous one. */
extern const struct source_sink receiving_sink;

#endif
