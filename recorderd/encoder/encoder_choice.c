/* encoder_choice.c - which of FFmpeg's encoders the runs use. */
#include <inttypes.h>
#include <string.h>

#include "recorderd/encoder/encoder_internal.h"
#include "recorderd/ffmpeg/encoder_sandbox.h"
#include "shared/base/log.h"
#include "shared/media/ffmpeg_args.h"

#define HOUR_US        (3600 * US_PER_S)
#define TRIAL_MIN_US   HOUR_US /* after a trial in which none worked, or after one that worked has failed */
#define TRIAL_MAX_US   (24 * HOUR_US)
#define TRIAL_SIZE_MIN 32 /* pixels: no hardware encodes smaller pictures */

static bool is_software(const char *name)
{
	return strcmp(name, FFMPEG_ENCODER_SOFTWARE) == 0;
}

bool encoder_choice_open(struct encoder *encoder)
{
	const struct config_record *record = &encoder->parts.config->record;
	struct encoder_choice *choice = &encoder->choice;

	choice->automatic = record->codec == CODEC_H264 && strcmp(record->encoder, FFMPEG_ENCODER_AUTO) == 0;
	choice->next = choice->automatic ? FFMPEG_ENCODER_SOFTWARE : record->encoder;
	choice->of_run = choice->next;
	choice->backoff = BACKOFF(TRIAL_MIN_US, TRIAL_MAX_US);
	encoder->sandbox = encoder_sandbox_open(record, choice->next);
	return encoder->sandbox != NULL;
}

void encoder_choice_close(struct encoder *encoder)
{
	encoder_trial_close(encoder->choice.trial);
	sandbox_close(encoder->sandbox);
}

bool encoder_choice_begin_run(struct encoder *encoder, struct reason *why)
{
	struct encoder_choice *choice = &encoder->choice;

	if (choice->next == choice->of_run)
		return true;

	struct sandbox *sandbox = encoder_sandbox_open(&encoder->parts.config->record, choice->next);

	if (!sandbox)
		return reason_set(why, "out of memory");
	sandbox_close(encoder->sandbox);
	encoder->sandbox = sandbox;
	choice->of_run = choice->next;
	encoder->key_frames_logged = false;
	return true;
}

static void postpone_trial(struct encoder_choice *choice)
{
	choice->trial_at = (mono_t){mono_now().us + backoff_next(&choice->backoff)};
}

static void start_trial(struct encoder *encoder)
{
	struct encoder_choice *choice = &encoder->choice;
	const struct ring_meta *first = &encoder->first;
	struct reason why;

	if (first->width < TRIAL_SIZE_MIN || first->height < TRIAL_SIZE_MIN)
		return;
	choice->trial =
		encoder_trial_start(&encoder->parts.config->record, first->width, first->height, encoder->fps, &why);
	if (!choice->trial)
		postpone_trial(choice);
}

static void use_hardware(struct encoder *encoder, const struct encoder_trial_result *result)
{
	log_info("encoder", "%s works and encodes %.0f fps: changing to it%s%s%s", result->encoder, result->encoded_fps,
		 result->others.text[0] ? " (" : "", result->others.text, result->others.text[0] ? ")" : "");
	encoder->choice.next = result->encoder;
	encoder->choice.logged = false;
	encoder->feed.drop = FRAME_DROP_NONE;
	if (encoder->state == ENCODER_RUNNING && encoder->end_after == UINT64_MAX)
		encoder->end_after = encoder->feed.next;
}

static void finish_trial(struct encoder *encoder)
{
	struct encoder_choice *choice = &encoder->choice;
	const struct encoder_trial_result *result = encoder_trial_result(choice->trial);

	if (result->encoder) {
		use_hardware(encoder, result);
	} else {
		if (!choice->logged)
			log_info("encoder", "no hardware encoder works here, recording with %s: %s",
				 FFMPEG_ENCODER_SOFTWARE, result->others.text);
		choice->logged = true;
		postpone_trial(choice);
	}
	encoder_trial_close(choice->trial);
	choice->trial = NULL;
}

void encoder_choice_update(struct encoder *encoder)
{
	struct encoder_choice *choice = &encoder->choice;

	if (choice->trial && encoder_trial_is_over(choice->trial))
		finish_trial(encoder);
	bool is_due = choice->automatic && is_software(choice->next) && mono_now().us >= choice->trial_at.us;
	if (is_due && !choice->trial && encoder->state == ENCODER_RUNNING && encoder->has_given_frame)
		start_trial(encoder);
}

void encoder_choice_note_failure(struct encoder *encoder)
{
	struct encoder_choice *choice = &encoder->choice;

	if (!choice->automatic || is_software(choice->of_run) || choice->next != choice->of_run)
		return;
	choice->next = FFMPEG_ENCODER_SOFTWARE;
	postpone_trial(choice);
	log_warn("encoder", "%s failed: recording with %s; hardware encoders are tried again in %" PRId64 " h",
		 choice->of_run, choice->next, (choice->trial_at.us - mono_now().us + HOUR_US / 2) / HOUR_US);
}
