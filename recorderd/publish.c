#include "recorderd/publish.h"

#include <stdio.h>
#include <string.h>

static enum recording_state recording_state_of(const struct encoder_status *encoder, const struct recorder_state *state)
{
	if (encoder->off)
		return RECORDING_OFF;
	if (state->disk_error[0])
		return RECORDING_DISK;
	if (encoder->undecodable)
		return RECORDING_NO_PICTURES;
	if (encoder->failing)
		return RECORDING_ENCODER;
	return encoder->running ? RECORDING_ON : RECORDING_WAITING;
}

static void add_encoder(const struct publisher *publisher, struct recorder_state *state, struct encoder_status *encoder)
{
	encoder_status(publisher->encoder, encoder);
	state->encoder_restarts = encoder->restarts;
	state->thinned = encoder->dropped;
	state->encoder_lost = encoder->lost + storage_dropped(publisher->storage);
	state->encoder_behind_us = encoder->lag_us;
	state->unwritten_frames = encoder->in_flight + storage_unwritten(publisher->storage);
	state->encoder_ratio_milli = encoder->ratio_milli;
	snprintf(state->encoder, sizeof(state->encoder), "%s",
		 publisher->config->record.codec == CODEC_MJPEG ? "copy" : publisher->config->record.encoder);
	state->sandbox_known = encoder->sandbox.known;
	state->sandbox_landlock = (uint32_t)encoder->sandbox.landlock;
	state->sandbox_seccomp = encoder->sandbox.seccomp;
	snprintf(state->sandbox_missing, sizeof(state->sandbox_missing), "%.255s", encoder->sandbox.missing.text);
	if (encoder->failing) {
		snprintf(state->last_error, sizeof(state->last_error), "%s", encoder->last_error);
		state->last_error_wall_us = wall_now().us;
	}
}

static void add_archive(struct publisher *publisher, struct recorder_state *state)
{
	mono_t now = mono_now();

	if (now.us - publisher->summarised.us >= US_PER_S || !publisher->summarised.us) {
		archive_get_summary(publisher->archive, &publisher->summary);
		publisher->summarised = now;
	}
	state->segments = publisher->summary.segments;
	state->recordings_bytes = publisher->summary.bytes;
	state->oldest_wall_us = publisher->summary.oldest_wall_us;
	state->disk_free_bytes = publisher->summary.disk_free_bytes;
	state->disk_total_bytes = publisher->summary.disk_total_bytes;
	state->unread = publisher->summary.unread;
	state->set_aside = publisher->summary.set_aside;
	state->retention_delays = publisher->summary.clock_doubts;
	memcpy(state->gaps, publisher->summary.counters.gaps, sizeof(state->gaps));
	state->deleted_segments = publisher->summary.counters.deleted_segments;
	state->deleted_bytes = publisher->summary.counters.deleted_bytes;
	snprintf(state->clips_note, sizeof(state->clips_note), "%s", publisher->summary.clips_note);
	snprintf(state->folder_note, sizeof(state->folder_note), "%s", publisher->summary.folder_note);
	memcpy(state->open_segment, publisher->summary.open_segment, sizeof(state->open_segment));
	if (!storage_error(publisher->storage, state->disk_error, sizeof(state->disk_error)))
		snprintf(state->disk_error, sizeof(state->disk_error), "%s", publisher->summary.error);
	state->encoded = storage_frames(publisher->storage);
	state->queue_bytes = storage_queued_bytes(publisher->storage);
	state->indexed_wall_us = storage_indexed_wall_us(publisher->storage);
	state->indexed_mono_us = storage_indexed_mono_us(publisher->storage);
}

/* Two digits of it: what nearly stays the same is the same sentence. */
static int64_t rounded_us(int64_t us)
{
	int64_t unit = US_PER_S;

	while (us / unit >= 100)
		unit *= 10;
	return us / unit * unit;
}

