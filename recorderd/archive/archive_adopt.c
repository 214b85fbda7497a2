/*
 * archive_adopt.c - a folder took the place of another one while the recorder ran (a disk was mounted, or mounted
 * again), and segments stand in it. They come in front of what is recorded there from now on, whatever their numbers
 * are: what this recorder records gets higher ones.
 */
#include "recorderd/archive/archive_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/log.h"

#define STEP_US (US_PER_S / 5) /* the keeper has other duties meanwhile */

struct name {
	char file[SEGMENT_FILE_BYTES];
	bool listed; /* already: the folder is one that was there before */
};

struct archive_adoption {
	int folder;
	struct archive_last_list known;
	struct name *names; /* sorted */
	size_t count, room;
	size_t at; /* the next one to be looked at */
	struct archive_segment *segments;
	size_t taken;
	uint64_t unread;
};

static int by_name(const void *a, const void *b)
{
	const struct name *left = a, *right = b;

	return strncmp(left->file, right->file, sizeof(left->file));
}

static bool add_name(struct archive_adoption *found, const char *name)
{
	if (found->count == found->room) {
		size_t room = found->room ? found->room * 2 : 64;
		struct name *names = realloc(found->names, room * sizeof(*names));

		if (!names)
			return false;
		found->names = names;
		found->room = room;
	}
	found->names[found->count] = (struct name){.listed = false};
	memcpy(found->names[found->count++].file, name, strlen(name)); /* a segment's: it fits */
	return true;
}

