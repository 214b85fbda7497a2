/* publish.c - fills in and publishes struct recorder_state. */
#include "recorderd/publish.h"

#include <stdio.h>
#include <string.h>

#include "recorderd/disk_need.h"
#include "shared/base/log.h"
#include "shared/ring/health_disk.h"

#define HOOKS_MISSING_US (10 * US_PER_S) /* a restart of recorder-hooks takes less */

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
		 publisher->config->record.codec == CODEC_MJPEG ? "copy" : encoder->encoder);
	state->sandbox_known = encoder->sandbox.known;
	state->sandbox_landlock = (uint32_t)encoder->sandbox.landlock;
	state->sandbox_seccomp = encoder->sandbox.seccomp;
	snprintf(state->sandbox_missing, sizeof(state->sandbox_missing), "%.255s", encoder->sandbox.missing.text);
	if (encoder->failing) {
		snprintf(state->last_error, sizeof(state->last_error), "%s", encoder->last_error);
		state->last_error_wall_us = wall_now().us;
	}
}

static void add_store(const struct archive_summary *summary, struct recorder_state *state)
{
	const struct ship_status *store = &summary->store;

	state->store_state = summary->store_state;
	state->store_shipped_wall_us = store->shipped_wall_us;
	state->store_failing_wall_us = store->failing_since_wall_us;
	state->store_waiting_segments = store->waiting_segments;
	state->store_waiting_bytes = store->waiting_bytes;
	state->store_objects = store->objects;
	state->store_bytes = store->bytes;
	state->store_failures = store->failures;
	state->deleted_unshipped = summary->counters.deleted_unshipped;
	state->first_unshipped_wall_us = summary->counters.first_unshipped_wall_us;
	snprintf(state->store_error, sizeof(state->store_error), "%s", store->error);
}

/* Logged once, when the camera has told what it sends. */
static void log_disk(struct publisher *publisher, const struct recorder_state *state)
{
	char text[HEALTH_DISK_TEXT_BYTES];

	if (publisher->disk_logged || !state->width || !state->disk_wanted_us)
		return;
	publisher->disk_logged = true;
	health_disk_text(state, text);
	if (health_disk_is_short(state))
		log_warn("disk", "%s", text);
	else
		log_info("disk", "%s", text);
}

static void add_archive(struct publisher *publisher, struct recorder_state *state)
{
	mono_t now = mono_now();

	if (now.us - publisher->summary_at.us >= US_PER_S || !publisher->summary_at.us) {
		archive_get_summary(publisher->archive, &publisher->summary);
		publisher->summary_at = now;
	}
	state->segments = publisher->summary.segments;
	state->recordings_bytes = publisher->summary.bytes;
	state->oldest_wall_us = publisher->summary.oldest_wall_us;
	state->disk_free_bytes = publisher->summary.disk_free_bytes;
	state->disk_total_bytes = publisher->summary.disk_total_bytes;
	disk_need_fill(publisher->config, &publisher->summary, publisher->cameras, state);
	log_disk(publisher, state);
	state->unread = publisher->summary.unread;
	state->set_aside = publisher->summary.set_aside;
	state->retention_delays = publisher->summary.clock_doubts;
	memcpy(state->gaps, publisher->summary.counters.gaps, sizeof(state->gaps));
	state->deleted_segments = publisher->summary.counters.deleted_segments;
	state->deleted_bytes = publisher->summary.counters.deleted_bytes;
	add_store(&publisher->summary, state);
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

/* Rounds down to two digits, so that a value that hardly changes does not change the sentence about it. */
static int64_t round_us(int64_t us)
{
	int64_t unit = US_PER_S;

	while (us / unit >= 100)
		unit *= 10;
	return us / unit * unit;
}

/* How much time the ring can hold, judging by the frames in it; 0 if there are too few. */
static int64_t ring_capacity_us(const struct ring_reader *ring)
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
	int64_t wanted_us = (int64_t)(publisher->config->memory.minutes * 60 * (double)US_PER_S);
	int64_t capacity_us = ring_capacity_us(publisher->reader);

	state->memory_wanted_us = wanted_us;
	state->memory_bytes = ring_reader_data_bytes(publisher->reader);
	state->memory_limit = publisher->memory_limit;
	snprintf(state->memory_note, sizeof(state->memory_note), "%s", ring_writer_name_warning(publisher->ring));
	if (ring_writer_is_short(publisher->ring))
		state->memory_limit = MEMORY_SHM;
	/*
	 * Frames can be smaller or larger than the ring's size was computed for; if larger, only memory.max_mb helps.
	 */
	if (capacity_us >= wanted_us)
		state->memory_limit = MEMORY_MINUTES;
	else if (capacity_us > 0 && state->memory_limit == MEMORY_MINUTES)
		state->memory_limit = MEMORY_MAX_MB;
	state->memory_holds_us = capacity_us >= wanted_us ? wanted_us : round_us(capacity_us);
}

/*
 * The configuration that the ring belongs to. A path that does not fit is omitted: a truncated one names another file.
 */
