#include "recorderd/publish.h"

#include <stdio.h>
#include <string.h>

static enum recording_state recording_state_of(const struct encoder_status *encoder, const struct recorder_state *state)
{
	if (encoder->off)
		return RECORDING_OFF;
	if (state->disk_error[0])
		return RECORDING_DISK;
	if (encoder->failing)
		return RECORDING_ENCODER;
	return encoder->running ? RECORDING_ON : RECORDING_WAITING;
}

static void add_encoder(const struct publisher *publisher, struct recorder_state *state, struct encoder_status *encoder)
{
	encoder_status(publisher->encoder, encoder);
	state->encoder_restarts = encoder->restarts;
	state->thinned = encoder->thinned;
	state->encoder_lost = encoder->lost + storage_dropped(publisher->storage);
	state->encoder_behind_us = encoder->behind_us;
	state->encoder_keep_milli = encoder->keep_milli;
	snprintf(state->encoder, sizeof state->encoder, "%s",
		 publisher->config->record.codec == CODEC_MJPEG ? "copy" : publisher->config->record.encoder);
	if (encoder->failing) {
		snprintf(state->last_error, sizeof state->last_error, "%s", encoder->last_error);
		state->last_error_wall_us = wall_now().us;
	}
}

static void add_archive(struct publisher *publisher, struct recorder_state *state)
{
	mono_t now = mono_now();

	if (now.us - publisher->summarised.us >= US_PER_S || !publisher->summarised.us) {
		archive_summarise(publisher->archive, &publisher->summary);
		publisher->summarised = now;
	}
	state->segments = publisher->summary.segments;
	state->recordings_bytes = publisher->summary.bytes;
	state->oldest_wall_us = publisher->summary.oldest_wall_us;
	state->disk_free_bytes = publisher->summary.disk_free_bytes;
	state->disk_total_bytes = publisher->summary.disk_total_bytes;
	state->set_aside = publisher->summary.set_aside;
	state->clock_unsure = publisher->summary.clock_unsure;
	memcpy(state->gaps, publisher->summary.tally.gaps, sizeof state->gaps);
	state->deleted_segments = publisher->summary.tally.deleted_segments;
	state->deleted_bytes = publisher->summary.tally.deleted_bytes;
	snprintf(state->folder_note, sizeof state->folder_note, "%s", publisher->summary.folder_note);
	memcpy(state->open_segment, publisher->summary.open_segment, sizeof state->open_segment);
	if (!storage_trouble(publisher->storage, state->disk_error, sizeof state->disk_error))
		snprintf(state->disk_error, sizeof state->disk_error, "%s", publisher->summary.trouble);
	state->encoded = storage_frames(publisher->storage);
	state->queue_bytes = storage_queued_bytes(publisher->storage);
	state->indexed_wall_us = storage_indexed_wall_us(publisher->storage);
}

static void note_recording(struct publisher *publisher, struct recorder_state *state)
{
	state->recording_since_wall_us = publisher->last.recording_since_wall_us;
	if (state->recording_state != publisher->last.recording_state || !state->recording_since_wall_us)
		state->recording_since_wall_us = wall_now().us;
	publisher->last = *state;
}

void publish(struct publisher *publisher)
{
	struct recorder_state state = publisher->last;
	struct encoder_status encoder;

	if (publisher->capture)
		capture_status(publisher->capture, &state);
	snprintf(state.camera, sizeof state.camera, "%s", publisher->config->camera.name);
	state.started_wall_us = publisher->started.us;
	state.config_mono_us = publisher->configured.us;
	state.max_viewers = (uint64_t)publisher->config->http.max_viewers;
	state.heartbeat_mono_us = mono_now().us;
	add_encoder(publisher, &state, &encoder);
	add_archive(publisher, &state);
	state.recording_state = recording_state_of(&encoder, &state);
	note_recording(publisher, &state);
	ring_writer_state(publisher->ring, &state);
}

void publish_stopped(struct publisher *publisher)
{
	publisher->last.camera_state = CAMERA_STOPPED;
	publisher->last.recording_state = RECORDING_OFF;
	publisher->last.heartbeat_mono_us = mono_now().us;
	ring_writer_state(publisher->ring, &publisher->last);
}
