/* archive_opening.c - opens the recordings folder in a thread of its own. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorderd/archive/archive_internal.h"
#include "shared/base/log.h"
#include "shared/base/mono_cond.h"
#include "shared/config/mount_need.h"

/*
 * A disk may not answer, and then nothing can end the thread that waits for it. So whoever is done last, the thread or
 * the keeper, frees what both use. If record.require_mount finds no disk, nothing is opened and the keeper tries again.
 */

#define OPEN_LIMIT_US  (3 * US_PER_S) /* how long the start waits for the disk */
#define POLL_US        (US_PER_S / 5)
#define RETRY_EVERY_US US_PER_S /* while the disk is not there or refuses */

struct archive_opening {
	pthread_mutex_t lock; /* guards everything except `path` and `need` */
	pthread_cond_t changed;
	bool ended, abandoned;
	int folder, lock_fd; /* once ended */
	struct reason why;
	bool absent; /* folder is -1 because no disk is mounted there */
	char path[PATH_MAX], need[PATH_MAX];
};

static void opening_free(struct archive_opening *opening)
{
	pthread_cond_destroy(&opening->changed);
	pthread_mutex_destroy(&opening->lock);
	free(opening);
}

static void *opening_run(void *context)
{
	struct archive_opening *opening = context;
	struct reason why = {""};
	int lock_fd = -1;
	bool absent = !mount_need_is_met(opening->need, opening->path, &why);
	int folder = absent ? -1 : archive_folder_open(opening->path, &lock_fd, &why);

	pthread_mutex_lock(&opening->lock);
	opening->folder = folder;
	opening->lock_fd = lock_fd;
	opening->absent = absent;
	opening->why = why;
	opening->ended = true;
	bool abandoned = opening->abandoned;
	pthread_cond_broadcast(&opening->changed);
	pthread_mutex_unlock(&opening->lock);
	if (!abandoned)
		return NULL;
	if (folder >= 0) {
		close(folder);
		close(lock_fd);
	}
	opening_free(opening);
	return NULL;
}

static struct archive_opening *opening_start(const struct config_record *record)
{
	struct archive_opening *opening = calloc(1, sizeof(*opening));
	pthread_t thread;

	if (!opening)
		return NULL;
	snprintf(opening->path, sizeof(opening->path), "%s", record->directory);
	snprintf(opening->need, sizeof(opening->need), "%s", record->require_mount);
	pthread_mutex_init(&opening->lock, NULL);
	mono_cond_init(&opening->changed);
	if (pthread_create(&thread, NULL, opening_run, opening) != 0) {
		opening_free(opening);
		return NULL;
	}
	pthread_setname_np(thread, "folder");
	pthread_detach(thread);
	return opening;
}

enum opening_outcome { OPENING_DONE, OPENING_FAILED, OPENING_ABSENT, OPENING_HANGS };

/* Waits for the outcome. Frees `opening` unless the disk still hangs. */
static enum opening_outcome opening_wait(struct archive_opening *opening, int64_t limit_us, int *folder, int *lock_fd,
					 struct reason *why)
{
	mono_t deadline = {mono_now().us + limit_us};

	pthread_mutex_lock(&opening->lock);
	while (!opening->ended && mono_cond_wait(&opening->changed, &opening->lock, deadline))
		;
	bool ended = opening->ended;
	pthread_mutex_unlock(&opening->lock);
	if (!ended)
		return OPENING_HANGS;
	*folder = opening->folder;
	*lock_fd = opening->lock_fd;
	*why = opening->why;
	bool absent = opening->absent;
	opening_free(opening);
	return absent ? OPENING_ABSENT : *folder >= 0 ? OPENING_DONE : OPENING_FAILED;
}

void archive_opening_abandon(struct archive_opening *opening)
{
	if (!opening)
		return;
	pthread_mutex_lock(&opening->lock);
	opening->abandoned = true;
	bool ended = opening->ended;
	pthread_mutex_unlock(&opening->lock);
	if (!ended)
		return;
	if (opening->folder >= 0) {
		close(opening->folder);
		close(opening->lock_fd);
	}
	opening_free(opening);
}

bool archive_opening_start(struct archive *archive, struct reason *why)
{
	const struct config_record *record = &archive->config->record;
	struct archive_opening *opening = opening_start(record);

	if (!opening)
		return reason_set(why, "cannot start a thread to open the recordings folder");
	switch (opening_wait(opening, OPEN_LIMIT_US, &archive->folder, &archive->lock_fd, why)) {
	case OPENING_DONE:
	case OPENING_ABSENT:
		return true;
	case OPENING_FAILED:
		return false;
	case OPENING_HANGS:
		break;
	}
	log_error("archive",
		  "the disk of %s does not respond; recording starts when it does, everything else starts now",
		  record->directory);
	archive->opening = opening;
	return true;
}

static void take_folder(struct archive *archive, int folder, int lock_fd)
{
	pthread_mutex_lock(&archive->lock);
	archive->folder = folder;
	archive->lock_fd = lock_fd;
	pthread_mutex_unlock(&archive->lock);
}

/* Waits a moment for the folder that is being opened. */
static enum opening_outcome poll_opening(struct archive *archive, struct reason *why)
{
	int folder, lock_fd;
	enum opening_outcome outcome = opening_wait(archive->opening, POLL_US, &folder, &lock_fd, why);

	if (outcome == OPENING_HANGS)
		return outcome;
	archive->opening = NULL;
	atomic_store(&archive->last_answer_us, mono_now().us);
	if (outcome == OPENING_DONE)
		take_folder(archive, folder, lock_fd);
	return outcome;
}

bool archive_opening_wait(struct archive *archive)
{
	struct reason why = {"cannot start a thread to open the recordings folder"};

	while (archive->folder < 0) {
		if (!archive->opening)
			archive->opening = opening_start(&archive->config->record);
		enum opening_outcome outcome = archive->opening ? poll_opening(archive, &why) : OPENING_FAILED;
		bool again = outcome == OPENING_FAILED || outcome == OPENING_ABSENT;
		if (again)
			archive_set_error(archive, why.text);
		archive_cached_expire(archive, NULL, 0);
		archive_update_clips_note(archive);
		if (again ? !archive_wait_before_retry(archive) : archive_is_stopping(archive))
			return false;
	}
	archive_check_first_folder(archive);
	return true;
}

bool archive_wait_before_retry(struct archive *archive)
{
	mono_t at = {mono_now().us + RETRY_EVERY_US};

	pthread_mutex_lock(&archive->lock);
	if (!atomic_load(&archive->stopping))
		mono_cond_wait(&archive->changed, &archive->lock, at);
	pthread_mutex_unlock(&archive->lock);
	return !atomic_load(&archive->stopping);
}
