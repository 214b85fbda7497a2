/* state.c - words for the numbers in the published state. */
#include "shared/ring/state.h"

#include <stddef.h>

static const char *text_at(const char *const *texts, size_t count, uint32_t number)
{
	return number < count && texts[number] ? texts[number] : "unknown";
}

#define TEXT_AT(texts, number) text_at((texts), sizeof(texts) / sizeof((texts)[0]), (number))

const char *gap_cause_text(uint32_t cause)
{
	static const char *const texts[] = {
		[GAP_NONE] = "none",           [GAP_START] = "start",         [GAP_RECORDER_DOWN] = "recorder down",
		[GAP_UNPLUGGED] = "unplugged", [GAP_STALLED] = "stalled",     [GAP_CLOCK] = "clock",
		[GAP_ENCODER] = "encoder",     [GAP_DISK] = "disk",           [GAP_OFF] = "recording off",
		[GAP_FORMAT] = "format",       [GAP_SUSPENDED] = "suspended", [GAP_DELETED] = "deleted",
	};

	return TEXT_AT(texts, cause);
}

const char *camera_state_text(uint32_t state)
{
	static const char *const texts[] = {
		[CAMERA_STARTING] = "starting",   [CAMERA_WAITING] = "waiting", [CAMERA_OPENING] = "opening",
		[CAMERA_STREAMING] = "streaming", [CAMERA_STALLED] = "stalled", [CAMERA_STOPPED] = "stopped",
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
	};

	return TEXT_AT(texts, damage);
}
