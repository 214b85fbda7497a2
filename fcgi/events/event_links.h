/* event_links.h - where the footage of an event is: addresses relative to this one, and a command. */
#ifndef FCGI_EVENTS_EVENT_LINKS_H
#define FCGI_EVENTS_EVENT_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/events/event_list.h"
#include "fcgi/server/server.h"
#include "shared/segment/catalogue.h"

#define EVENT_LINK_BYTES 256

/* A link is empty if nothing is left to see: records can be kept for longer than the footage. */
struct event_links {
	char snapshot[EVENT_LINK_BYTES]; /* of the peak, or of the middle */
	char footage[EVENT_LINK_BYTES];  /* from two seconds before the event to three after it */
	char curl[2 * EVENT_LINK_BYTES];
};

/* Where there is footage. Neighbouring events are often of the same segment, which is looked up once. */
struct footage_finder {
	const struct catalogue *catalogue; /* NULL: there is none */
	int64_t from_second, to_second;    /* what was found last */
};

void event_links_make(const struct api_request *request, struct footage_finder *footage,
		      const struct found_event *found, struct event_links *out);

#endif
