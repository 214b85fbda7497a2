/* motion_queue.c - motion records on their way to the segments of their seconds. */
#include "recorderd/storage/storage_internal.h"

#include <string.h>

/* Takes the records from number `from` up to `to` out of the queue. The caller holds `lock`. */
static void remove_records(struct motion_queue *queue, size_t from, size_t to)
{
	memmove(queue->records + from, queue->records + to, (queue->count - to) * sizeof(queue->records[0]));
	queue->count -= to - from;
}

void storage_push_motion(struct storage *storage, const struct motion_record *record)
{
	pthread_mutex_lock(&storage->lock);
	if (storage->motion.count == STORAGE_MOTION_MAX)
		remove_records(&storage->motion, 0, 1);
	storage->motion.records[storage->motion.count++] = (struct waiting_record){*record, mono_now()};
	storage->motion.latest_second = record->second;
	storage->motion.changed = true;
	pthread_cond_signal(&storage->changed);
	pthread_mutex_unlock(&storage->lock);
}

/*
 * Takes the next record that can be written, and drops those before it whose seconds were not recorded. The queue is
 * gone through once, however many these are: the event loop waits for `lock`.
 */
static bool take_record(struct storage *storage, struct motion_record *record, size_t *segment)
{
	struct motion_queue *queue = &storage->motion;
	size_t kept = 0, at = 0;
	bool found = false;

	pthread_mutex_lock(&storage->lock);
	for (; at < queue->count && !found; at++) {
		const struct waiting_record *waiting = &queue->records[at];
		enum motion_place place =
			motion_writer_place(&storage->motion_writer, waiting->record.second, waiting->came, segment);
		found = place == MOTION_WRITE;
		if (found)
			*record = waiting->record;
		else if (place == MOTION_WAIT && kept++ != at)
			queue->records[kept - 1] = *waiting;
	}
	remove_records(queue, kept, at);
	pthread_mutex_unlock(&storage->lock);
	return found;
}

void storage_write_motion(struct storage *storage)
{
	struct motion_record record;
	size_t segment;

	while (take_record(storage, &record, &segment)) {
		atomic_store(&storage->busy_since_us, mono_now().us);
		motion_writer_put(&storage->motion_writer, segment, &record);
		atomic_store(&storage->busy_since_us, 0);
	}
	pthread_mutex_lock(&storage->lock);
	int64_t latest = storage->motion.count == 0 ? storage->motion.latest_second : INT64_MIN;
	pthread_mutex_unlock(&storage->lock);
	motion_writer_settle(&storage->motion_writer, latest);
}
