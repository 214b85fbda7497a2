/* notifier.c - turns what happens to a recorder into notifications. */
#include "recorderd/notify/notifier.h"

#include <stdio.h>
#include <stdlib.h>

#include "recorderd/notify/condition.h"
#include "shared/motion/motion_live.h"
#include "shared/notify/notification_json.h"

#define START_US (10 * US_PER_S) /* a camera takes so long at most to open and to give its first frame */
#define FAULT_US (2 * US_PER_S)  /* FFmpeg is started again, and a disk tried again, within this time */

#define DETAIL_BYTES 256

/* What can be well or wrong. */
enum aspect {
	ASPECT_CAMERA,
	ASPECT_DISK,
	ASPECT_ENCODER,
	ASPECT_RECORDING,
	ASPECT_COVERED,
	ASPECT_VIEW,
	ASPECT_BLURRED,
	ASPECTS,
};

static const struct {
	enum notification_kind wrong, well;
	int64_t wrong_after_us, well_after_us;
	const char *cause;
} aspects[ASPECTS] = {
	[ASPECT_CAMERA] = {NOTIFY_CAMERA_LOST, NOTIFY_CAMERA_BACK, NOTIFIER_LOST_US, 0, NULL},
	[ASPECT_DISK] = {NOTIFY_DISK_FAILING, NOTIFY_DISK_WORKING, FAULT_US, FAULT_US, NULL},
	[ASPECT_ENCODER] = {NOTIFY_ENCODER_FAILING, NOTIFY_ENCODER_WORKING, FAULT_US, FAULT_US, NULL},
	[ASPECT_RECORDING] = {NOTIFY_RECORDING_OFF, NOTIFY_RECORDING_ON, 0, 0, NULL},
	[ASPECT_COVERED] = {NOTIFY_TAMPERING, NOTIFY_TAMPERING_END, 0, 0, "covered"},
	[ASPECT_VIEW] = {NOTIFY_TAMPERING, NOTIFY_TAMPERING_END, 0, 0, "view-changed"},
	[ASPECT_BLURRED] = {NOTIFY_TAMPERING, NOTIFY_TAMPERING_END, 0, 0, "blurred"},
};

struct notifier {
	struct notifier_parts parts;
	struct motion_event_rule rule;
	struct motion_live live;
	struct condition conditions[ASPECTS];
	mono_t started;
	bool stopped;
	uint64_t counts[NOTIFICATION_KINDS];
};

struct notifier *notifier_create(const struct notifier_parts *parts)
{
	struct notifier *notifier = calloc(1, sizeof(*notifier));

	if (!notifier)
		return NULL;
	notifier->parts = *parts;
	motion_event_rule_init(&notifier->rule);
	motion_live_init(&notifier->live, &notifier->rule);
	notifier->started = mono_now();
	return notifier;
}

void notifier_destroy(struct notifier *notifier)
{
	free(notifier);
}

/* Without control characters, each of which JSON writes as six. */
static void copy_detail(const char *detail, char out[DETAIL_BYTES])
{
	snprintf(out, DETAIL_BYTES, "%s", detail ? detail : "");
	for (; *out; out++)
		if ((unsigned char)*out < 0x20)
			*out = ' ';
}

/* A detail that does not fit is left out. */
static void write_json(struct notification *notification, struct buffer *out)
{
	notification_json(notification, out);
	if (out->length <= NOTIFICATION_JSON_MAX)
		return;
	notification->detail = NULL;
	buffer_clear(out);
	notification_json(notification, out);
}

/* Numbers it, and puts it into the ring. */
static void notify(struct notifier *notifier, struct notification *notification)
{
	struct notification_writer *events = notifier->parts.events;
	char id[NOTIFICATION_ID_BYTES], detail[DETAIL_BYTES];
	struct buffer json = {0};
	uint64_t series, number;
	const uint8_t *record;

	notification_writer_next(events, &series, &number);
	notification_id_format(series, number, id);
	copy_detail(notification->detail, detail);
	notification->id = id;
	notification->camera = notifier->parts.camera;
	notification->detail = detail;
	write_json(notification, &json);
	size_t bytes = json.failed ? 0
				   : notification_writer_put(events, notification->kind, notification->at,
							     (const char *)json.data, json.length, &record);
	buffer_free(&json);
	if (!bytes)
		return;
	notifier->counts[notification->kind]++;
	if (notifier->parts.notified)
		notifier->parts.notified(notifier->parts.context, record, bytes);
}

static void notify_now(struct notifier *notifier, enum notification_kind kind)
{
	struct notification notification = {.kind = kind, .at = wall_now()};

	notify(notifier, &notification);
}

void notifier_start(struct notifier *notifier)
{
	notify_now(notifier, NOTIFY_STARTED);
}

/* Motion */

static void notify_motion(struct notifier *notifier, const struct motion_live_news *news)
{
	struct notification end = {
		.kind = NOTIFY_MOTION_END,
		.at = {news->end.to_second * US_PER_S},
		.event = &news->end,
		.known_until = news->silent ? news->newest_second + 1 : 0,
	};
	struct notification start = {
		.kind = NOTIFY_MOTION_START,
		.at = {news->start.from_second * US_PER_S},
		.event = &news->start,
	};

	if (news->ended)
		notify(notifier, &end);
	if (news->started)
		notify(notifier, &start);
}

void notifier_motion(struct notifier *notifier, const struct motion_record *record)
{
	struct motion_live_news news;

	motion_ring_writer_put(notifier->parts.motion, record);
	if (!notifier->stopped && motion_live_add(&notifier->live, record, mono_now(), &news))
		notify_motion(notifier, &news);
}

