/*
 * notification.h - what a recorder tells as it happens: one event, as a JSON object.
 *
 * recorderd makes notifications (recorderd/notify) and puts them into a small ring in shared memory
 * (notification_ring.h). recorder-live reads them there, for GET /events/live. recorderd also sends them to
 * recorder-hooks, which gives them to programs. All pass on the same object:
 *
 *     "id"         text, SERIES-NUMBER: 16 hexadecimal digits, a hyphen, and a decimal number that counts from 1.
 *                  A recorder that finds no notifications of an earlier one begins a series with random digits
 *     "camera"     text, the camera's name
 *     "event"      text, what happened: notification_kind_text()
 *     "time"       number, when it happened: seconds since 1970-01-01 00:00 UTC, with six decimals
 *     "time_text"  text, the same in local time with its offset (shared/text/time_text.h)
 *     "text"       text, a sentence for people
 *
 * and what belongs to its kind:
 *
 *     "from", "to"       numbers: of a motion event as in the answer to /events ("to" once it is over), of a segment
 *     "strength"         text: "faint", "clear" or "strong", the strongest cell so far
 *     "moving_seconds"   number, so far
 *     "cells"            text: MOTION_CELLS digits of 0 to 3, row by row: the strength of each cell so far
 *     "known_until"      number, of a motion event that is over because nobody watches any more: what moved since then
 *                        is not known
 *     "cause"            text: a cause of a gap (gap_cause_text()); "covered", "view-changed" or "blurred"
 *     "detail"           text, of a camera, a disk or an encoder: what went wrong, as the log says it
 *     "file", "frames", "bytes"   of a segment that was finished
 *
 * "time" of a motion event is its "from" when it starts and its "to" when it ends, so times do not only grow.
 *
 * After "started" everything is well and nothing moves, until a later notification tells otherwise: a recorder that
 * crashed has not told the end of what it told the beginning of. Before "stopping" the event that is under way ends.
 *
 * Fields may be added; a reader ignores those that it does not know.
 */
#ifndef SHARED_NOTIFY_NOTIFICATION_H
#define SHARED_NOTIFY_NOTIFICATION_H

#include <stdbool.h>
#include <stdint.h>

/* Numbers are stored in the ring: append, before NOTIFICATION_KINDS. */
enum notification_kind {
	NOTIFY_STARTED,         /* "started": the recorder */
	NOTIFY_STOPPING,        /* "stopping": the recorder, on purpose */
	NOTIFY_MOTION_START,    /* "motion-start": an event by the rule of motion_event.h is certain */
	NOTIFY_MOTION_END,      /* "motion-end" */
	NOTIFY_CAMERA_LOST,     /* "camera-lost", with its cause */
	NOTIFY_CAMERA_BACK,     /* "camera-back" */
	NOTIFY_DISK_FAILING,    /* "disk-failing": footage is not being written */
	NOTIFY_DISK_WORKING,    /* "disk-working": it is again */
	NOTIFY_ENCODER_FAILING, /* "encoder-failing" */
	NOTIFY_ENCODER_WORKING, /* "encoder-working" */
	NOTIFY_TAMPERING,       /* "tampering": covered, turned or blurred */
	NOTIFY_TAMPERING_END,   /* "tampering-end" */
	NOTIFY_RECORDING_OFF,   /* "recording-off": somebody switched it off, or record.hours did */
	NOTIFY_RECORDING_ON,    /* "recording-on" */
	NOTIFY_SEGMENT,         /* "segment": one was finished */
	NOTIFICATION_KINDS,
};

/* As it is written in "event". */
const char *notification_kind_text(enum notification_kind kind);

bool notification_kind_parse(const char *text, enum notification_kind *out);

#define NOTIFICATION_ID_BYTES 40

/* SERIES-NUMBER, as in "id". */
void notification_id_format(uint64_t series, uint64_t number, char out[NOTIFICATION_ID_BYTES]);

/* False if the text is not such an id. */
bool notification_id_parse(const char *text, uint64_t *series, uint64_t *number);

#endif
