/*
 * event_state.h - what holds now, as a client of /events/live is told it: a JSON object on one line.
 *
 *     "camera"        text, the camera's name
 *     "event"         "state"
 *     "time"          number, now: seconds since 1970-01-01 00:00 UTC, with six decimals
 *     "time_text"     text, the same in local time with its offset
 *     "running"       true or false: the recorder runs
 *     "notifications" true or false: there are notifications to follow. A recorder for which /dev/shm has no room makes
 *                     none
 *     "motion"        true or false: a motion event is under way; null: nobody knows
 *
 * and as the recorder publishes them (shared/ring/state.h), each null if it does not run:
 *
 *     "state"         text: of the camera, "streaming", "waiting", …
 *     "recording"     text: "recording", "off", …
 *     "disk_error"    text, or null: none
 *     "encoder_error" text, or null: none
 *     "motion_state"  text: of recorder-motion, "running", …
 *     "covered", "view_changed", "blurred"    text: since when, in local time; null: it is not
 *
 * Fields may be added; a reader ignores those that it does not know.
 */
#ifndef FCGI_NOTIFY_EVENT_STATE_H
#define FCGI_NOTIFY_EVENT_STATE_H

#include <stdbool.h>

#include "fcgi/notify/event_question.h"
#include "fcgi/notify/notification_feed.h"
#include "shared/base/buffer.h"
#include "shared/ring/state.h"

struct event_state {
	const char *camera;
	const struct recorder_state *recorder; /* NULL: it does not run */
	const struct notification_feed *notifications;
	const struct event_question *question; /* that decides what a motion event is; NULL: recorderd does */
};

/* Appends the object. False if memory is short. */
bool event_state_json(const struct event_state *state, struct buffer *out);

#endif
