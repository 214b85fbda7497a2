/* encoder_probe.h - tries whether an encoder works here, and measures how many frames per second it encodes. */
#ifndef RECORDERD_PROBE_ENCODER_PROBE_H
#define RECORDERD_PROBE_ENCODER_PROBE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/base/reason.h"
#include "shared/config/config.h"

#define ENCODER_PROBE_US (2 * INT64_C(1000000)) /* how long it measures */

struct encoder_probe_settings {
	const struct config_record *record; /* its quality and sandbox are used */
	const char *encoder, *preset;       /* in place of the record's */
	uint16_t width, height;             /* at least 16 */
	unsigned fps;                       /* nominal */
	const atomic_bool *cancelled;       /* it gives up soon after another thread has set this; NULL: never */
};

/*
 * Has FFmpeg encode pictures of that size as fast as it can, as it would for the recorder, and looks at what comes
 * back: every frame with its own time, decodable, showing its picture, the first one a key frame, and another one
 * within 5 s of video. An encoder that places key frames as it likes is good enough. Blocks for some seconds, and for
 * half a minute if FFmpeg hangs. SIGPIPE has to be ignored. Returns false and sets *why if the encoder does not work.
 */
bool encoder_probe(const struct encoder_probe_settings *settings, double *encoded_fps, struct reason *why);

#endif