static bool read_names(struct archive_adoption *found)
{
	int fd = openat(found->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *file;
	bool good = true;

	if (!folder) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (good && (file = readdir(folder)))
		if (segment_file_valid(file->d_name))
			good = add_name(found, file->d_name);
	closedir(folder);
	return good;
}

struct archive_adoption *archive_adoption_read(int folder)
{
	struct archive_adoption *found = calloc(1, sizeof(*found));

	if (!found)
		return NULL;
	found->folder = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	if (found->folder < 0 || !read_names(found)) {
		log_warn("archive", "the recordings that stand in the folder are not listed until the next start");
		archive_adoption_free(found);
		return NULL;
	}
	if (found->count) {
		archive_last_list_read(folder, &found->known);
		qsort(found->names, found->count, sizeof(*found->names), by_name);
	}
	return found;
}

void archive_adoption_free(struct archive_adoption *found)
{
	if (!found)
		return;
	if (found->folder >= 0)
		close(found->folder);
	archive_last_list_free(&found->known);
	free(found->names);
	free(found->segments);
	free(found);
}

void archive_adoption_next_numbers(const struct archive_adoption *found, uint64_t *segment, uint64_t *run)
{
	*segment = *run = 0;
	for (size_t i = 0; i < found->known.count; i++) {
		const struct catalogue_entry *entry = &found->known.entries[i];

		if (entry->segment_no >= *segment)
			*segment = entry->segment_no + 1;
		if (entry->run_no >= *run)
			*run = entry->run_no + 1;
	}
}

static bool is_in_folder(const struct archive_adoption *found, const char *file)
{
	struct name key;

	memcpy(key.file, file, sizeof(key.file));
	return found->count && bsearch(&key, found->names, found->count, sizeof(key), by_name);
}

void archive_adoption_list(struct archive *archive, const struct archive_adoption *found)
{
	size_t first = archive->count;

	for (size_t i = 0; i < found->known.count; i++) {
		const struct catalogue_entry *entry = &found->known.entries[i];

		if (entry->state != CATALOGUE_COMPLETE || !is_in_folder(found, entry->file))
			continue;
		if (!archive_append(archive, entry, PHASE_COMPLETE))
			break; /* no memory: the keeper tries again */
		archive->segments[archive->count - 1].unchecked = true;
	}
	if (archive->count > first)
		archive_sort(archive->segments + first, archive->count - first);
}

/* Of a segment that was being recorded, its index knows. */
static int64_t end_of(const struct archive_adoption *found, const struct catalogue_entry *entry)
{
	struct index_reader index;
	struct index_record last;
	char name[SEGMENT_FILE_BYTES];
	int64_t end_us = entry->end_wall_us;
	uint64_t count;

	if (entry->state == CATALOGUE_COMPLETE || !index_name(entry->file, name, sizeof(name)) ||
	    index_reader_open(found->folder, name, entry->segment_no, &index) != INDEX_OK)
		return end_us;
	count = index_reader_count(&index);
	if (count && index_reader_read(&index, count - 1, 1, &last) == 1)
		end_us = last.wall_us + last.duration_us;
	index_reader_close(&index);
	return end_us;
}

int64_t archive_adoption_end(const struct archive_adoption *found)
{
	const struct catalogue_entry *newest = NULL;

	for (size_t i = 0; i < found->known.count; i++)
		if (!newest || found->known.entries[i].segment_no > newest->segment_no)
			newest = &found->known.entries[i];
	return newest ? end_of(found, newest) : 0;
}

static void mark_listed(struct archive *archive, struct archive_adoption *found)
{
	pthread_mutex_lock(&archive->lock);
	for (size_t i = 0; found->count && i < archive->count; i++) {
		struct name key, *name;

		memcpy(key.file, archive->segments[i].entry.file, sizeof(key.file));
		name = bsearch(&key, found->names, found->count, sizeof(key), by_name);
		if (name && !archive->segments[i].unchecked)
			name->listed = true;
	}
	pthread_mutex_unlock(&archive->lock);
}

static void look(struct archive_adoption *found, const char *name)
{
	struct archive_segment *segment = &found->segments[found->taken];
	struct segment_end end;

	enum archive_inspect_outcome looked =
		archive_inspect(found->folder, &found->known, name, &segment->entry, &end);
	found->unread += looked == INSPECT_FAILED;
	if (looked != INSPECT_OK)
		return;
	segment->phase = segment->entry.state == CATALOGUE_COMPLETE ? PHASE_COMPLETE : PHASE_CLOSED;
	segment->seen_mono_us = mono_now().us;
	found->taken++;
}

/* In front of the list, in the place of what was not looked at so far. False without memory. */
static bool insert(struct archive *archive, const struct archive_adoption *found)
{
	size_t count = found->taken;
	struct archive_segment *segments = malloc((found->taken + archive->count + 1) * sizeof(*segments));

	if (!segments)
		return false;
	memcpy(segments, found->segments, found->taken * sizeof(*segments));
	for (size_t i = 0; i < archive->count; i++) {
		if (archive->segments[i].unchecked)
			archive->segment_bytes -= archive->segments[i].entry.size_bytes;
		else
			segments[count++] = archive->segments[i];
	}
	archive->capacity = found->taken + archive->count + 1;
	free(archive->segments);
	archive->segments = segments;
	archive->count = count;
	for (size_t i = 0; i < found->taken; i++) {
		const struct catalogue_entry *entry = &segments[i].entry;

		archive->segment_bytes += entry->size_bytes;
		if (entry->segment_no >= archive->start.next_segment)
			archive->start.next_segment = entry->segment_no + 1;
		if (entry->run_no >= archive->start.next_run)
			archive->start.next_run = entry->run_no + 1;
	}
	archive->unlisted = true;
	return true;
}

static void list_found(struct archive *archive, struct archive_adoption *found)
{
	bool good;

	if (found->taken)
		archive_sort(found->segments, found->taken);
	pthread_mutex_lock(&archive->lock);
	good = insert(archive, found);
	pthread_mutex_unlock(&archive->lock);
	if (good && found->taken)
		log_info("archive", "%zu segment%s stood in the folder: they are listed again", found->taken,
			 found->taken == 1 ? "" : "s");
	else if (!good)
		log_error("archive", "no memory to list what stood in the folder");
}

bool archive_adoption_merge(struct archive *archive, struct archive_adoption *found)
{
	int64_t until_us = mono_now().us + STEP_US;

	if (!found->segments) {
		found->segments = calloc(found->count + 1, sizeof(*found->segments));
		if (!found->segments)
			return true;
		mark_listed(archive, found);
	}
	while (found->at < found->count && mono_now().us < until_us) {
		const struct name *name = &found->names[found->at++];

		if (!name->listed)
			look(found, name->file);
	}
	if (found->at < found->count)
		return false;
	pthread_mutex_lock(&archive->lock);
	archive->unread = found->unread;
	pthread_mutex_unlock(&archive->lock);
	list_found(archive, found);
	return true;
}
