/* archive_follow.c - follows the path of the recordings when it comes to lead to another folder. */
#include "recorderd/archive/archive_internal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/config/mount_need.h"
#include "shared/text/time_text.h"

/*
 * While the recorder runs, a disk may be mounted over the folder or unmounted, or the folder may be renamed or deleted.
 * Recording continues wherever the path leads then. The keeper finishes what is left to do in the former folder
 * (archive_former.c).
 */

static bool disk_is_there(const struct archive *archive, struct reason *why)
{
	const struct config_record *record = &archive->config->record;

	return mount_need_is_met(record->require_mount, record->directory, why);
}

/* A path that cannot be looked up may still lead there. */
static bool leads_elsewhere(const char *path, int folder)
{
	struct stat there, held;

	if (stat(path, &there) != 0)
		return errno == ENOENT || errno == ENOTDIR;
	return fstat(folder, &held) == 0 && (there.st_ino != held.st_ino || there.st_dev != held.st_dev);
}

bool archive_folder_moved(struct archive *archive)
{
	int folder = archive_dup_folder(archive);
	struct reason why;
	bool moved = folder < 0 || leads_elsewhere(archive->config->record.directory, folder) ||
		     (!disk_is_there(archive, &why) && errno == ENODEV);

	if (folder >= 0)
		close(folder);
	return moved;
}

/* Sets the warning of /health about the folder. It remains until the path leads to another one. */
static void set_note(struct archive *archive, const char *text)
{
	pthread_mutex_lock(&archive->lock);
	if (text[0])
		log_warn("archive", "%s", text);
	snprintf(archive->folder_note, sizeof(archive->folder_note), "%s", text);
	pthread_mutex_unlock(&archive->lock);
}

/* Compares the folder with that of the last run, if that is known, and saves it for the next run. */
static void compare_with_last_run(struct archive *archive, int folder)
{
	struct reason note = {""};

	if (folder_memory_differs(&archive->memory, folder))
		reason_set(&note,
			   "%s is not the folder of the last run. If a disk is missing, recordings fill the disk "
			   "below it; with record.require_mount = yes the recorder waits for the disk.",
			   archive->config->record.directory);
	set_note(archive, note.text);
	folder_memory_save(&archive->memory, folder);
}

static void note_former_folder(struct archive *archive, int folder, size_t segments)
{
	char since[TIME_ISO_BYTES];
	struct reason note;

	time_format_iso(wall_now(), since);
	reason_set(&note,
		   "Since %s, %s leads to another folder: something was mounted there, unmounted or renamed. %zu "
		   "segment%s in the former folder cannot be reached until that is undone.",
		   since, archive->config->record.directory, segments, segments == 1 ? "" : "s");
	set_note(archive, note.text);
	folder_memory_save(&archive->memory, folder);
}

void archive_check_first_folder(struct archive *archive)
{
	compare_with_last_run(archive, archive->folder);
}

/*
 * Hands the former folder over to the keeper and continues in `folder` (-1: in none). The new folder is read before its
 * list is overwritten. Returns how many segments remain in the former folder, if that still exists.
 */
static size_t switch_folder(struct archive *archive, int folder, int lock_fd)
{
	struct archive_adoption *adoption = folder < 0 ? NULL : archive_adoption_read(folder);
	int64_t end_us = adoption ? archive_adoption_end(adoption) : 0;
	int former = archive_dup_folder(archive);
	struct stat status;
	bool exists = former >= 0 && fstat(former, &status) == 0 && status.st_nlink > 0;

	if (former >= 0)
		close(former);
	pthread_mutex_lock(&archive->lock);
	size_t remaining = exists ? archive->count : 0;
	archive_former_add(archive);
	struct archive_adoption *replaced = archive->adoption;
	archive->folder = folder;
	archive->lock_fd = lock_fd;
	archive->adoption = adoption;
	archive->resume.folder_no++;
	archive->resume.last_wall_us = end_us;
	if (adoption) {
		archive_adoption_reserve_numbers(archive, adoption);
		archive_adoption_list(archive, adoption);
	}
	archive->unrecorded = true;
	atomic_store(&archive->folder_replaced, true);
	atomic_store(&archive->lists_dirty, true);
	pthread_cond_broadcast(&archive->changed);
	pthread_mutex_unlock(&archive->lock);
	archive_adoption_free(replaced);
	return remaining;
}

/* Holds nothing open on a disk that somebody wants to unmount, or on the one below it. */
static int leave_folder(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	bool inside = archive->folder >= 0;
	pthread_mutex_unlock(&archive->lock);
	if (inside) {
		switch_folder(archive, -1, -1);
		set_note(archive, "");
	}
	return -1;
}

int archive_follow_folder(struct archive *archive, struct reason *why)
{
	const char *path = archive->config->record.directory;
	int lock_fd;

	if (!disk_is_there(archive, why))
		return leave_folder(archive);
	int folder = archive_dup_folder(archive);
	if (folder >= 0 && !leads_elsewhere(path, folder))
		return folder;
	if (folder >= 0)
		close(folder);
	folder = archive_folder_open(path, &lock_fd, why);
	if (folder < 0)
		return -1;
	log_warn("archive", "%s now leads to another folder; recording continues there", path);
	size_t remaining = switch_folder(archive, folder, lock_fd);
	if (remaining)
		note_former_folder(archive, folder, remaining);
	else
		compare_with_last_run(archive, folder);
	return archive_dup_folder(archive);
}
