/* health.c - see health.h. */
#include "shared/ring/health.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "shared/base/clock.h"

#define BEHIND_WARN_US (10 * US_PER_S)

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

/* A machine that is too slow loses nothing of the live view and the memory; what to change is for people to say. */
static void check_encoder(const struct recorder_state *state, const struct health_listener *listener)
{
	bool thins = state->encoder_ratio_milli > 0 && state->encoder_ratio_milli < 1000;

	if (thins)
		say(listener, HEALTH_WARNING,
		    "This machine encodes %u %% of the frames and leaves the others out (%llu so far): a faster "
		    "record.preset, a smaller picture or camera.fps, a hardware record.encoder, or record.codec = "
		    "mjpeg would help.",
		    (state->encoder_ratio_milli + 5) / 10, (unsigned long long)state->thinned);
	else if (state->encoder_behind_us > BEHIND_WARN_US)
		say(listener, HEALTH_WARNING, "The encoder is %lld s behind the camera.",
		    (long long)(state->encoder_behind_us / US_PER_S));
}

/* What is kept for longer than it should be, and until when (recorderd/archive/archive_age.c). */
static void check_retention(const struct recorder_state *state, const struct health_listener *listener)
{
	if (state->retention_delays & RETENTION_DELAY_CLOCK_SET)
		say(listener, HEALTH_WARNING,
		    "The clock was set by more than an hour since this machine started, and nobody synchronised it: "
		    "what was recorded before that start may be kept for up to retention.hours longer.");
	if (state->retention_delays & RETENTION_DELAY_CLOCK_JUMPED)
		say(listener, HEALTH_WARNING,
		    "By the clock nothing was recorded for longer than retention.hours before the recorder started, "
		    "and nobody synchronised the clock: older recordings are kept for up to retention.hours from that "
		    "start.");
	if (state->retention_delays & RETENTION_DELAY_FUTURE)
		say(listener, HEALTH_WARNING,
		    "There are recordings whose times are later than the clock: they are kept until the recorder has "
		    "run for retention.hours, or until the clock says that they are that old.");
}

static void check_recording(const struct recorder_state *state, const struct health_listener *listener)
{
	switch (state->recording_state) {
	case RECORDING_ENCODER:
		say(listener, HEALTH_FAILURE, "The encoder is down and being restarted; nothing is recorded.");
		break;
	case RECORDING_NO_PICTURES:
		say(listener, HEALTH_FAILURE,
		    "The camera sends frames that the encoder cannot decode; nothing is recorded: %s",
		    *state->last_error ? state->last_error : "no reason is known.");
		break;
	case RECORDING_DISK:
		say(listener, HEALTH_FAILURE, "The disk does not take the recording: %s",
		    *state->disk_error ? state->disk_error : "no reason is known.");
		break;
	case RECORDING_OFF:
		say(listener, HEALTH_WARNING, "Recording is switched off.");
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
}

static void check_damaged_recordings(const struct recorder_state *state, const struct health_listener *listener)
{
	if (state->set_aside)
		say(listener, HEALTH_WARNING,
		    "Damaged recordings that could not be repaired: %llu. They were set aside in the recordings folder "
		    "as damaged_….mp4.",
		    (unsigned long long)state->set_aside);
	if (state->unread)
		say(listener, HEALTH_WARNING,
		    "Recordings that could not be read: %llu. They are not listed until the recorder starts again; its "
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
		[MEMORY_MINUTES] = "More memory.minutes give more.",
		[MEMORY_RAM_SHARE] =
			"That is this camera's share of a quarter of the machine's RAM: a memory.max_mb of "
			"its own gives more.",
		[MEMORY_MAX_MB] = "A larger memory.max_mb gives more.",
		[MEMORY_SHM] = "That is this camera's share of /dev/shm: a larger /dev/shm gives more (shm_size of a "
			       "container, else mount -o remount,size=...).",
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
		snprintf(holds, sizeof(holds), "the newest %g minutes", (double)state->memory_wanted_us / 60e6);
	else if (state->memory_holds_us > 0)
		snprintf(holds, sizeof(holds), "about %lld s of the %g minutes that memory.minutes asks for",
			 (long long)(state->memory_holds_us / US_PER_S), (double)state->memory_wanted_us / 60e6);
	else
		snprintf(holds, sizeof(holds), "frames, at most the newest %g minutes",
			 (double)state->memory_wanted_us / 60e6);
	snprintf(out, HEALTH_MEMORY_TEXT_BYTES, "The memory of %llu MiB holds %s. %s",
		 (unsigned long long)(state->memory_bytes >> 20), holds, memory_remedy(state->memory_limit));
}

/* That RAM is limited is as it should be; that /dev/shm is smaller than a quarter of it is for somebody to change. */
static void check_memory(const struct recorder_state *state, const struct health_listener *listener)
{
	char text[HEALTH_MEMORY_TEXT_BYTES];

	if (*state->memory_note)
		say(listener, HEALTH_WARNING,
		    "%s. Until the recorder is started without it, the frames in memory have another name.",
		    state->memory_note);
	if (state->memory_limit != MEMORY_SHM)
		return;
	health_memory_text(state, text);
	if (*text)
		say(listener, HEALTH_WARNING, "%s", text);
}

void health_check(const struct recorder_state *state, const struct health_listener *listener)
{
	if (!state) {
		say(listener, HEALTH_FAILURE, "The recorder is not running.");
		return;
	}
	if (state->camera_state != CAMERA_STREAMING)
		say(listener, HEALTH_FAILURE, "The camera is not streaming: %s.%s%s",
		    camera_state_text(state->camera_state), *state->last_error ? " " : "", state->last_error);
	if (state->source == SOURCE_TEST)
		say(listener, HEALTH_WARNING, "A test picture is recorded, not a camera.");
	else if (*state->configured)
		say(listener, HEALTH_WARNING, "The configured camera %s is missing; %s serves in its place.",
		    state->configured, state->device);
	check_recording(state, listener);
	check_damaged_recordings(state, listener);
	check_memory(state, listener);
}