static void finish_motion(struct notifier *notifier)
{
	struct motion_live_news news;

	if (motion_live_finish(&notifier->live, &news))
		notify_motion(notifier, &news);
}

static void check_motion(struct notifier *notifier, const struct recorder_state *state)
{
	struct motion_live_news news;

	if (state->motion_state == MOTION_OFF)
		finish_motion(notifier); /* no records will come */
	else if (motion_live_tick(&notifier->live, mono_now(), &news))
		notify_motion(notifier, &news);
}

void notifier_stop(struct notifier *notifier)
{
	if (notifier->stopped)
		return;
	finish_motion(notifier);
	notify_now(notifier, NOTIFY_STOPPING);
	notifier->stopped = true;
}

/* The state */

/* Notes that an aspect is wrong or well, since then if that has changed, and tells it once it is time to. */
static void note(struct notifier *notifier, enum aspect aspect, bool wrong, mono_t since, const char *cause,
		 const char *detail)
{
	struct condition *condition = &notifier->conditions[aspect];
	int64_t after_us = wrong ? aspects[aspect].wrong_after_us : aspects[aspect].well_after_us;
	mono_t now = mono_now();

	if (!condition_update(condition, wrong, since, after_us, now))
		return;
	struct notification notification = {
		.kind = wrong ? aspects[aspect].wrong : aspects[aspect].well,
		.at = {wall_now().us - (now.us - condition->since.us)},
		.cause = aspects[aspect].cause ? aspects[aspect].cause : cause,
		.detail = wrong ? detail : NULL,
	};
	notify(notifier, &notification);
}

/* A camera that has not given a frame yet may only be opening. */
static bool is_lost(const struct notifier *notifier, const struct recorder_state *state)
{
	bool opening = state->camera_state == CAMERA_STARTING || state->camera_state == CAMERA_OPENING;

	if (state->camera_state == CAMERA_STREAMING || state->camera_state == CAMERA_STOPPED)
		return false;
	return state->frames > 0 || !opening || mono_now().us - notifier->started.us >= START_US;
}

/* If there was no frame since the start, the gap is that of a recorder that was down, and the state tells why it lasts. */
static enum gap_cause why_lost(const struct recorder_state *state, enum gap_cause lost)
{
	if (lost != GAP_RECORDER_DOWN && lost != GAP_NONE)
		return lost;
	return state->camera_state == CAMERA_WAITING ? GAP_UNPLUGGED : GAP_STALLED;
}

static void check_camera(struct notifier *notifier, const struct recorder_state *state, enum gap_cause lost,
			 mono_t newest)
{
	bool wrong = is_lost(notifier, state);
	mono_t since = newest.us > notifier->started.us && wrong ? newest : mono_now();
	const char *cause = wrong ? gap_cause_text(why_lost(state, lost)) : NULL;

	note(notifier, ASPECT_CAMERA, wrong, since, cause, state->last_error);
}

static const char *why_off(const struct recorder_state *state)
{
	bool known = state->recording_off_cause > GAP_NONE && state->recording_off_cause < GAP_CAUSES;

	return gap_cause_text(known ? (uint32_t)state->recording_off_cause : GAP_OFF);
}

/* What is only known while something is recorded stays as it was told until then. */
static void check_recording(struct notifier *notifier, const struct recorder_state *state)
{
	const struct condition *encoder = &notifier->conditions[ASPECT_ENCODER];
	mono_t now = mono_now();
	bool fails = encoder->wrong, off = state->recording_state == RECORDING_OFF;

	if (state->recording_state == RECORDING_ENCODER || state->recording_state == RECORDING_NO_PICTURES)
		fails = true;
	else if (state->recording_state == RECORDING_ON)
		fails = false;
	note(notifier, ASPECT_RECORDING, off, now, off ? why_off(state) : NULL, NULL);
	note(notifier, ASPECT_DISK, state->disk_error[0] != '\0', now, NULL, state->disk_error);
	note(notifier, ASPECT_ENCODER, fails, now, NULL, state->last_error);
}

static void check_tampering(struct notifier *notifier, enum aspect aspect, int64_t since_wall_us)
{
	mono_t now = mono_now();
	int64_t lasts_us = wall_now().us - since_wall_us;

	if (since_wall_us && lasts_us > 0 && lasts_us < now.us)
		now.us -= lasts_us;
	note(notifier, aspect, since_wall_us != 0, now, NULL, NULL);
}

void notifier_state(struct notifier *notifier, const struct recorder_state *state, enum gap_cause lost, mono_t newest)
{
	if (notifier->stopped)
		return;
	check_camera(notifier, state, lost, newest);
	check_recording(notifier, state);
	check_motion(notifier, state);
	check_tampering(notifier, ASPECT_COVERED, state->covered_wall_us);
	check_tampering(notifier, ASPECT_VIEW, state->view_changed_wall_us);
	check_tampering(notifier, ASPECT_BLURRED, state->blurred_wall_us);
}

void notifier_segment(struct notifier *notifier, const struct catalogue_entry *segment)
{
	const struct notification_segment finished = {
		.file = segment->file,
		.from = {segment->start_wall_us},
		.to = {segment->end_wall_us},
		.frames = segment->frames,
		.bytes = segment->size_bytes,
	};
	struct notification notification = {
		.kind = NOTIFY_SEGMENT,
		.at = finished.to,
		.segment = &finished,
	};

	notify(notifier, &notification);
}

uint64_t notifier_count(const struct notifier *notifier, enum notification_kind kind)
{
	return notifier->counts[kind];
}
