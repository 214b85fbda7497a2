/* archive_list.c - the list of segments and what else the other files of the archive build on. */
#include "recorderd/archive/archive_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/log.h"

bool archive_append(struct archive *archive, const struct catalogue_entry *entry, enum archive_phase phase)
{
	if (archive->count == archive->capacity) {
		size_t capacity = archive->capacity ? archive->capacity * 2 : 64;
		struct archive_segment *segments = realloc(archive->segments, capacity * sizeof(*segments));
		if (!segments)
			return false;
		archive->segments = segments;
		archive->capacity = capacity;
	}
	archive->segments[archive->count++] = (struct archive_segment){
		.entry = *entry,
		.phase = phase,
		.seen_mono_us = mono_now().us,
	};
	archive->segment_bytes += entry->size_bytes;
	return true;
}

/* True if its name or its time has changed. */
static bool is_moved(const struct catalogue_entry *before, const struct catalogue_entry *after)
{
	return before->start_wall_us != after->start_wall_us || strcmp(before->file, after->file) != 0;
}

void archive_update_entry(struct archive *archive, const char *file, const struct catalogue_entry *entry)
{
	pthread_mutex_lock(&archive->lock);
	for (size_t i = archive->count; i-- > 0;) {
		struct archive_segment *segment = &archive->segments[i];

		if (strcmp(segment->entry.file, file) != 0)
			continue;
		archive->segment_bytes += (entry ? entry->size_bytes : 0) - segment->entry.size_bytes;
		if (!entry || is_moved(&segment->entry, entry))
			archive_motion_changed(archive, segment);
		if (entry) {
			*segment = (struct archive_segment){
				.entry = *entry,
				.motion = is_moved(&segment->entry, entry) ? MOTION_UNLISTED : segment->motion,
				.activity = segment->activity,
				.motion_bytes = segment->motion_bytes,
				.motion_day = segment->motion_day,
				.phase = PHASE_COMPLETE,
				.seen_mono_us = segment->seen_mono_us,
			};
		} else {
			archive->count--;
			memmove(segment, segment + 1, (archive->count - i) * sizeof(*segment));
		}
		break;
	}
	pthread_mutex_unlock(&archive->lock);
	atomic_store(&archive->lists_dirty, true);
}

void archive_note_finished(struct archive *archive, const struct catalogue_entry *entry)
{
	struct archive_finished *finished = &archive->finished;

	pthread_mutex_lock(&archive->lock);
	finished->entries[finished->count++ % ARCHIVE_FINISHED_MAX] = *entry;
	pthread_mutex_unlock(&archive->lock);
}

size_t archive_take_finished(struct archive *archive, struct catalogue_entry out[ARCHIVE_FINISHED_MAX])
{
	struct archive_finished *finished = &archive->finished;
	size_t count = 0;

	pthread_mutex_lock(&archive->lock);
	if (finished->count - finished->taken > ARCHIVE_FINISHED_MAX)
		finished->taken = finished->count - ARCHIVE_FINISHED_MAX;
	while (finished->taken < finished->count)
		out[count++] = finished->entries[finished->taken++ % ARCHIVE_FINISHED_MAX];
	pthread_mutex_unlock(&archive->lock);
	return count;
}

void archive_reserve_numbers(struct archive *archive, const struct catalogue_entry *entry)
{
	struct archive_resume_point *resume = &archive->resume;

	if (entry->segment_no >= resume->next_segment)
		resume->next_segment = entry->segment_no + 1;
	if (entry->run_no >= resume->next_run)
		resume->next_run = entry->run_no + 1;
}

int archive_dup_folder(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	int folder = fcntl(archive->folder, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&archive->lock);
	return folder;
}

int archive_dup_open_segment(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	int fd = archive->open_fd < 0 ? -1 : fcntl(archive->open_fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&archive->lock);
	return fd;
}

int archive_dup_open_motion(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	int fd = archive->motion_fd < 0 ? -1 : fcntl(archive->motion_fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&archive->lock);
	return fd;
}

bool archive_is_stopping(struct archive *archive)
{
	return atomic_load(&archive->stopping);
}

void archive_set_error(struct archive *archive, const char *text)
{
	pthread_mutex_lock(&archive->lock);
	if (!archive->error[0] && text[0])
		log_error("archive", "%s", text);
	else if (archive->error[0] && !text[0])
		log_info("archive", "the recordings folder works again");
	snprintf(archive->error, sizeof(archive->error), "%s", text);
	pthread_mutex_unlock(&archive->lock);
}

void archive_count_set_aside(struct archive *archive)
{
	int folder = archive_dup_folder(archive);

	if (folder < 0)
		return;
	struct set_aside_files set_aside = set_aside_count(folder);
	close(folder);
	pthread_mutex_lock(&archive->lock);
	if (set_aside.files > archive->set_aside.files || !archive->set_aside_since_us)
		archive->set_aside_since_us = mono_now().us;
	archive->set_aside = set_aside;
	pthread_mutex_unlock(&archive->lock);
}
