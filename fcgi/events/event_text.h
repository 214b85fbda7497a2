/* event_text.h - lists of events as JSON and as CSV (RFC 4180). */
#ifndef FCGI_EVENTS_EVENT_TEXT_H
#define FCGI_EVENTS_EVENT_TEXT_H

#include <stdbool.h>

#include "fcgi/events/event_list.h"
#include "fcgi/events/motion_answer.h"
#include "shared/segment/catalogue.h"

/* {"from", "to", "events", "covered", "more"}. `catalogue` is NULL if there is no footage. False with errno. */
bool event_text_json(struct motion_answer *answer, const struct event_list *list, const struct catalogue *catalogue);

/*
 * A line of names, then one line per event. Time of which nothing is known is a line of the type "unknown", because no
 * line means that nothing happened. If there are other events after these, the last line is of the type "more".
 */
void event_text_csv(struct motion_answer *answer, const struct event_list *list, const struct catalogue *catalogue,
		    bool oldest_first);

#endif
