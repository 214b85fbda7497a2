/* hook_queue.h - the notifications for which a hook is still to be run: the newest HOOK_QUEUE, oldest first. */
#ifndef HOOKS_HOOK_QUEUE_H
#define HOOKS_HOOK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/notify/notification_ring.h"

#define HOOK_QUEUE 16

struct hook_entry {
	enum notification_kind kind;
	size_t bytes;
	char json[NOTIFICATION_JSON_MAX]; /* without a NUL */
};

/* A zeroed queue is empty. */
struct hook_queue {
	struct hook_entry entries[HOOK_QUEUE];
	size_t first, count;
};

/* Returns false if that has replaced the oldest one, or if it is longer than NOTIFICATION_JSON_MAX. */
bool hook_queue_put(struct hook_queue *queue, enum notification_kind kind, const char *json, size_t bytes);

/* Takes the oldest one out. Returns false if there is none. */
bool hook_queue_take(struct hook_queue *queue, struct hook_entry *out);

#endif
