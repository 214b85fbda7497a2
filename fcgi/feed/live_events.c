/* live_events.c - what recorder-live knows of the events of one camera. */
#include "fcgi/feed/live_events.h"

#include <stdlib.h>

struct live_events *live_events_open(const char *camera, const char *ring_name, struct reason *why)
{
	struct live_events *events = calloc(1, sizeof(*events));

	if (!events) {
		reason_errno(why, "cannot follow events");
		return NULL;
	}
	notification_feed_init(&events->notifications, ring_name);
	event_questions_init(&events->questions, camera, ring_name);
	events->notifier = ring_notifier_open(events->notifications.ring_name, why);
	if (events->notifier)
		events->motion_notifier = ring_notifier_open(events->questions.seconds.ring_name, why);
	if (events->motion_notifier)
		return events;
	live_events_close(events);
	return NULL;
}

void live_events_stop(struct live_events *events)
{
	if (!events)
		return;
	ring_notifier_stop(events->notifier);
	ring_notifier_stop(events->motion_notifier);
}

void live_events_close(struct live_events *events)
{
	if (!events)
		return;
	live_events_stop(events);
	ring_notifier_close(events->notifier);
	ring_notifier_close(events->motion_notifier);
	notification_feed_free(&events->notifications);
	event_questions_free(&events->questions);
	free(events);
}

/* recorderd puts a second there before the notifications that follow from it. */
void live_events_update(struct live_events *events)
{
	event_questions_update(&events->questions);
	notification_feed_update(&events->notifications);
}

void live_events_check(struct live_events *events)
{
	event_questions_check(&events->questions);
	notification_feed_check(&events->notifications);
	live_events_update(events);
}
