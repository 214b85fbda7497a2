/* encoder_probe.h - measures how many frames per second this machine encodes. */
#ifndef RECORDERD_ENCODER_ENCODER_PROBE_H
#define RECORDERD_ENCODER_ENCODER_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/reason.h"
#include "shared/config/config.h"

#define ENCODER_PROBE_US (2 * INT64_C(1000000)) /* how long it measures */

struct encoder_probe_settings {
	const struct config_record *record; /* its encoder, quality and sandbox are used */
	const char *preset;
	uint16_t width, height;
	unsigned fps; /* nominal */
};

/*
 * Has FFmpeg encode pictures of that size as fast as it can, as it would for the recorder. Blocks for some seconds.
 * SIGPIPE has to be ignored. Returns false and sets *why if FFmpeg refuses.
 */
bool encoder_probe(const struct encoder_probe_settings *settings, double *encoded_fps, struct reason *why);

#endif
