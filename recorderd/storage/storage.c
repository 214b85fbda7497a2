/* storage.c - the queue from the encoder to the disk, and the thread that works it off. */
#include "recorderd/storage/storage_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/log.h"

#define HANG_US (2 * US_PER_S) /* a disk that takes longer for one frame is in trouble */

struct media *media_create(enum media_kind kind, const void *data, size_t bytes)
{
	struct media *media = calloc(1, sizeof(*media) + bytes);

	if (!media)
		return NULL;
	media->kind = kind;
	media->bytes = bytes;
	if (bytes)
		memcpy(media->data, data, bytes);
	return media;
}

/* The queue */

void storage_push(struct storage *storage, struct media *media)
{
	pthread_mutex_lock(&storage->lock);
	media->next = NULL;
	*storage->last = media;
	storage->last = &media->next;
	atomic_fetch_add(&storage->queued_bytes, media->bytes);
	atomic_fetch_add(&storage->unwritten, media->kind == MEDIA_FRAME);
	pthread_cond_signal(&storage->more);
	pthread_mutex_unlock(&storage->lock);
}

bool storage_is_full(struct storage *storage)
{
	bool full = atomic_load(&storage->queued_bytes) > STORAGE_QUEUE_BYTES;

	if (full)
		atomic_store(&storage->was_full, true);
	return full;
}

/* The next item, or NULL once the storage is told to stop and nothing is left. */
static struct media *take(struct storage *storage)
{
	struct media *media;

	pthread_mutex_lock(&storage->lock);
	while (!storage->first && !storage->stopping)
		pthread_cond_wait(&storage->more, &storage->lock);
	media = storage->first;
	if (media) {
		storage->first = media->next;
		if (!storage->first)
			storage->last = &storage->first;
	}
	pthread_mutex_unlock(&storage->lock);
	return media;
}

/* The item is done with: makes room, and says so to a loop that waits for it. */
static void done_with(struct storage *storage, struct media *media)
{
	uint64_t left = atomic_fetch_sub(&storage->queued_bytes, media->bytes) - media->bytes;

	if (left < STORAGE_QUEUE_BYTES / 2 && atomic_exchange(&storage->was_full, false)) {
		uint64_t one = 1;

		if (write(storage->room, &one, sizeof(one)) < 0)
			log_warn("storage", "cannot wake the event loop: %s", strerror(errno));
	}
}

/* Trouble: said once, and once when it is over */

static void set_trouble(struct storage *storage, const char *text)
{
	pthread_mutex_lock(&storage->lock);
	if (!storage->trouble[0] && text[0])
		log_error("storage", "%s; recording waits for the disk, live view and memory go on", text);
	else if (storage->trouble[0] && !text[0])
		log_info("storage", "the disk takes footage again");
	snprintf(storage->trouble, sizeof(storage->trouble), "%s", text);
	pthread_mutex_unlock(&storage->lock);
}

static void take_frame(struct storage *storage, struct media *media)
{
	struct reason why = {""};

	if (!storage->run)
		return;
	if (!storage_write_frame(storage, media, &why)) {
		storage->next_cause = GAP_DISK;
		atomic_fetch_add(&storage->dropped, 1);
		if (why.text[0])
			set_trouble(storage, why.text);
		return;
	}
	if (media->frame.fragment.key)
		set_trouble(storage, "");
	atomic_fetch_add(&storage->frames, 1);
	atomic_store(&storage->indexed_wall_us, storage->writer.end_wall_us);
	atomic_store(&storage->indexed_mono_us, media->frame.mono.us);
	archive_segment_grew(storage->archive, storage->writer.end_wall_us, storage->writer.end,
			     storage->writer.frames);
}

static void end_run(struct storage *storage)
{
	storage_close_segment(storage);
	free(storage->run);
	storage->run = NULL;
}

/* A run keeps its own item: its bytes begin each of its segments. */
static void begin_run(struct storage *storage, struct media *media)
{
	end_run(storage);
	storage->group = storage->largest_group = (struct group){0};
	storage->run = media;
	storage->run_no++;
	if (storage->next_cause == GAP_NONE)
		storage->next_cause = media->run.gap_cause;
}

static void take_item(struct storage *storage, struct media *media)
{
	if (media->kind == MEDIA_RUN) {
		begin_run(storage, media);
		return;
	}
	if (media->kind == MEDIA_FRAME)
		take_frame(storage, media);
	else
		end_run(storage);
	free(media);
}

