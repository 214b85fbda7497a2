/* segment_thread.c - ships closed segments. */
#include "offsite/segment_thread.h"

#include <errno.h>
#include <string.h>

#include "offsite/clip_shipping.h"
#include "offsite/segment_files.h"
#include "offsite/shipped_file.h"
#include "shared/base/backoff.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"

#define LOOK_US          US_PER_S
#define RETRY_MIN_US     US_PER_S
#define RETRY_MAX_US     (60 * US_PER_S)
#define ENTRIES_PER_READ 64
#define NO_DAY           INT64_MIN
#define PUT_OFF_MAX      8
#define PUT_OFF_US       (60 * US_PER_S)

struct segment_thread {
	struct shipper *shipper;
	struct store_client *client;
	struct shipped_file shipped;
	struct clip_shipping *clips;
	uint64_t settled_generation; /* of the list of which everything is in the store; 0: of none */
	struct {
		uint64_t segment_no;
		int64_t until_us; /* monotonic */
	} put_off[PUT_OFF_MAX];   /* could not be read, or changed meanwhile: others go first, until then */
	size_t put_off_count;     /* since the start */
	int64_t unlisted_day_us;  /* the list of this day is to be put; NO_DAY: none is */
	struct backoff backoff;
};

/* What the list of recorderd has to be done for. */
struct work {
	uint64_t waiting, waiting_bytes; /* closed segments that are not in the store */
	bool found;                      /* this one is next: */
	struct catalogue_entry segment;  /* not in the store, */
	bool corrected;                  /* or in it under other times */
	struct segment_files files;      /* of one that is not in the store */
};

static bool same_times(const struct catalogue_entry *a, const struct catalogue_entry *b)
{
	return a->start_wall_us == b->start_wall_us && a->end_wall_us == b->end_wall_us;
}

static void put_off(struct segment_thread *thread, uint64_t segment_no)
{
	size_t at = thread->put_off_count++ % PUT_OFF_MAX;

	thread->put_off[at].segment_no = segment_no;
	thread->put_off[at].until_us = mono_now().us + PUT_OFF_US;
}

static bool is_put_off(const struct segment_thread *thread, uint64_t segment_no)
{
	for (size_t i = 0; i < PUT_OFF_MAX; i++)
		if (thread->put_off[i].segment_no == segment_no && mono_now().us < thread->put_off[i].until_us)
			return true;
	return false;
}

static void consider(struct segment_thread *thread, const struct catalogue_entry *entry, struct work *work)
{
	if (entry->state != CATALOGUE_COMPLETE || entry->segment_no > OBJECT_SEGMENT_MAX)
		return;
	const struct ship_list_entry *shipped = ship_list_find(&thread->shipped.list, entry);
	if (!shipped) {
		work->waiting++;
		work->waiting_bytes += entry->size_bytes;
	}
	if (work->found || (shipped && same_times(&shipped->segment, entry)) || is_put_off(thread, entry->segment_no))
		return;
	work->corrected = shipped != NULL;
	work->found = shipped || segment_files_open(thread->shipper->recordings, entry, &work->files);
	work->segment = *entry;
}

/* Looks through the list for what is waiting. The first one in the order of recording is next. */
static void find_work(struct segment_thread *thread, struct work *work)
{
	struct catalogue_entry entries[ENTRIES_PER_READ];
	struct catalogue catalogue;
	uint64_t first = 0;
	size_t got;

	*work = (struct work){.files = {.fds = {-1, -1, -1}}};
	if (catalogue_open(thread->shipper->recordings, &catalogue) == CATALOGUE_OK &&
	    catalogue.generation != thread->settled_generation) {
		while ((got = catalogue_read(&catalogue, first, ENTRIES_PER_READ, entries)) > 0) {
			for (size_t i = 0; i < got; i++)
				consider(thread, &entries[i], work);
			first += got;
		}
		bool settled = !work->found && work->waiting == 0 && first == catalogue.entries;
		thread->settled_generation = settled ? catalogue.generation : 0;
	}
	catalogue_close(&catalogue);
	shipper_note_waiting(thread->shipper, work->waiting, work->waiting_bytes);
}

static enum put_outcome put_day(struct segment_thread *thread, int64_t day_us, const struct ship_list_entry *instead)
{
	struct object_name name = shipper_name(thread->shipper, OBJECT_DAY);
	struct buffer list = {0};

	name.start_us = day_us;
	shipped_file_day(&thread->shipped, day_us, instead, &list);
	enum put_outcome outcome = PUT_RETRY;
	const struct body body = {.ranges = {{.fd = -1, .data = list.data, .bytes = list.length}}, .count = 1};
	if (list.failed)
		shipper_report(thread->shipper, LANE_SEGMENTS, "out of memory");
	else
		outcome = shipper_put(thread->shipper, thread->client, LANE_SEGMENTS, &name, &body);
	buffer_free(&list);
	return outcome;
}

static enum put_outcome put_file(struct segment_thread *thread, const struct work *work, enum segment_file file)
{
	static const enum object_kind kinds[] = {
		[SEGMENT_INDEX] = OBJECT_INDEX, [SEGMENT_MEDIA] = OBJECT_MEDIA, [SEGMENT_MOTION] = OBJECT_MOTION};
	struct object_name name = shipper_name(thread->shipper, kinds[file]);
	const struct body body = {
		.ranges = {{.fd = work->files.fds[file], .bytes = (uint64_t)work->files.opened[file].st_size}},
		.count = 1};

	name.segment_no = work->segment.segment_no;
	name.start_us = work->segment.start_wall_us;
	return shipper_put(thread->shipper, thread->client, LANE_SEGMENTS, &name, &body);
}

