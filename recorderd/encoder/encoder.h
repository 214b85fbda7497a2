/*
 * encoder.h - one FFmpeg child per run, and its supervision: feeds it from the ring, hands what it makes to the storage
 * thread, starts it again when it dies or hangs, and never for being slow.
 *
 * A run ends where the ring's stretch does (source, size, clock mapping), where the ring went over frames that were not
 * fed, where recording is switched off, and with the child's death. The next child begins where the output of the last
 * one ended. Frames that FFmpeg cannot decode are counted as lost: encoder_pictures.c.
 */
#ifndef RECORDERD_ENCODER_ENCODER_H
#define RECORDERD_ENCODER_ENCODER_H

#include <stdbool.h>
#include <stdint.h>

#include "recorderd/archive/archive.h"
#include "recorderd/storage/storage.h"
#include "shared/config/config.h"
#include "shared/event/loop.h"
#include "shared/ring/ring_reader.h"
#include "shared/sandbox/sandbox.h"

struct encoder;

struct encoder_parts {
	struct loop *loop;
	const struct config *config;
	struct archive *archive;
	struct storage *storage;
	const struct ring_reader *ring;
	uint64_t adopted; /* newest frame of the ring that a former recorder put there */
};

/* Recording is on if the configuration says so. NULL without memory. `parts` outlive it. */
struct encoder *encoder_create(const struct encoder_parts *parts);
void encoder_destroy(struct encoder *encoder);

/* New frames are in the ring, or storage has room again: go on. */
void encoder_pump(struct encoder *encoder);

/*
 * Switches recording, until the recorder ends. Off: what came so far is still recorded, and nothing after it; on: from
 * the next frame, behind a gap with GAP_OFF. The frames in between are those that bear RING_FRAME_RECORDING_OFF
 * (capture_set_recording), also for an encoder that gets there later, and for that of the next recorder.
 */
void encoder_set_recording(struct encoder *encoder, bool on);

/* What the camera is said to give, for the next run. */
void encoder_set_fps(struct encoder *encoder, unsigned fps);

/* No more frames come for now: what is in the ring ends the run. */
void encoder_end_run(struct encoder *encoder);

/* Ends the run for good; `drained` is called, from the loop, once all that was fed is with storage (or time was up). */
void encoder_stop(struct encoder *encoder, void (*drained)(void *context), void *context);

struct encoder_status {
	bool off;         /* recording is switched off */
	bool running;     /* a child takes frames */
	bool failing;     /* it died or could not be started, and the next is waited for; or it gives nothing */
	bool undecodable; /* it takes the frames and makes no picture of them */
	uint32_t restarts;
	uint64_t thinned, lost;
	uint64_t in_flight; /* frames that the child was given and has not given back */
	int64_t behind_us;
	uint32_t ratio_milli;         /* share of the frames that the encoder is given */
	char last_error[256];         /* where it is failing */
	struct sandbox_state sandbox; /* of the newest child */
};

void encoder_status(const struct encoder *encoder, struct encoder_status *out);

#endif
