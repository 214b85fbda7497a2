/*
 * encoder.h - runs FFmpeg: feeds it frames of the ring and passes what it encodes on to the storage thread.
 *
 * Each run has one FFmpeg child. The child is started again when it dies or hangs, but never for being slow. A run ends
 * with the ring's epoch (source, size or clock mapping changed), when the ring has overwritten frames that were not
 * fed, when recording is switched off, and with the child's death. The next child continues where the output of the
 * last one ended. Frames that FFmpeg cannot decode are counted as lost (encoder_pictures.c).
 */
#ifndef RECORDERD_ENCODER_ENCODER_H
#define RECORDERD_ENCODER_ENCODER_H

#include <stdbool.h>
#include <stdint.h>

#include "recorderd/archive/archive.h"
#include "recorderd/ring/video_writer.h"
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
	struct video_writer *video; /* NULL: there is no live video */
	uint64_t adopted;           /* seq of the newest frame in the ring that the previous recorder wrote; 0: none */
};

/* Recording is on if the configuration says so. Returns NULL if memory runs out. All of `parts` must outlive it. */
struct encoder *encoder_create(const struct encoder_parts *parts);
void encoder_destroy(struct encoder *encoder);

/* To be called when there are new frames in the ring, or room in storage again. Does not block. */
void encoder_pump(struct encoder *encoder);

/*
 * Switches recording. Off: the frames so far are still recorded, later ones are not. On: records from the next frame
 * on, after a gap with `off_cause`: GAP_OFF or GAP_SCHEDULE. The frames in between are those with
 * RING_FRAME_RECORDING_OFF (capture_set_flags), so that an encoder that is late, or the next recorder's, skips them too.
 */
void encoder_set_recording(struct encoder *encoder, bool on, enum gap_cause off_cause);

/* Sets the camera's nominal rate for the next run. */
void encoder_set_fps(struct encoder *encoder, unsigned fps);

/* Ends the run with the newest frame in the ring, because no frames follow for now. */
void encoder_end_run(struct encoder *encoder);

/*
 * Ends the last run. `drained` is called from the loop once everything that was fed has been passed to storage, or time
 * is up.
 */
void encoder_stop(struct encoder *encoder, void (*drained)(void *context), void *context);

struct encoder_status {
	bool off;         /* recording is switched off */
	bool running;     /* a child takes frames */
	bool failing;     /* the child died, could not be started, or gives no frames */
	bool undecodable; /* it takes frames and cannot decode them */
	uint32_t restarts;
	uint64_t dropped;      /* frames skipped because the encoder is too slow */
	uint64_t lost;         /* frames that FFmpeg could not decode, or that were overwritten before they were fed */
	uint64_t in_flight;    /* frames that the child has been given and has not given back */
	int64_t lag_us;        /* age of the next frame against the newest one */
	uint32_t ratio_milli;  /* thousandths of the frames that are fed */
	const char *encoder;   /* of the present run, or of the last one */
	char last_error[256];  /* if it is failing */
	char stamp_error[256]; /* why record.stamp is not done; empty: it is, or is not wanted */
	struct sandbox_state sandbox; /* of the newest child */
};

void encoder_status(const struct encoder *encoder, struct encoder_status *out);

#endif
