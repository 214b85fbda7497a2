/* notification_text.c - a notification as a sentence for people. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/notify/notification_json.h"
#include "shared/ring/state.h"
#include "shared/text/time_text.h"

#define DETAIL_BYTES 160 /* of a detail in a sentence */

struct words {
	char text[TIME_WORDS_BYTES];
};

static struct words time_words(wall_t at, wall_t now)
{
	struct words words;

	time_format_words(at, now, words.text);
	return words;
}

static struct words second_words(int64_t second, wall_t now)
{
	return time_words((wall_t){second * US_PER_S}, now);
}

__attribute__((format(printf, 2, 3))) static void say(char *out, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(out, NOTIFICATION_TEXT_BYTES, format, arguments);
	va_end(arguments);
}

static void describe_motion(const struct notification *notification, char *out)
{
	const struct motion_event *event = notification->event;
	const char *strength = event ? motion_strength_text(event->strongest) : "";
	wall_t now = notification->at;

	if (!event)
		say(out, "Something moves in front of camera %s.", notification->camera);
	else if (notification->kind == NOTIFY_MOTION_START)
		say(out, "Something has been moving in front of camera %s since %s (%s).", notification->camera,
		    second_words(event->from_second, now).text, strength);
	else if (!notification->known_until)
		say(out, "Something moved in front of camera %s from %s to %s (%s).", notification->camera,
		    second_words(event->from_second, now).text, second_words(event->to_second, now).text, strength);
	else
		say(out, "Something moved in front of camera %s from %s to %s (%s). What moved after %s is not known.",
		    notification->camera, second_words(event->from_second, now).text,
		    second_words(event->to_second, now).text, strength,
		    second_words(notification->known_until, now).text);
}

static void describe_tampering(const struct notification *notification, char *out)
{
	const char *cause = notification->cause ? notification->cause : "";
	bool began = notification->kind == NOTIFY_TAMPERING;

	if (strcmp(cause, "covered") == 0)
		say(out,
		    began ? "Camera %s is covered, or in complete darkness." : "Camera %s is not covered any more.",
		    notification->camera);
	else if (strcmp(cause, "blurred") == 0)
		say(out,
		    began ? "The picture of camera %s is blurred: fog, a dirty lens, or one that is out of focus."
			  : "The picture of camera %s is not blurred any more.",
		    notification->camera);
	else
		say(out,
		    began ? "The view of camera %s changed: was it turned?"
			  : "The view of camera %s is not taken for changed any more.",
		    notification->camera);
}

static void describe_segment(const struct notification *notification, char *out)
{
	const struct notification_segment *segment = notification->segment;

	if (!segment)
		say(out, "A segment of camera %s is finished.", notification->camera);
	else
		say(out, "%s is finished: %" PRIu64 " frames of camera %s, from %s to %s.", segment->file,
		    segment->frames, notification->camera, time_words(segment->from, segment->to).text,
		    time_words(segment->to, segment->to).text);
}

static void describe_off(const struct notification *notification, char *out)
{
	bool scheduled = notification->cause && strcmp(notification->cause, gap_cause_text(GAP_SCHEDULE)) == 0;

	say(out,
	    scheduled ? "Camera %s is not being recorded now, because of record.hours."
		      : "Recording of camera %s is switched off.",
	    notification->camera);
}

/* Says what is wrong with the camera of the notification, and why if that is known. */
static void describe_failure(const struct notification *notification, const char *whose, const char *what, char *out)
{
	const char *why = notification->cause && *notification->cause ? notification->cause : notification->detail;
	size_t length = why ? strlen(why) : 0;

	bool cut = length > DETAIL_BYTES;

	say(out, "%s %s %s%s%.*s%s", whose, notification->camera, what, length ? ": " : "",
	    (int)(cut ? DETAIL_BYTES : length), length ? why : "",
	    cut                                ? "…"
	    : length && why[length - 1] == '.' ? ""
					       : ".");
}

void notification_describe(const struct notification *notification, char out[NOTIFICATION_TEXT_BYTES])
{
	const char *camera = notification->camera;

	switch (notification->kind) {
	case NOTIFY_STARTED:
		return say(out, "The recorder of camera %s started.", camera);
	case NOTIFY_STOPPING:
		return say(out, "The recorder of camera %s is being stopped.", camera);
	case NOTIFY_MOTION_START:
	case NOTIFY_MOTION_END:
		return describe_motion(notification, out);
	case NOTIFY_CAMERA_LOST:
		return describe_failure(notification, "Camera", "gives no pictures", out);
	case NOTIFY_CAMERA_BACK:
		return say(out, "Camera %s gives pictures again.", camera);
	case NOTIFY_DISK_FAILING:
		return describe_failure(notification, "Footage of camera", "is not being written to the disk", out);
	case NOTIFY_DISK_WORKING:
		return say(out, "Footage of camera %s is being written to the disk again.", camera);
	case NOTIFY_ENCODER_FAILING:
		return describe_failure(notification, "Nothing is being recorded of camera",
					"because the encoder fails", out);
	case NOTIFY_ENCODER_WORKING:
		return say(out, "The encoder of camera %s works again.", camera);
	case NOTIFY_TAMPERING:
	case NOTIFY_TAMPERING_END:
		return describe_tampering(notification, out);
	case NOTIFY_RECORDING_OFF:
		return describe_off(notification, out);
	case NOTIFY_RECORDING_ON:
		return say(out, "Camera %s is being recorded again.", camera);
	case NOTIFY_SEGMENT:
		return describe_segment(notification, out);
	case NOTIFICATION_KINDS:
		break;
	}
	out[0] = '\0';
}
