/*
 * encoder_trial.h - tries the hardware encoders, one after the other, on a thread, while the recorder records.
 *
 * Each one runs in an FFmpeg of its own (encoder_probe.h). The first one that works and encodes all frames of the
 * camera wins.
 */
#ifndef RECORDERD_PROBE_ENCODER_TRIAL_H
#define RECORDERD_PROBE_ENCODER_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/reason.h"
#include "shared/config/config.h"

struct encoder_trial;

struct encoder_trial_result {
	const char *encoder;  /* a constant; NULL: none of them */
	double encoded_fps;   /* of that encoder */
	struct reason others; /* what is wrong with those that were tried before; empty: nothing */
};

/* Copies what it needs of the record. Returns NULL and sets *why if there is no memory or no thread. */
struct encoder_trial *encoder_trial_start(const struct config_record *record, uint16_t width, uint16_t height,
					  unsigned fps, struct reason *why);

bool encoder_trial_is_over(const struct encoder_trial *trial);

/* Only once it is over. Valid until the trial is closed. */
const struct encoder_trial_result *encoder_trial_result(const struct encoder_trial *trial);

/* Gives up if it is not over, which takes a few tenths of a second. NULL is safe. */
void encoder_trial_close(struct encoder_trial *trial);

#endif
