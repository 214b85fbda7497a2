/* notification_json.h - writes a notification as the JSON object that notification.h describes, on one line. */
#ifndef SHARED_NOTIFY_NOTIFICATION_JSON_H
#define SHARED_NOTIFY_NOTIFICATION_JSON_H

#include "shared/base/buffer.h"
#include "shared/base/clock.h"
#include "shared/motion/motion_event.h"
#include "shared/notify/notification.h"

/* A segment that was finished. */
struct notification_segment {
	const char *file;
	wall_t from, to;
	uint64_t frames, bytes;
};

struct notification {
	enum notification_kind kind;
	const char *id, *camera;
	wall_t at;                                  /* "time" */
	const struct motion_event *event;           /* of NOTIFY_MOTION_START and NOTIFY_MOTION_END */
	int64_t known_until;                        /* seconds since 1970; 0: the event ended by itself */
	const char *cause, *detail;                 /* NULL or empty: none */
	const struct notification_segment *segment; /* of NOTIFY_SEGMENT */
};

/* Appends the object. Returns false if memory is short. */
bool notification_json(const struct notification *notification, struct buffer *out);

#define NOTIFICATION_TEXT_BYTES 320

/* notification_text.c: the sentence for people, in "text". Times of day are local, with the date if that is not today. */
void notification_describe(const struct notification *notification, char out[NOTIFICATION_TEXT_BYTES]);

#endif
