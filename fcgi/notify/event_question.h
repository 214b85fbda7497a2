/*
 * event_question.h - motion events by a rule of a client's own, found in the live seconds (second_feed.h).
 *
 * Clients that ask the same share one search and what it finds. What it finds depends on the records alone, so a client
 * that connects again, even to another recorder-live, gets what it has missed as long as the records are there.
 */
#ifndef FCGI_NOTIFY_EVENT_QUESTION_H
#define FCGI_NOTIFY_EVENT_QUESTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "fcgi/notify/second_feed.h"
#include "fcgi/video/video_chunk.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"
#include "shared/motion/motion_live.h"
#include "shared/notify/notification.h"

#define EVENT_QUESTIONS_MAX 16 /* different ones per camera, at the same time */
#define EVENT_QUESTION_KEPT 512

struct event_finding {
	enum notification_kind kind; /* NOTIFY_MOTION_START or NOTIFY_MOTION_END */
	uint64_t record;             /* the serial number of the record that decided it */
	int64_t second;              /* of that record */
	struct video_chunk *data;    /* the lines event and data (event_stream.h); NULL: memory ran out */
};

struct event_question {
	LIST_ENTRY(event_question) link;
	struct event_questions *all;
	unsigned clients;
	struct motion_event_rule rule;
	struct motion_live live;
	uint64_t judged; /* the serial number of the next record */
	struct event_finding findings[EVENT_QUESTION_KEPT];
	uint64_t first, next; /* serial numbers: [first, next) are kept */
};

/* All questions about one camera. */
struct event_questions {
	LIST_HEAD(, event_question) list;
	unsigned count;
	char camera[CONFIG_NAME_BYTES];
	struct second_feed seconds;
};

/* event_questions_free() is safe on a zeroed one. */
void event_questions_init(struct event_questions *all, const char *camera, const char *ring_name);
void event_questions_free(struct event_questions *all);

/*
 * The question with that rule, for one more client, who calls event_question_release(). Returns NULL and sets *why if
 * there are too many different ones, or memory is short.
 */
struct event_question *event_question_acquire(struct event_questions *all, const struct motion_event_rule *rule,
					      struct reason *why);
void event_question_release(struct event_question *question);

/* Judges the records that have come. */
void event_questions_update(struct event_questions *all);

/* Call it about once a second, also while no records come. */
void event_questions_check(struct event_questions *all);

/* NULL if it is not there. */
const struct event_finding *event_question_get(const struct event_question *question, uint64_t serial);

/* The second of the newest record that was judged; EVENT_POSITION_NO_SECOND if there is none. */
int64_t event_question_second(const struct event_question *question);

/*
 * The serial number of the first finding after that second. Returns false if the record of that second is gone, so that
 * nobody knows what came after it; *serial is then that of the next finding.
 */
bool event_question_find(const struct event_question *question, int64_t second, uint64_t *serial);

#endif