static void add_file(const struct publisher *publisher, struct recorder_state *state)
{
	size_t length = strlen(publisher->config->file);

	if (length < sizeof(state->config_file))
		memcpy(state->config_file, publisher->config->file, length + 1);
}

/* The part of the configuration that recorder-live follows. */
static void add_settings(const struct publisher *publisher, struct recorder_state *state)
{
	const struct config_http *http = &publisher->config->http;

	static_assert(sizeof(state->hosts) == sizeof(http->hosts), "copied whole");
	static_assert(sizeof(state->allow_origin) == sizeof(http->allow_origin), "copied whole");
	static_assert(sizeof(state->proxies) == sizeof(http->proxies), "copied whole");
	state->max_viewers = (uint64_t)http->max_viewers;
	state->max_event_clients = (uint64_t)http->max_event_clients;
	state->log_level = publisher->config->log_level;
	memcpy(state->hosts, http->hosts, sizeof(state->hosts));
	memcpy(state->allow_origin, http->allow_origin, sizeof(state->allow_origin));
	memcpy(state->proxies, http->proxies, sizeof(state->proxies));
	state->address_share = (uint64_t)http->address_share;
	state->stall_seconds = (uint64_t)http->stall_seconds;
	state->settings_known = 1;
}

static void add_motion(const struct publisher *publisher, struct recorder_state *state)
{
	struct motion_status status;

	motion_process_status(publisher->motion, &status);
	state->motion_state = status.state;
	state->motion_restarts = status.restarts;
	state->motion_records = status.records;
	state->motion_second_wall_us = status.end.us;
	state->covered_wall_us = status.covered.us;
	state->view_changed_wall_us = status.view_changed.us;
	state->blurred_wall_us = status.blurred.us;
	snprintf(state->motion_error, sizeof(state->motion_error), "%s", status.error);
}

static void add_notifications(const struct publisher *publisher, struct recorder_state *state)
{
	static_assert(NOTIFICATION_KINDS <= STATE_NOTIFICATIONS, "room for each kind");
	for (int kind = 0; kind < NOTIFICATION_KINDS; kind++)
		state->notifications[kind] = notifier_count(publisher->notifier, (enum notification_kind)kind);
}

static void add_hooks(struct publisher *publisher, struct recorder_state *state)
{
	struct hook_server_counts counts = hook_server_counts(publisher->hooks);
	mono_t now = mono_now();

	state->hooks = (uint32_t)publisher->config->hook_count;
	state->hook_clients = counts.clients;
	state->hooks_lost = counts.lost;
	state->hooks_lost_motion = counts.lost_motion;
	state->hooks_missing_wall_us = 0;
	if (state->hooks == 0 || counts.clients > 0) {
		publisher->hooks_missing_at.us = 0;
	} else if (!publisher->hooks_missing_at.us) {
		publisher->hooks_missing_at = now;
		publisher->hooks_missing = wall_now();
	} else if (now.us - publisher->hooks_missing_at.us >= HOOKS_MISSING_US) {
		state->hooks_missing_wall_us = publisher->hooks_missing.us;
	}
}

static void set_recording_since(struct publisher *publisher, struct recorder_state *state)
{
	state->recording_since_wall_us = publisher->last.recording_since_wall_us;
	if (state->recording_state != publisher->last.recording_state || !state->recording_since_wall_us)
		state->recording_since_wall_us = wall_now().us;
}

static void add_stamp(const struct encoder_status *encoder, struct recorder_state *state)
{
	char *note = state->camera_notes[CAMERA_NOTE_STAMP];

	note[0] = '\0';
	if (encoder->stamp_error[0])
		snprintf(note, STATE_CAMERA_NOTE_SIZE, "The time is not drawn into the recording (record.stamp): %s.",
			 encoder->stamp_error);
}

void publish(struct publisher *publisher)
{
	struct recorder_state state = publisher->last;
	struct encoder_status encoder;

	if (publisher->capture)
		capture_get_state(publisher->capture, &state);
	snprintf(state.camera, sizeof(state.camera), "%s", publisher->config->camera.name);
	state.started_wall_us = publisher->started.us;
	state.config_mono_us = publisher->config_read_at.us;
	add_settings(publisher, &state);
	state.heartbeat_mono_us = mono_now().us;
	add_file(publisher, &state);
	add_encoder(publisher, &state, &encoder);
	add_archive(publisher, &state);
	add_memory(publisher, &state);
	add_motion(publisher, &state);
	add_notifications(publisher, &state);
	add_hooks(publisher, &state);
	state.recording_state = recording_state_of(&encoder, &state);
	state.recording_off_cause = state.recording_state == RECORDING_OFF ? publisher->off_cause : GAP_NONE;
	state.recording_on_wall_us = publisher->on_at.us;
	add_stamp(&encoder, &state);
	set_recording_since(publisher, &state);
	publisher->last = state;
	ring_writer_set_state(publisher->ring, &state);
}

void publish_stopped(struct publisher *publisher)
{
	publisher->last.camera_state = CAMERA_STOPPED;
	publisher->last.recording_state = RECORDING_OFF;
	publisher->last.heartbeat_mono_us = mono_now().us;
	ring_writer_set_state(publisher->ring, &publisher->last);
}
