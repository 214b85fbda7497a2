/*
 * archive_list.c - the list of segments, the folder that they are in and what is wrong with it: what the other files of
 * the archive build on.
 */
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

void archive_update_entry(struct archive *archive, const char *file, const struct catalogue_entry *entry)
{
	pthread_mutex_lock(&archive->lock);
	for (size_t i = archive->count; i-- > 0;) {
		struct archive_segment *segment = &archive->segments[i];

		if (strcmp(segment->entry.file, file) != 0)
			continue;
		archive->segment_bytes += (entry ? entry->size_bytes : 0) - segment->entry.size_bytes;
		if (entry) {
			*segment = (struct archive_segment){
				.entry = *entry,
				.phase = PHASE_COMPLETE,
				.seen_mono_us = segment->seen_mono_us,
			};
		} else {
			archive->count--;
			memmove(segment, segment + 1, (archive->count - i) * sizeof(*segment));
		}
		break;
	}
	archive->unlisted = true;
	pthread_mutex_unlock(&archive->lock);
}

int archive_dup_folder(struct archive *archive)
{
	int folder;

	pthread_mutex_lock(&archive->lock);
	folder = fcntl(archive->folder, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&archive->lock);
	return folder;
}

int archive_dup_open_segment(struct archive *archive)
{
	int fd;

	pthread_mutex_lock(&archive->lock);
	fd = archive->open_fd < 0 ? -1 : fcntl(archive->open_fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&archive->lock);
	return fd;
}

bool archive_is_stopping(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	bool stopping = archive->stopping;
	pthread_mutex_unlock(&archive->lock);
	return stopping;
}

/* Says it once when it begins, and once when it is over. */
void archive_set_error(struct archive *archive, const char *text)
{
	pthread_mutex_lock(&archive->lock);
	if (!archive->trouble[0] && text[0])
		log_error("archive", "%s", text);
	else if (archive->trouble[0] && !text[0])
		log_info("archive", "the recordings folder is in order again");
	snprintf(archive->trouble, sizeof(archive->trouble), "%s", text);
	pthread_mutex_unlock(&archive->lock);
}

void archive_count_set_aside(struct archive *archive)
{
	int folder = archive_dup_folder(archive);
	struct set_aside_files aside;

	if (folder < 0)
		return;
	aside = set_aside_count(folder);
	close(folder);
	pthread_mutex_lock(&archive->lock);
	if (aside.files > archive->aside.files || !archive->set_aside_since_us)
		archive->set_aside_since_us = mono_now().us;
	archive->aside = aside;
	pthread_mutex_unlock(&archive->lock);
}