/* How long the ring's bytes last, by the frames that are in it; 0 where there are too few of them. */
static int64_t holds_us(const struct ring_reader *ring)
{
	uint64_t head = ring_reader_head(ring);
	struct ring_frame oldest, newest;

	if (head == 0 || !ring_reader_get(ring, head, &newest) ||
	    !ring_reader_get(ring, ring_reader_tail(ring), &oldest))
		return 0;
	int64_t span_us = newest.meta.mono_us - oldest.meta.mono_us;
	uint64_t bytes = newest.pos - oldest.pos;
	if (span_us < US_PER_S || bytes == 0)
		return 0;
	return (int64_t)((double)span_us * (double)ring_reader_data_bytes(ring) / (double)bytes);
}

static void add_memory(const struct publisher *publisher, struct recorder_state *state)
{
	state->memory_wanted_us = (int64_t)(publisher->config->memory.minutes * 60 * (double)US_PER_S);
	state->memory_bytes = ring_reader_data_bytes(publisher->reader);
	int64_t holds = holds_us(publisher->reader), wanted = state->memory_wanted_us;
	state->memory_limit = publisher->memory_limit;
	snprintf(state->memory_note, sizeof(state->memory_note), "%s", ring_writer_name_warning(publisher->ring));
	if (ring_writer_is_short(publisher->ring))
		state->memory_limit = MEMORY_SHM;
	/* Frames are smaller than was reckoned with, or larger: then only a size that somebody sets helps. */
	if (holds >= wanted)
		state->memory_limit = MEMORY_MINUTES;
	else if (holds > 0 && state->memory_limit == MEMORY_MINUTES)
		state->memory_limit = MEMORY_MAX_MB;
	state->memory_holds_us = holds >= wanted ? wanted : rounded_us(holds);
}

/* Whose ring it is. A path that does not fit is left out: half of one would name another file. */
static void add_file(const struct publisher *publisher, struct recorder_state *state)
{
	size_t length = strlen(publisher->config->file);

	if (length < sizeof(state->config_file))
		memcpy(state->config_file, publisher->config->file, length + 1);
}

/* What recorder-live needs to know of the configuration. */
static void add_settings(const struct publisher *publisher, struct recorder_state *state)
{
	const struct config_http *http = &publisher->config->http;

	static_assert(sizeof(state->hosts) == sizeof(http->hosts), "whole lists");
	static_assert(sizeof(state->allow_origin) == sizeof(http->allow_origin), "whole lists");
	state->max_viewers = (uint64_t)http->max_viewers;
	state->log_level = publisher->config->log_level;
	memcpy(state->hosts, http->hosts, sizeof(state->hosts));
	memcpy(state->allow_origin, http->allow_origin, sizeof(state->allow_origin));
	static_assert(sizeof(state->proxies) == sizeof(http->proxies), "a whole list");
	memcpy(state->proxies, http->proxies, sizeof(state->proxies));
	state->address_share = (uint64_t)http->address_share;
	state->stall_seconds = (uint64_t)http->stall_seconds;
	state->settings_known = 1;
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
		capture_get_state(publisher->capture, &state);
	snprintf(state.camera, sizeof(state.camera), "%s", publisher->config->camera.name);
	state.started_wall_us = publisher->started.us;
	state.config_mono_us = publisher->configured.us;
	add_settings(publisher, &state);
	state.heartbeat_mono_us = mono_now().us;
	add_file(publisher, &state);
	add_encoder(publisher, &state, &encoder);
	add_archive(publisher, &state);
	add_memory(publisher, &state);
	state.recording_state = recording_state_of(&encoder, &state);
	note_recording(publisher, &state);
	ring_writer_set_state(publisher->ring, &state);
}

void publish_stopped(struct publisher *publisher)
{
	publisher->last.camera_state = CAMERA_STOPPED;
	publisher->last.recording_state = RECORDING_OFF;
	publisher->last.heartbeat_mono_us = mono_now().us;
	ring_writer_set_state(publisher->ring, &publisher->last);
}