static void take_item_timed(struct storage *storage, struct media *media)
{
	int64_t since_us = mono_now().us, took_us;

	atomic_store(&storage->busy_since_us, since_us);
	take_item(storage, media);
	atomic_store(&storage->busy_since_us, 0);
	took_us = mono_now().us - since_us;
	if (took_us > HANG_US)
		log_warn("storage", "the disk took %.1f s for one frame", (double)took_us / 1e6);
}

static void *storage_run(void *context)
{
	struct storage *storage = context;
	struct archive_resume_point start = archive_wait_repaired(storage->archive);
	struct media *media;

	storage->next_segment = start.next_segment;
	storage->run_no = start.next_run - 1;
	storage->last_wall_us = start.last_wall_us;
	if (start.recovered && start.last_mono_us > 0)
		atomic_store(&storage->indexed_mono_us, start.last_mono_us);
	while ((media = take(storage))) {
		bool frame = media->kind == MEDIA_FRAME;

		done_with(storage, media);
		if (start.recovered)
			take_item_timed(storage, media);
		else
			free(media); /* the recorder was stopped before anything could be recorded */
		atomic_fetch_sub(&storage->unwritten, frame);
	}
	end_run(storage);
	pthread_mutex_lock(&storage->lock);
	storage->ended = true;
	pthread_cond_broadcast(&storage->more);
	pthread_mutex_unlock(&storage->lock);
	return NULL;
}

/* From outside */

struct storage *storage_start(struct archive *archive, const struct config *config, int room)
{
	struct storage *storage = calloc(1, sizeof(*storage));
	pthread_condattr_t monotonic;

	if (!storage)
		return NULL;
	storage->archive = archive;
	storage->room = room;
	storage->last = &storage->first;
	storage->writer = SEGMENT_WRITER_NONE;
	storage->segment_us = config->record.segment_seconds * US_PER_S;
	snprintf(storage->camera, sizeof(storage->camera), "%s", config->camera.name);
	clock_boot_id(storage->boot_id);
	pthread_mutex_init(&storage->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&storage->more, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&storage->thread, NULL, storage_run, storage) != 0) {
		free(storage);
		return NULL;
	}
	pthread_setname_np(storage->thread, "storage");
	return storage;
}

uint64_t storage_queued_bytes(const struct storage *storage)
{
	return atomic_load(&storage->queued_bytes);
}

uint64_t storage_frames(const struct storage *storage)
{
	return atomic_load(&storage->frames);
}

uint64_t storage_dropped(const struct storage *storage)
{
	return atomic_load(&storage->dropped);
}

int64_t storage_indexed_wall_us(const struct storage *storage)
{
	return atomic_load(&storage->indexed_wall_us);
}

int64_t storage_indexed_mono_us(const struct storage *storage)
{
	return atomic_load(&storage->indexed_mono_us);
}

uint64_t storage_unwritten(const struct storage *storage)
{
	return atomic_load(&storage->unwritten);
}

bool storage_error(struct storage *storage, char *text, size_t bytes)
{
	int64_t since_us = atomic_load(&storage->busy_since_us), now_us = mono_now().us;

	pthread_mutex_lock(&storage->lock);
	snprintf(text, bytes, "%s", storage->trouble);
	pthread_mutex_unlock(&storage->lock);
	if (!text[0] && since_us && now_us - since_us > HANG_US)
		snprintf(text, bytes, "the disk has not answered for %lld s",
			 (long long)(now_us - since_us) / US_PER_S);
	return text[0] != '\0';
}

bool storage_stop(struct storage *storage, int64_t timeout_us)
{
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_us / US_PER_S + 1;
	pthread_mutex_lock(&storage->lock);
	storage->stopping = true;
	pthread_cond_broadcast(&storage->more);
	while (!storage->ended && pthread_cond_timedwait(&storage->more, &storage->lock, &until) == 0)
		;
	ended = storage->ended;
	pthread_mutex_unlock(&storage->lock);
	if (!ended)
		return false; /* the disk hangs: the thread keeps what it uses, and the process ends without it */
	pthread_join(storage->thread, NULL);
	pthread_cond_destroy(&storage->more);
	pthread_mutex_destroy(&storage->lock);
	free(storage);
	return true;
}
