/* encoder_trial.c - tries the hardware encoders on a thread. */
#include "recorderd/probe/encoder_trial.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorderd/probe/encoder_probe.h"
#include "shared/media/ffmpeg_args.h"

#define REASON_SHOWN 60 /* of each encoder, so that one line has room for all */

/* The thread alone writes the result, before it sets `over`. */
struct encoder_trial {
	struct config_record record;
	uint16_t width, height;
	unsigned fps;
	pthread_t thread;
	atomic_bool over, cancelled;
	struct encoder_trial_result result;
};

/* Appends what is wrong with that encoder. */
static void note(struct encoder_trial *trial, const char *encoder, const char *text)
{
	char *others = trial->result.others.text;
	size_t used = strlen(others);

	snprintf(others + used, sizeof(trial->result.others.text) - used, "%s%s: %.*s", used ? "; " : "", encoder,
		 REASON_SHOWN, text);
}

static void try_encoder(struct encoder_trial *trial, const char *encoder)
{
	struct reason why = {""};
	double fps;
	bool works = encoder_probe(
		&(struct encoder_probe_settings){
			.record = &trial->record,
			.encoder = encoder,
			.preset = trial->record.preset,
			.width = trial->width,
			.height = trial->height,
			.fps = trial->fps,
			.cancelled = &trial->cancelled,
		},
		&fps, &why);

	if (works && fps < trial->fps)
		works = reason_set(&why, "encodes only %.0f of %u fps", fps, trial->fps);
	if (!works) {
		note(trial, encoder, why.text);
	} else {
		trial->result.encoder = encoder;
		trial->result.encoded_fps = fps;
	}
}

static void *run_trial(void *context)
{
	struct encoder_trial *trial = context;
	const char *encoder;

	for (size_t i = 0; (encoder = ffmpeg_hardware_encoder(i)); i++) {
		if (trial->result.encoder || atomic_load(&trial->cancelled))
			break;
		try_encoder(trial, encoder);
	}
	atomic_store(&trial->over, true);
	return NULL;
}

struct encoder_trial *encoder_trial_start(const struct config_record *record, uint16_t width, uint16_t height,
					  unsigned fps, struct reason *why)
{
	struct encoder_trial *trial = calloc(1, sizeof(*trial));

	if (!trial) {
		reason_set(why, "out of memory");
		return NULL;
	}
	trial->record = *record;
	trial->width = width;
	trial->height = height;
	trial->fps = fps;
	if (pthread_create(&trial->thread, NULL, run_trial, trial) != 0) {
		reason_set(why, "cannot start a thread");
		free(trial);
		return NULL;
	}
	return trial;
}

bool encoder_trial_is_over(const struct encoder_trial *trial)
{
	return atomic_load(&trial->over);
}

const struct encoder_trial_result *encoder_trial_result(const struct encoder_trial *trial)
{
	return &trial->result;
}

void encoder_trial_close(struct encoder_trial *trial)
{
	if (!trial)
		return;
	atomic_store(&trial->cancelled, true);
	pthread_join(trial->thread, NULL);
	free(trial);
}
