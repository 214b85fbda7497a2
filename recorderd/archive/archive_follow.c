/*
 * archive_follow.c - which folder is recorded into. Its path may come to lead to another one while the recorder runs: a
 * disk is mounted over it or unmounted, it is renamed, or deleted. What is recorded from then on goes where the path
 * leads; the folder that was left is put in order by the keeper (archive_left.c).
 */
#include "recorderd/archive/archive_internal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/base/time_text.h"
#include "shared/config/mount_need.h"

static bool may_be_used(const struct archive *archive, struct reason *why)
{
	const struct config_record *record = &archive->config->record;

	return mount_need_is_met(record->require_mount, record->directory, why);
}

/* A path that cannot be looked at may still lead there. */
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
		     (!may_be_used(archive, &why) && errno == ENODEV);

	if (folder >= 0)
		close(folder);
	return moved;
}

/* What /health says of the folder, until the path leads to another one. */
static void set_note(struct archive *archive, const char *text)
{
	pthread_mutex_lock(&archive->lock);
	if (text[0])
		log_warn("archive", "%s", text);
	snprintf(archive->folder_note, sizeof(archive->folder_note), "%s", text);
	pthread_mutex_unlock(&archive->lock);
}

/* Compares the folder with that of the run before, where that is known, and remembers it for the next run. */
static void note_last_run(struct archive *archive, int folder)
{
	struct reason note = {""};

	if (folder_memory_differs(&archive->memory, folder))
		reason_set(&note,
			   "%s is another folder than in the last run: is a disk missing? Then recordings fill the one "
			   "below it; "
			   "record.require_mount = yes has the recorder wait for the disk.",
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
		   "%s leads to another folder since %s: something was mounted there, unmounted or renamed. The one "
		   "before "
		   "has %zu segment%s, which cannot be reached while it is hidden or away.",
		   archive->config->record.directory, since, segments, segments == 1 ? "" : "s");
	set_note(archive, note.text);
	folder_memory_save(&archive->memory, folder);
}

void archive_check_first_folder(struct archive *archive)
{
	note_last_run(archive, archive->folder);
}

/* Called with `lock` held. */
static void expect_numbers(struct archive *archive, const struct archive_adoption *found)
{
	uint64_t segment, run;

	archive_adoption_next_numbers(found, &segment, &run);
	if (segment > archive->start.next_segment)
		archive->start.next_segment = segment;
	if (run > archive->start.next_run)
		archive->start.next_run = run;
}

/*
 * Hands what the old folder has over to the keeper, and goes on in `folder` (-1: in none). What stands in there is
 * looked at before its list is written over. The number of segments that are left behind, in a folder that still
 * exists.
 */
static size_t switch_folder(struct archive *archive, int folder, int lock_fd)
{
	struct archive_adoption *found = folder < 0 ? NULL : archive_adoption_read(folder), *older;
	int64_t end_us = found ? archive_adoption_end(found) : 0;
	int former = archive_dup_folder(archive);
	struct stat status;
	bool exists = former >= 0 && fstat(former, &status) == 0 && status.st_nlink > 0;
	size_t left;

	if (former >= 0)
		close(former);
	pthread_mutex_lock(&archive->lock);
	left = exists ? archive->count : 0;
	archive_former_add(archive);
	older = archive->found;
	archive->folder = folder;
	archive->lock_fd = lock_fd;
	archive->replaced = true;
	archive->found = found;
	archive->start.folder_no++;
	archive->start.last_wall_us = end_us;
	if (found) {
		expect_numbers(archive, found);
		archive_adoption_list(archive, found);
	}
	archive->unlisted = true;
	archive->unstarted = true;
	pthread_cond_broadcast(&archive->changed);
	pthread_mutex_unlock(&archive->lock);
	archive_adoption_free(older);
	return left;
}

/* Nothing is held open on a disk that somebody wants to unmount, or on the one below it. */
static int leave_folder(struct archive *archive)
{
	bool inside;

	pthread_mutex_lock(&archive->lock);
	inside = archive->folder >= 0;
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
	int folder, lock_fd;

	if (!may_be_used(archive, why))
		return leave_folder(archive);
	folder = archive_dup_folder(archive);
	if (folder >= 0 && !leads_elsewhere(path, folder))
		return folder;
	if (folder >= 0)
		close(folder);
	folder = archive_folder_open(path, &lock_fd, why);
	if (folder < 0)
		return -1;
	log_warn("archive", "%s leads to another folder now: recording goes on in there", path);
	size_t left = switch_folder(archive, folder, lock_fd);
	if (left)
		note_former_folder(archive, folder, left);
	else
		note_last_run(archive, folder);
	return archive_dup_folder(archive);
}
