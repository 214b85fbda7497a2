/* state.c - makes a published state safe to use, and has words for its numbers. */
#include "shared/ring/state.h"

#include <stddef.h>

#include "shared/base/clock.h"

static const char *text_at(const char *const *texts, size_t count, uint32_t number)
{
	return number < count && texts[number] ? texts[number] : "unknown";
}

#define TEXT_AT(texts, number) text_at((texts), sizeof(texts) / sizeof((texts)[0]), (number))

const char *gap_cause_text(uint32_t cause)
{
	static const char *const texts[] = {
		[GAP_NONE] = "none",
		[GAP_START] = "start",
		[GAP_RECORDER_DOWN] = "recorder down",
		[GAP_UNPLUGGED] = "unplugged",
		[GAP_STALLED] = "stalled",
		[GAP_CLOCK] = "clock",
		[GAP_ENCODER] = "encoder",
		[GAP_DISK] = "disk",
		[GAP_OFF] = "recording off",
		[GAP_FORMAT] = "format",
		[GAP_SUSPENDED] = "suspended",
		[GAP_SCHEDULE] = "schedule",
		[GAP_CAMERA_OFF] = "camera off",
		[GAP_DELETED] = "deleted",
		[GAP_EXPIRED] = "expired",
	};

	return TEXT_AT(texts, cause);
}

const char *camera_state_text(uint32_t state)
{
	static const char *const texts[] = {
		[CAMERA_STARTING] = "starting", [CAMERA_WAITING] = "waiting",
		[CAMERA_OPENING] = "opening",   [CAMERA_STREAMING] = "streaming",
		[CAMERA_STALLED] = "stalled",   [CAMERA_STOPPED] = "stopped",
		[CAMERA_OFF] = "off",
	};

	return TEXT_AT(texts, state);
}

const char *recording_state_text(uint32_t state)
{
	static const char *const texts[] = {
		[RECORDING_OFF] = "off",      [RECORDING_WAITING] = "waiting",
		[RECORDING_ON] = "recording", [RECORDING_ENCODER] = "encoder",
		[RECORDING_DISK] = "disk",    [RECORDING_NO_PICTURES] = "no pictures",
	};

	return TEXT_AT(texts, state);
}

const char *motion_state_text(uint32_t state)
{
	static const char *const texts[MOTION_STATES] = {
		[MOTION_OFF] = "off",
		[MOTION_STARTING] = "starting",
		[MOTION_RUNNING] = "running",
		[MOTION_FAILING] = "failing",
	};

	return TEXT_AT(texts, state);
}

const char *store_state_text(uint32_t state)
{
	static const char *const texts[STORE_STATES] = {
		[STORE_OFF] = "off",
		[STORE_SHIPPING] = "shipping",
		[STORE_FAILING] = "failing",
		[STORE_DOWN] = "down",
	};

	return TEXT_AT(texts, state);
}

const char *frame_damage_text(uint32_t damage)
{
	static const char *const texts[DAMAGE_KINDS] = {
		[DAMAGE_NONE] = "intact",
		[DAMAGE_FLAGGED] = "flagged by the driver",
		[DAMAGE_EMPTY] = "empty",
		[DAMAGE_OVERRUN] = "larger than its buffer",
		[DAMAGE_NOT_JPEG] = "not a valid JPEG",
		[DAMAGE_TRUNCATED] = "truncated",
		[DAMAGE_FIELDS] = "interlaced, with two fields in one frame (AVI1)",
		[DAMAGE_SHORT] = "shorter than an uncompressed picture",
		[DAMAGE_COMPRESS] = "impossible to compress",
		[DAMAGE_TOO_LARGE] = "larger than a quarter of the ring",
		[DAMAGE_REWRITE] = "impossible to mask or turn",
	};

	return TEXT_AT(texts, damage);
}

/* An implausible time becomes 0, which means that there is none. */
static void clear_implausible_times(struct recorder_state *state)
{
	int64_t *const times_us[] = {
		&state->heartbeat_mono_us,       &state->started_wall_us,       &state->since_wall_us,
		&state->recording_since_wall_us, &state->indexed_wall_us,       &state->oldest_wall_us,
		&state->last_error_wall_us,      &state->memory_wanted_us,      &state->memory_holds_us,
		&state->indexed_mono_us,         &state->motion_second_wall_us, &state->covered_wall_us,
		&state->view_changed_wall_us,    &state->blurred_wall_us,       &state->recording_on_wall_us,
		&state->store_shipped_wall_us,   &state->store_failing_wall_us, &state->hooks_missing_wall_us,
		&state->first_unshipped_wall_us, &state->disk_wanted_us};

	for (size_t i = 0; i < sizeof(times_us) / sizeof(times_us[0]); i++)
		if (!clock_is_plausible(*times_us[i]))
			*times_us[i] = 0;
}

/*
 * Terminates a text and replaces the control characters of ASCII and of ISO 8859-1 in UTF-8: a camera or another user
 * may have chosen it, and it is printed on somebody's terminal.
 */
static void sanitize_text(char *text, size_t bytes)
{
	text[bytes - 1] = '\0';
	for (; *text; text++) {
		unsigned char first = (unsigned char)text[0], second = (unsigned char)text[1];

		if (first < 0x20 || first == 0x7f)
			*text = '?';
		else if (first == 0xc2 && second >= 0x80 && second < 0xa0)
			text[0] = text[1] = '?';
	}
}

#define sanitize(text) sanitize_text(text, sizeof(text))

void state_sanitize(struct recorder_state *state)
{
	sanitize(state->camera);
	sanitize(state->device);
	sanitize(state->model);
	sanitize(state->driver);
	sanitize(state->bus);
	sanitize(state->format);
	sanitize(state->configured);
	sanitize(state->encoder);
	sanitize(state->open_segment);
	sanitize(state->disk_error);
	sanitize(state->last_error);
	sanitize(state->folder_note);
	sanitize(state->config_file);
	sanitize(state->clips_note);
	sanitize(state->hosts);
	sanitize(state->allow_origin);
	sanitize(state->proxies);
	sanitize(state->memory_note);
	sanitize(state->sandbox_missing);
	sanitize(state->motion_error);
	sanitize(state->store_error);
	for (size_t i = 0; i < STATE_CAMERA_NOTES; i++)
		sanitize(state->camera_notes[i]);
	uint32_t ids = sizeof(state->camera_ids) / sizeof(state->camera_ids[0]);
	if (state->camera_count > ids)
		state->camera_count = ids;
	clear_implausible_times(state);
}
