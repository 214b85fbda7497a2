/*
 * live_events.h - what recorder-live knows of the events of one camera: its notifications, and the questions of clients
 * about its motion.
 */
#ifndef FCGI_FEED_LIVE_EVENTS_H
#define FCGI_FEED_LIVE_EVENTS_H

#include "fcgi/feed/ring_notifier.h"
#include "fcgi/notify/event_question.h"
#include "fcgi/notify/notification_feed.h"

struct live_events {
	struct notification_feed notifications;
	struct event_questions questions;
	struct ring_notifier *notifier, *motion_notifier;
};

/* Starts the notifiers; there need not be any rings. Returns NULL and sets *why. */
struct live_events *live_events_open(const char *camera, const char *ring_name, struct reason *why);

/* Tells the notifiers to end (ring_notifier_stop()). NULL is safe here and below. */
void live_events_stop(struct live_events *events);
void live_events_close(struct live_events *events);

/* Takes what is new. */
void live_events_update(struct live_events *events);

/* Call it about once a second: switches to new rings. */
void live_events_check(struct live_events *events);

#endif
