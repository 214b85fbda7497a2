/* event_filter.h - which notifications a client of /events/live wants: the parameters of its address. Pure. */
#ifndef FCGI_NOTIFY_EVENT_FILTER_H
#define FCGI_NOTIFY_EVENT_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/notify/event_position.h"
#include "shared/base/reason.h"
#include "shared/motion/motion_event.h"
#include "shared/notify/notification.h"

#define EVENT_FILTER_PARAMS "events area* not* strength join last_event_id camera"

struct event_filter {
	uint32_t kinds; /* bits 1u << enum notification_kind */
	bool own_rule;  /* motion events are found by `rule`; otherwise recorderd's are sent */
	struct motion_event_rule rule;
	bool continues; /* `position` is set */
	struct event_position position;
};

/*
 * events= is a list of kinds (notification_kind_text()), separated by commas; without it, all are wanted. area=, not=
 * and strength= are a question (motion_question.h), and join= is as in /events: if they differ from the rule of
 * recorderd, they decide what motion-start and motion-end are. Returns false and sets *why.
 */
bool event_filter_read(const char *query, struct event_filter *out, struct reason *why);

static inline bool event_filter_takes(const struct event_filter *filter, enum notification_kind kind)
{
	return (filter->kinds >> kind & 1) != 0;
}

/* motion-start and motion-end, which depend on the rule. */
static inline bool event_filter_is_motion(enum notification_kind kind)
{
	return kind == NOTIFY_MOTION_START || kind == NOTIFY_MOTION_END;
}

#endif
