/* health.c - what is wrong with a recorder, in sentences. */
#include "shared/ring/health.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/ring/health_disk.h"
#include "shared/text/time_text.h"

#define ENCODER_LAG_WARN_US (10 * US_PER_S)
#define DAMAGED_WARN_MILLI  100
#define STORE_WAITING_WARN  6 /* closed segments: an hour of the usual ten minutes */

static void say(const struct health_listener *listener, enum health_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(const struct health_listener *listener, enum health_kind kind, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	listener->say(listener->context, kind, text);
}

static const char *damage_remedy(const struct recorder_state *state)
{
	bool jpeg = strcmp(state->format, "MJPG") == 0 || strcmp(state->format, "JPEG") == 0;

	switch (state->damaged_kind) {
	case DAMAGE_FIELDS:
		return "Use another camera.width and camera.height, or camera.format = yuyv.";
	case DAMAGE_TOO_LARGE:
		return "Raise memory.max_mb.";
	case DAMAGE_REWRITE:
		return "With a [mask], only whole baseline JPEGs without errors are used. Use another cable, port or "
		       "hub, "
		       "or camera.format = yuyv.";
	case DAMAGE_COMPRESS:
		return "The log says more.";
	default:
		return jpeg ? "Use another cable, port or hub, a smaller picture, or camera.format = yuyv."
			    : "Use another cable, port or hub, a smaller picture, or a lower camera.fps.";
	}
}

static void check_frames(const struct recorder_state *state, const struct health_listener *listener)
{
	if (state->damaged_milli < DAMAGED_WARN_MILLI || state->camera_state == CAMERA_WAITING ||
	    state->camera_state == CAMERA_STOPPED)
		return;
	say(listener, HEALTH_WARNING,
	    "%u %% of the frames from the camera are damaged and dropped, most of them %s. %s",
	    (state->damaged_milli + 5) / 10, frame_damage_text(state->damaged_kind), damage_remedy(state));
}

/* Live view and memory have every frame, however slow the encoder is. */
static void check_encoder(const struct recorder_state *state, const struct health_listener *listener)
{
	bool drops = state->encoder_ratio_milli > 0 && state->encoder_ratio_milli < 1000;

	if (drops)
		say(listener, HEALTH_WARNING,
		    "This machine is too slow to encode every frame: it records %u %% of them (%llu dropped so far). "
		    "Use a faster record.preset, a smaller picture, a lower camera.fps, a hardware record.encoder, or "
		    "record.codec = mjpeg.",
		    (state->encoder_ratio_milli + 5) / 10, (unsigned long long)state->thinned);
	else if (state->encoder_behind_us > ENCODER_LAG_WARN_US)
		say(listener, HEALTH_WARNING, "The encoder is %lld s behind the camera.",
		    (long long)(state->encoder_behind_us / US_PER_S));
}

/* Which recordings stay longer than they should, and until when (recorderd/archive/archive_age.c). */
static void check_retention(const struct recorder_state *state, const struct health_listener *listener)
{
	if (state->retention_delays & RETENTION_DELAY_CLOCK_SET)
		say(listener, HEALTH_WARNING,
		    "The clock was set by more than an hour since this machine started, and nothing has synchronised "
		    "it. Older recordings may be kept for up to retention.hours longer.");
	if (state->retention_delays & RETENTION_DELAY_CLOCK_JUMPED)
		say(listener, HEALTH_WARNING,
		    "According to the clock, nothing was recorded for more than retention.hours before the recorder "
		    "started, and nothing has synchronised the clock. Older recordings are kept for up to "
		    "retention.hours from that start.");
	if (state->retention_delays & RETENTION_DELAY_FUTURE)
		say(listener, HEALTH_WARNING,
		    "Some recordings have times that are later than the clock. They are kept until the recorder has "
		    "run for retention.hours, or until they are that old by the clock.");
}

/* An estimate is no reason to warn: a quiet scene takes a fraction of it. */
static void check_disk(const struct recorder_state *state, const struct health_listener *listener)
{
	char text[HEALTH_DISK_TEXT_BYTES];

	if (!state->disk_measured || !health_disk_is_short(state))
		return;
	health_disk_text(state, text);
	say(listener, HEALTH_WARNING, "%s", text);
}

static void say_recording_off(const struct recorder_state *state, const struct health_listener *listener)
{
	char at[TIME_WORDS_BYTES];

	if (state->recording_off_cause != GAP_SCHEDULE) {
		say(listener, HEALTH_WARNING, "Recording is switched off.");
	} else if (!state->recording_on_wall_us) {
		say(listener, HEALTH_WARNING, "Recording is off, outside of record.hours.");
	} else {
		time_format_words((wall_t){state->recording_on_wall_us}, wall_now(), at);
		say(listener, HEALTH_WARNING, "Recording is off until %s (record.hours).", at);
	}
}

static void check_recording(const struct recorder_state *state, const struct health_listener *listener)
{
	switch (state->recording_state) {
	case RECORDING_ENCODER:
		say(listener, HEALTH_FAILURE,
		    "Nothing is being recorded: the encoder stopped and is being restarted%s%s.",
		    *state->last_error ? ". " : "", state->last_error);
		break;
	case RECORDING_NO_PICTURES:
		say(listener, HEALTH_FAILURE,
		    "Nothing is being recorded: the encoder cannot decode what the camera sends: %s",
		    *state->last_error ? state->last_error : "reason unknown.");
		break;
	case RECORDING_DISK:
		say(listener, HEALTH_FAILURE,
		    "Cannot write recordings: %s. Live view and the frames in memory continue.",
		    *state->disk_error ? state->disk_error : "reason unknown");
		break;
	case RECORDING_OFF:
		say_recording_off(state, listener);
		break;
	default:
		break;
	}
	check_encoder(state, listener);
	if (*state->folder_note)
		say(listener, HEALTH_WARNING, "%s", state->folder_note);
	if (*state->clips_note)
		say(listener, HEALTH_WARNING, "%s", state->clips_note);
	check_retention(state, listener);
	check_disk(state, listener);
}

static void say_since(const struct health_listener *listener, int64_t since_wall_us, const char *format)
	__attribute__((format(printf, 3, 0)));

/* `format` has one %s, for the time. Says nothing if there is none. */
static void say_since(const struct health_listener *listener, int64_t since_wall_us, const char *format)
{
	char at[TIME_WORDS_BYTES], text[256];

	if (!since_wall_us)
		return;
	time_format_words((wall_t){since_wall_us}, wall_now(), at);
	snprintf(text, sizeof(text), format, at);
	say(listener, HEALTH_WARNING, "%s", text);
}

/* Nobody knows why it is so: it may be a spider as well as a thief. */
static void check_motion(const struct recorder_state *state, const struct health_listener *listener)
{
	bool sees = state->camera_state == CAMERA_STREAMING;

	if (state->motion_state == MOTION_FAILING)
		say(listener, HEALTH_WARNING, "Nobody watches what moves: %s. Recording continues.",
		    *state->motion_error ? state->motion_error : "recorder-motion does not work");
	say_since(listener, sees ? state->covered_wall_us : 0,
		  "The camera has been covered, or in complete darkness, since %s.");
	say_since(listener, state->view_changed_wall_us, "The camera's view changed at %s: was it turned?");
	say_since(listener, sees ? state->blurred_wall_us : 0,
		  "The camera's picture has been blurred since %s: fog, a dirty lens, or one that is out of focus.");
}

static void check_damaged_recordings(const struct recorder_state *state, const struct health_listener *listener)
{
	if (state->set_aside)
		say(listener, HEALTH_WARNING,
		    "Damaged recordings that could not be repaired: %llu. They are in the recordings folder as "
		    "damaged_….mp4.",
		    (unsigned long long)state->set_aside);
	if (state->unread)
		say(listener, HEALTH_WARNING,
		    "Recordings that could not be read: %llu. They are not listed until the recorder starts again. Its "
		    "log says why.",
		    (unsigned long long)state->unread);
}

const char *health_memory_limit(const struct recorder_state *state)
{
	static const char *const names[MEMORY_LIMITS] = {[MEMORY_MINUTES] = "memory.minutes",
							 [MEMORY_RAM_SHARE] = "RAM",
							 [MEMORY_MAX_MB] = "memory.max_mb",
							 [MEMORY_SHM] = "/dev/shm"};

	return state->memory_limit < MEMORY_LIMITS ? names[state->memory_limit] : NULL;
}

static const char *memory_remedy(uint64_t limit)
{
	static const char *const sentences[MEMORY_LIMITS] = {
		[MEMORY_MINUTES] = "To keep more, raise memory.minutes.",
		[MEMORY_RAM_SHARE] = "This is the camera's share of a quarter of the machine's RAM. To keep more, set "
				     "memory.max_mb for this camera.",
		[MEMORY_MAX_MB] = "To keep more, raise memory.max_mb.",
		[MEMORY_SHM] = "This is the camera's share of /dev/shm. To keep more, use a larger /dev/shm "
			       "(shm_size of a container, otherwise mount -o remount,size=...).",
	};

	return limit < MEMORY_LIMITS && sentences[limit] ? sentences[limit] : "";
}

void health_memory_text(const struct recorder_state *state, char out[HEALTH_MEMORY_TEXT_BYTES])
{
	char holds[96] = "";

	out[0] = '\0';
	if (state->memory_bytes == 0)
		return;
	if (state->memory_limit == MEMORY_MINUTES)
		snprintf(holds, sizeof(holds), "the last %g minutes", (double)state->memory_wanted_us / 60e6);
	else if (state->memory_holds_us > 0)
		snprintf(holds, sizeof(holds), "about %lld s of the %g minutes set by memory.minutes",
			 (long long)(state->memory_holds_us / US_PER_S), (double)state->memory_wanted_us / 60e6);
	else
		snprintf(holds, sizeof(holds), "at most the last %g minutes", (double)state->memory_wanted_us / 60e6);
	snprintf(out, HEALTH_MEMORY_TEXT_BYTES, "The memory (%llu MiB of RAM) holds %s. %s",
		 (unsigned long long)(state->memory_bytes >> 20), holds, memory_remedy(state->memory_limit));
}

/* A quarter of the RAM is the default and no reason to warn. A smaller /dev/shm is, because people can enlarge it. */
static void check_memory(const struct recorder_state *state, const struct health_listener *listener)
{
	char text[HEALTH_MEMORY_TEXT_BYTES];

	if (*state->memory_note)
		say(listener, HEALTH_WARNING,
		    "%s. The frames in memory have another name until the recorder is restarted with that one free.",
		    state->memory_note);
	if (state->memory_limit != MEMORY_SHM)
		return;
	health_memory_text(state, text);
	if (*text)
		say(listener, HEALTH_WARNING, "%s", text);
}

static void say_unshipped(const struct recorder_state *state, const struct health_listener *listener)
{
	char first[TIME_WORDS_BYTES + 32] = "", words[TIME_WORDS_BYTES];

	if (state->first_unshipped_wall_us) {
		time_format_words((wall_t){state->first_unshipped_wall_us}, wall_now(), words);
		snprintf(first, sizeof(first), ", the first of which began at %s", words);
	}
	say(listener, HEALTH_WARNING,
	    "Recordings that were deleted before they were in the store: %llu since the start%s "
	    "(retention, store.wait_hours).",
	    (unsigned long long)state->deleted_unshipped, first);
}

/* Nothing of this is a failure of recording: what is not in the store is here, unless retention has deleted it. */
static void check_store(const struct recorder_state *state, const struct health_listener *listener)
{
	char since[TIME_WORDS_BYTES];

	if (state->store_state == STORE_DOWN)
		say(listener, HEALTH_WARNING,
		    "Nothing goes to the store: recorder-ship is not running. Recordings stay here.");
	if (state->store_state == STORE_FAILING) {
		time_format_words((wall_t){state->store_failing_wall_us}, wall_now(), since);
		say(listener, HEALTH_WARNING, "The store does not get everything since %s: %s.", since,
		    state->store_error);
	}
	if (state->store_state != STORE_OFF && state->store_waiting_segments >= STORE_WAITING_WARN)
		say(listener, HEALTH_WARNING,
		    "Recordings that wait for the store: %llu (%.1f GB). If this does not become less, the line is "
		    "slower than what is recorded.",
		    (unsigned long long)state->store_waiting_segments, (double)state->store_waiting_bytes / 1e9);
	if (state->deleted_unshipped)
		say_unshipped(state, listener);
}

/* Recording does not depend on them. */
static void check_hooks(const struct recorder_state *state, const struct health_listener *listener)
{
	if (state->hooks == 0)
		return;
	say_since(listener, state->hooks_missing_wall_us,
		  "No hook is run: recorder-hooks has not been connected since %s.");
	if (state->hooks_lost || state->hooks_lost_motion)
		say(listener, HEALTH_WARNING,
		    "recorder-hooks was too slow. Since the start, hooks have missed %llu notifications, and what "
		    "moved "
		    "in %llu seconds.",
		    (unsigned long long)state->hooks_lost, (unsigned long long)state->hooks_lost_motion);
}

void health_check(const struct recorder_state *state, const struct health_listener *listener)
{
	if (!state) {
		say(listener, HEALTH_FAILURE, "The recorder is not running.");
		return;
	}
	if (state->camera_state == CAMERA_OFF)
		say(listener, HEALTH_WARNING,
		    state->camera_off_cause == GAP_SCHEDULE ? "The camera is off, outside of record.hours."
							    : "The camera is switched off.");
	else if (state->camera_state != CAMERA_STREAMING)
		say(listener, HEALTH_FAILURE, "The camera is not streaming: %s.%s%s",
		    camera_state_text(state->camera_state), *state->last_error ? " " : "", state->last_error);
	if (state->source == SOURCE_TEST)
		say(listener, HEALTH_WARNING, "The recorder is recording a test picture, not a camera.");
	else if (*state->configured && !*state->camera_notes[CAMERA_NOTE_FALLBACK])
		say(listener, HEALTH_WARNING, "The configured camera %s is missing; %s is used instead.",
		    state->configured, state->device);
	check_frames(state, listener);
	for (size_t i = 0; i < STATE_CAMERA_NOTES; i++)
		if (*state->camera_notes[i])
			say(listener, HEALTH_WARNING, "%s", state->camera_notes[i]);
	check_recording(state, listener);
	check_motion(state, listener);
	check_damaged_recordings(state, listener);
	check_store(state, listener);
	check_hooks(state, listener);
	check_memory(state, listener);
}
