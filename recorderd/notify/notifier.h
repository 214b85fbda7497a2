/*
 * notifier.h - turns what happens to a recorder into notifications (shared/notify/notification.h).
 *
 * It learns of that from the state that the recorder publishes, from the motion records as they come, and from the
 * archive. All calls come from the event loop, and none of them waits: a notification is a few hundred bytes in shared
 * memory.
 *
 * A camera is told to be lost after NOTIFIER_LOST_US without a frame, and to be back with its first one. condition.h
 * says what happens if something changes all the time.
 */
#ifndef RECORDERD_NOTIFY_NOTIFIER_H
#define RECORDERD_NOTIFY_NOTIFIER_H

#include "recorderd/notify/motion_ring_writer.h"
#include "recorderd/notify/notification_writer.h"
#include "shared/ring/state.h"
#include "shared/segment/catalogue.h"

#define NOTIFIER_LOST_US (2 * US_PER_S)

struct notifier;

struct notifier_parts {
	const char *camera;                 /* its name */
	struct notification_writer *events; /* the rings; not owned */
	struct motion_ring_writer *motion;

	/* Gets each notification once it is in the ring: its record, which is valid during the call. NULL: nobody does. */
	void (*notified)(void *context, const uint8_t *record, size_t bytes);
	void *context;
};

/* Returns NULL without memory. What the parts point to must outlive it. */
struct notifier *notifier_create(const struct notifier_parts *parts);
void notifier_destroy(struct notifier *notifier);

/* Tells that the recorder started. Everything is taken to be well before the first call of notifier_state(). */
void notifier_start(struct notifier *notifier);

/*
 * Tells that the recorder is being stopped, after the end of the motion event that is under way. What happens after
 * that is not told, except for finished segments.
 */
void notifier_stop(struct notifier *notifier);

/*
 * Call it a few times per second, and when something changed, with the state as it was published. `lost` is why the
 * camera gives no frames, GAP_NONE while it does; `newest` is when the newest frame was captured, 0 if there is none.
 */
void notifier_state(struct notifier *notifier, const struct recorder_state *state, enum gap_cause lost, mono_t newest);

/* Puts a record, sealed with 0, into the ring of motion records, and tells what follows from it. */
void notifier_motion(struct notifier *notifier, const struct motion_record *record);

/* A segment was finished. */
void notifier_segment(struct notifier *notifier, const struct catalogue_entry *segment);

/* How many of that kind were told. */
uint64_t notifier_count(const struct notifier *notifier, enum notification_kind kind);

#endif
