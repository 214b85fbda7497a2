/*
 * event_list.h - the events of a range, in order, as far as somebody wants them.
 *
 * Movement becomes events by the rule of motion_event.h. What may have been done to the camera becomes events of their
 * own: a row of seconds that recorderd marked (MOTION_COVERED and so on), which it does from the tenth second on.
 */
#ifndef FCGI_EVENTS_EVENT_LIST_H
#define FCGI_EVENTS_EVENT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/motion/motion_spans.h"
#include "shared/motion/motion_event.h"

enum event_type { EVENT_MOTION, EVENT_COVERED, EVENT_VIEW_CHANGED, EVENT_BLURRED, EVENT_TYPES };

/* "motion", "covered", "view_changed" or "blurred". */
const char *event_type_text(enum event_type type);

struct found_event {
	enum event_type type;
	struct motion_event event; /* if the type is not EVENT_MOTION, only from_second and to_second */
};

struct event_query {
	int folder;
	int64_t from_second, to_second;
	struct motion_event_rule rule;
	bool oldest_first;
	size_t offset, limit;
};

struct event_list {
	struct found_event *events; /* owned; by their beginnings, newest or oldest first */
	size_t count;               /* at most limit */
	size_t capacity;
	bool more;                   /* there are others after these */
	struct motion_spans covered; /* the known seconds of the whole range; owned */
	bool settled;                /* motion_walk.h */
};

/* Returns false with errno, as motion_walk_run() does. Free the list in any case. */
bool event_list_find(const struct event_query *query, struct event_list *out);
void event_list_free(struct event_list *list);

#endif
