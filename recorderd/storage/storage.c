/* storage.c - the queue from the encoder to the disk, and the thread that drains it. */
#include "recorderd/storage/storage_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/base/mono_cond.h"

#define HANG_US (2 * US_PER_S) /* a disk that takes longer for one frame counts as hung */

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

void storage_push(struct storage *storage, struct media *media)
{
	pthread_mutex_lock(&storage->lock);
	STAILQ_INSERT_TAIL(&storage->queue, media, next);
	atomic_fetch_add(&storage->queued_bytes, media->bytes);
	atomic_fetch_add(&storage->unwritten, media->kind == MEDIA_FRAME);
	pthread_cond_signal(&storage->changed);
	pthread_mutex_unlock(&storage->lock);
}

bool storage_is_full(struct storage *storage)
{
	bool full = atomic_load(&storage->queued_bytes) > storage->queue_max_bytes;

	if (full)
		atomic_store(&storage->was_full, true);
	return full;
}

bool storage_has_room(const struct storage *storage)
{
	return atomic_load(&storage->queued_bytes) < storage->queue_max_bytes / 2;
}

/*
 * Waits for the next item, or until a motion record comes; then *media is NULL. Returns false once the storage is to
 * stop and the queue is empty.
 */
static bool take(struct storage *storage, struct media **media)
{
	pthread_mutex_lock(&storage->lock);
	while (STAILQ_EMPTY(&storage->queue) && !storage->stopping && !storage->motion.changed)
		pthread_cond_wait(&storage->changed, &storage->lock);
	storage->motion.changed = false;
	*media = STAILQ_FIRST(&storage->queue);
	if (*media)
		STAILQ_REMOVE_HEAD(&storage->queue, next);
	bool more = *media || !storage->stopping;
	pthread_mutex_unlock(&storage->lock);
	return more;
}

/* Makes the item's room available, and tells an event loop that waits for it. */
static void release_room(struct storage *storage, struct media *media)
{
	uint64_t left = atomic_fetch_sub(&storage->queued_bytes, media->bytes) - media->bytes;

	if (left < storage->queue_max_bytes / 2 && atomic_exchange(&storage->was_full, false)) {
		uint64_t one = 1;

		if (write(storage->room, &one, sizeof(one)) < 0)
			log_warn("storage", "cannot wake the event loop: %s", strerror(errno));
	}
}

/* Sets the error text; "": none. Logs once when an error begins and once when it ends. */
static void set_error(struct storage *storage, const char *text)
{
	pthread_mutex_lock(&storage->lock);
	if (!storage->error[0] && text[0])
		log_error("storage", "cannot write recordings: %s. Live view and the in-memory buffer continue.", text);
	else if (storage->error[0] && !text[0])
		log_info("storage", "recordings can be written again");
	snprintf(storage->error, sizeof(storage->error), "%s", text);
	pthread_mutex_unlock(&storage->lock);
}

static void write_frame(struct storage *storage, struct media *media)
{
	struct reason why = {""};

	if (!storage->run)
		return;
	if (!storage_write_frame(storage, media, &why)) {
		storage->next_cause = GAP_DISK;
		atomic_fetch_add(&storage->dropped, 1);
		if (why.text[0])
			set_error(storage, why.text);
		return;
	}
	if (media->frame.fragment.key)
		set_error(storage, "");
	atomic_fetch_add(&storage->frames, 1);
	atomic_store(&storage->indexed_wall_us, storage->writer.end_wall_us);
	atomic_store(&storage->indexed_mono_us, media->frame.mono.us);
	archive_segment_grew(storage->archive, storage->writer.end_wall_us, storage->writer.end,
			     storage->writer.frames);
	motion_writer_grew(&storage->motion_writer, media->frame.wall, media->frame.mono);
}

static void end_run(struct storage *storage)
{
	storage_close_segment(storage);
	free(storage->run);
	storage->run = NULL;
}

