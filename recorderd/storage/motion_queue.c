/* motion_queue.c - motion records on their way to the segments of their seconds. */
#include "recorderd/storage/storage_internal.h"

#include <string.h>

/* Takes number `at` out of the queue. The caller holds `lock`. */
static void remove_record(struct storage *storage, size_t at)
{
	struct waiting_record *records = storage->motion.records;

	storage->motion.count--;
	memmove(records + at, records + at + 1, (storage->motion.count - at) * sizeof(*records));
}

void storage_push_motion(struct storage *storage, const struct motion_record *record)
{
	pthread_mutex_lock(&storage->lock);
	if (storage->motion.count == STORAGE_MOTION_MAX)
		remove_record(storage, 0);
	storage->motion.records[storage->motion.count++] = (struct waiting_record){*record, mono_now()};
	storage->motion.latest_second = record->second;
	storage->motion.changed = true;
	pthread_cond_signal(&storage->changed);
	pthread_mutex_unlock(&storage->lock);
}

/* Takes the next record that can be written, and drops those of seconds that were not recorded. */
static bool take_record(struct storage *storage, struct motion_record *record, size_t *segment)
{
	bool found = false;

	pthread_mutex_lock(&storage->lock);
	for (size_t at = 0; at < storage->motion.count && !found;) {
		const struct waiting_record *waiting = &storage->motion.records[at];
		*record = waiting->record;
		enum motion_place place =
			motion_writer_place(&storage->motion_writer, record->second, waiting->came, segment);
		found = place == MOTION_WRITE;
		if (place == MOTION_WAIT)
			at++;
		else
			remove_record(storage, at);
	}
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
