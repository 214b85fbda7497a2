/*
 * event_position.h - how far a client of /events/live has got, as it is written in the lines `id:` of the stream.
 *
 *     SERIES-NUMBER           the id of the last notification (shared/notify/notification.h)
 *     SERIES-NUMBER@SECOND    with a question of the client's own: also the last second that was judged by it
 *
 * A client that connects again sends it in the header Last-Event-ID or the parameter last_event_id=, and gets what it
 * has missed. That does not depend on which recorder-live, or which run of recorderd, wrote it.
 */
#ifndef FCGI_NOTIFY_EVENT_POSITION_H
#define FCGI_NOTIFY_EVENT_POSITION_H

#include <stdbool.h>
#include <stdint.h>

#define EVENT_POSITION_NO_SECOND INT64_MIN
#define EVENT_POSITION_BYTES     64 /* of its text */

struct event_position {
	uint64_t series, number; /* number 0: no notification yet */
	int64_t second;          /* seconds since 1970-01-01 00:00 UTC, or EVENT_POSITION_NO_SECOND */
};

/* Empty if there has been no notification yet: then there is nothing to continue from. */
void event_position_text(const struct event_position *position, char out[EVENT_POSITION_BYTES]);

/* False if the text is none. */
bool event_position_parse(const char *text, struct event_position *out);

#endif