/* The item is kept for as long as the run lasts: each of its segments begins with the item's bytes. */
static void begin_run(struct storage *storage, struct media *media)
{
	end_run(storage);
	storage->gop = storage->largest_gop = (struct gop){0};
	storage->run = media;
	storage->run_no++;
	if (storage->next_cause == GAP_NONE)
		storage->next_cause = media->run.gap_cause;
}

static void write_item(struct storage *storage, struct media *media)
{
	if (media->kind == MEDIA_RUN) {
		begin_run(storage, media);
		return;
	}
	if (media->kind == MEDIA_FRAME)
		write_frame(storage, media);
	else
		end_run(storage);
	free(media);
}

static void write_item_timed(struct storage *storage, struct media *media)
{
	int64_t since_us = mono_now().us;

	atomic_store(&storage->busy_since_us, since_us);
	write_item(storage, media);
	atomic_store(&storage->busy_since_us, 0);
	int64_t took_us = mono_now().us - since_us;
	if (took_us > HANG_US)
		log_warn("storage", "the disk took %.1f s for one frame", (double)took_us / 1e6);
}

static void handle_item(struct storage *storage, struct media *media, bool recovered)
{
	bool frame = media->kind == MEDIA_FRAME;

	release_room(storage, media);
	if (recovered)
		write_item_timed(storage, media);
	else
		free(media); /* the repair was cancelled: nothing may be recorded */
	atomic_fetch_sub(&storage->unwritten, frame);
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
	while (take(storage, &media)) {
		if (media)
			handle_item(storage, media, start.recovered);
		storage_write_motion(storage);
	}
	end_run(storage);
	motion_writer_complete(&storage->motion_writer);
	storage_write_motion(storage);
	motion_writer_close(&storage->motion_writer);
	pthread_mutex_lock(&storage->lock);
	storage->ended = true;
	pthread_cond_broadcast(&storage->changed);
	pthread_mutex_unlock(&storage->lock);
	return NULL;
}

struct storage *storage_start(struct archive *archive, const struct config *config, int room)
{
	struct storage *storage = calloc(1, sizeof(*storage));

	if (!storage)
		return NULL;
	storage->archive = archive;
	storage->room = room;
	storage->queue_max_bytes = STORAGE_QUEUE_BYTES;
	STAILQ_INIT(&storage->queue);
	storage->writer = SEGMENT_WRITER_NONE;
	storage->motion_writer.archive = archive;
	storage->motion.latest_second = INT64_MIN;
	storage->segment_us = config->record.segment_seconds * US_PER_S;
	snprintf(storage->camera, sizeof(storage->camera), "%s", config->camera.name);
	clock_boot_id(storage->boot_id);
	pthread_mutex_init(&storage->lock, NULL);
	mono_cond_init(&storage->changed);
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
	snprintf(text, bytes, "%s", storage->error);
	pthread_mutex_unlock(&storage->lock);
	if (!text[0] && since_us && now_us - since_us > HANG_US)
		snprintf(text, bytes, "the disk has not responded for %lld s",
			 (long long)(now_us - since_us) / US_PER_S);
	return text[0] != '\0';
}

bool storage_stop(struct storage *storage, int64_t timeout_us)
{
	/* One second more, so that a thread that is not blocked can end even if no time is left. */
	mono_t deadline = {mono_now().us + timeout_us + US_PER_S};

	pthread_mutex_lock(&storage->lock);
	storage->stopping = true;
	pthread_cond_broadcast(&storage->changed);
	while (!storage->ended && mono_cond_wait(&storage->changed, &storage->lock, deadline))
		;
	bool ended = storage->ended;
	pthread_mutex_unlock(&storage->lock);
	if (!ended)
		return false; /* the disk hangs: the thread still uses the storage, which is not freed */
	pthread_join(storage->thread, NULL);
	pthread_cond_destroy(&storage->changed);
	pthread_mutex_destroy(&storage->lock);
	free(storage);
	return true;
}