static enum put_outcome append(struct segment_thread *thread, struct ship_list_entry *entry)
{
	struct reason why;

	if (shipped_file_append(&thread->shipped, entry, &why))
		return PUT_DONE;
	shipper_report(thread->shipper, LANE_SEGMENTS, why.text);
	return PUT_RETRY;
}

/* The list of the day, which goes last. */
static enum put_outcome put_unlisted_day(struct segment_thread *thread)
{
	if (thread->unlisted_day_us == NO_DAY)
		return PUT_DONE;
	enum put_outcome outcome = put_day(thread, thread->unlisted_day_us, NULL);
	if (outcome == PUT_DONE)
		thread->unlisted_day_us = NO_DAY;
	return outcome;
}

static enum put_outcome ship_segment(struct segment_thread *thread, struct work *work)
{
	const struct stat *opened = work->files.opened;
	enum put_outcome outcome = PUT_DONE;

	for (enum segment_file file = SEGMENT_INDEX; outcome == PUT_DONE && file < SEGMENT_FILES; file++)
		if (work->files.fds[file] >= 0)
			outcome = put_file(thread, work, file);
	if (outcome != PUT_DONE)
		return outcome;
	/* Its times were corrected meanwhile: the .idx may have the old ones and the .mp4 the new ones. */
	if (!segment_files_unchanged(&work->files))
		return PUT_CHANGED;
	struct ship_list_entry entry = {
		.segment = work->segment,
		.object_start_us = work->segment.start_wall_us,
		.media_bytes = (uint64_t)opened[SEGMENT_MEDIA].st_size,
		.index_bytes = (uint64_t)opened[SEGMENT_INDEX].st_size,
	};
	if (work->files.fds[SEGMENT_MOTION] >= 0)
		entry.motion_bytes = (uint64_t)opened[SEGMENT_MOTION].st_size;
	outcome = append(thread, &entry);
	if (outcome != PUT_DONE)
		return outcome;
	log_info("ship", "%s is in the store", work->segment.file);
	shipper_note_shipped(thread->shipper, work->segment.end_wall_us);
	thread->unlisted_day_us = object_day_us(work->segment.start_wall_us);
	return put_unlisted_day(thread);
}

static enum put_outcome correct_times(struct segment_thread *thread, const struct work *work)
{
	const struct ship_list_entry *shipped = ship_list_find(&thread->shipped.list, &work->segment);
	int64_t old_day_us = object_day_us(shipped->segment.start_wall_us);
	int64_t new_day_us = object_day_us(work->segment.start_wall_us);
	struct ship_list_entry entry = *shipped;

	entry.segment = work->segment;
	ship_list_entry_seal(&entry);
	enum put_outcome outcome = put_day(thread, new_day_us, &entry);
	if (outcome == PUT_DONE && old_day_us != new_day_us)
		outcome = put_day(thread, old_day_us, &entry);
	return outcome == PUT_DONE ? append(thread, &entry) : outcome;
}

/* Ships one thing. *again: there may be more. */
static enum put_outcome ship(struct segment_thread *thread, bool *again)
{
	struct work work;

	*again = false;
	enum put_outcome outcome = put_unlisted_day(thread);
	if (outcome == PUT_DONE)
		outcome = clip_shipping_run(thread->clips, again);
	find_work(thread, &work);
	if (outcome == PUT_DONE && work.found) {
		*again = true;
		outcome = work.corrected ? correct_times(thread, &work) : ship_segment(thread, &work);
		if (outcome == PUT_CHANGED)
			put_off(thread, work.segment.segment_no);
	}
	segment_files_close(&work.files);
	return outcome;
}

static bool start(struct segment_thread *thread)
{
	struct shipper *shipper = thread->shipper;
	const struct shipped_file_owner owner = {shipper->config->camera.name, shipper->archive.id, shipper->bucket};
	struct reason why = {"out of memory"};

	thread->client = store_client_open(shipper->store, LANE_SEGMENTS);
	thread->clips = thread->client ? clip_shipping_open(shipper, thread->client) : NULL;
	while (thread->clips && !shipped_file_open(&thread->shipped, shipper->state, &owner, &why)) {
		shipper_report(shipper, LANE_SEGMENTS, why.text);
		if (!shipper_sleep(shipper, shipper_retry_us(&thread->backoff)))
			return false;
	}
	if (!thread->clips)
		log_error("ship", "%s", why.text);
	shipper_report(shipper, LANE_SEGMENTS, "");
	/* Nobody knows whether the last list was put. */
	if (thread->shipped.list.last_start_us > 0)
		thread->unlisted_day_us = object_day_us(thread->shipped.list.last_start_us);
	return thread->clips != NULL;
}

void *segment_thread_run(void *context)
{
	struct segment_thread thread = {.shipper = context, .shipped = {.fd = -1}, .unlisted_day_us = NO_DAY};
	bool again;

	thread.backoff = BACKOFF(RETRY_MIN_US, RETRY_MAX_US);
	if (start(&thread)) {
		do {
			enum put_outcome outcome = ship(&thread, &again);
			int64_t wait_us = LOOK_US;

			if (outcome == PUT_STOPPED)
				break;
			if (outcome == PUT_DONE)
				backoff_reset(&thread.backoff);
			else
				wait_us = shipper_retry_us(&thread.backoff);
			if (outcome == PUT_DONE && again)
				continue;
			if (!shipper_sleep(thread.shipper, wait_us))
				break;
		} while (!shipper_is_stopping(thread.shipper));
	}
	shipped_file_close(&thread.shipped);
	clip_shipping_close(thread.clips);
	store_client_close(thread.client);
	return NULL;
}
