/* hook_queue.c - the notifications for which a hook is still to be run. */
#include "hooks/hook_queue.h"

#include <string.h>

bool hook_queue_put(struct hook_queue *queue, enum notification_kind kind, const char *json, size_t bytes)
{
	bool was_full = queue->count == HOOK_QUEUE;

	if (bytes > NOTIFICATION_JSON_MAX)
		return false;
	if (was_full) {
		queue->first = (queue->first + 1) % HOOK_QUEUE;
		queue->count--;
	}
	struct hook_entry *entry = &queue->entries[(queue->first + queue->count) % HOOK_QUEUE];
	entry->kind = kind;
	entry->bytes = bytes;
	memcpy(entry->json, json, bytes);
	queue->count++;
	return !was_full;
}

bool hook_queue_take(struct hook_queue *queue, struct hook_entry *out)
{
	if (queue->count == 0)
		return false;
	*out = queue->entries[queue->first];
	queue->first = (queue->first + 1) % HOOK_QUEUE;
	queue->count--;
	return true;
}
