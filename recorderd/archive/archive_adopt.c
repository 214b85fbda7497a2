/* archive_adopt.c - the segments of a folder that the path of the recordings has come to lead to. */
#include "recorderd/archive/archive_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/log.h"

/*
 * A disk was mounted, or mounted again, while the recorder runs. Whatever numbers the segments there have, they come
 * before what this recorder records into the folder: it takes higher ones.
 */

#define STEP_US (US_PER_S / 5) /* the keeper has other work to do in between */

struct name {
	char file[SEGMENT_FILE_BYTES];
	bool listed; /* already: the folder was there before */
};

struct archive_adoption {
	int folder;
	struct archive_last_list list;
	struct name *names; /* sorted */
	size_t count, capacity;
	size_t next; /* the next name to look at */
	struct archive_segment *segments;
	size_t segment_count;
	uint64_t unread;
};

static int by_name(const void *a, const void *b)
{
	const struct name *left = a, *right = b;

	return strncmp(left->file, right->file, sizeof(left->file));
}

static bool add_name(struct archive_adoption *adoption, const char *name)
{
	if (adoption->count == adoption->capacity) {
		size_t capacity = adoption->capacity ? adoption->capacity * 2 : 64;
		struct name *names = realloc(adoption->names, capacity * sizeof(*names));
		if (!names)
			return false;
		adoption->names = names;
		adoption->capacity = capacity;
	}
	adoption->names[adoption->count] = (struct name){.listed = false};
	memcpy(adoption->names[adoption->count++].file, name, strlen(name)); /* a valid segment name fits */
	return true;
}

static bool read_names(struct archive_adoption *adoption)
{
	int fd = openat(adoption->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
			good = add_name(adoption, file->d_name);
	closedir(folder);
	return good;
}

struct archive_adoption *archive_adoption_read(int folder)
{
	struct archive_adoption *adoption = calloc(1, sizeof(*adoption));

	if (!adoption)
		return NULL;
	adoption->folder = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	if (adoption->folder < 0 || !read_names(adoption)) {
		log_warn("archive",
			 "cannot read the recordings folder (%s): what it already holds is listed at the next start",
			 strerror(errno));
		archive_adoption_free(adoption);
		return NULL;
	}
	if (adoption->count) {
		archive_last_list_read(folder, &adoption->list);
		qsort(adoption->names, adoption->count, sizeof(*adoption->names), by_name);
	}
	return adoption;
}

void archive_adoption_free(struct archive_adoption *adoption)
{
	if (!adoption)
		return;
	if (adoption->folder >= 0)
		close(adoption->folder);
	archive_last_list_free(&adoption->list);
	free(adoption->names);
	free(adoption->segments);
	free(adoption);
}

void archive_adoption_reserve_numbers(struct archive *archive, const struct archive_adoption *adoption)
{
	for (size_t i = 0; i < adoption->list.count; i++)
		archive_reserve_numbers(archive, &adoption->list.entries[i]);
}

static struct name *find_name(const struct archive_adoption *adoption, const char file[SEGMENT_FILE_BYTES])
{
	struct name key;

	memcpy(key.file, file, sizeof(key.file));
	return adoption->count ? bsearch(&key, adoption->names, adoption->count, sizeof(key), by_name) : NULL;
}

void archive_adoption_list(struct archive *archive, const struct archive_adoption *adoption)
{
	size_t first = archive->count;

	for (size_t i = 0; i < adoption->list.count; i++) {
		const struct catalogue_entry *entry = &adoption->list.entries[i];

		if (entry->state != CATALOGUE_COMPLETE || !find_name(adoption, entry->file))
			continue;
		if (!archive_append(archive, entry, PHASE_COMPLETE))
			break; /* out of memory: the keeper tries again */
		archive->segments[archive->count - 1].unchecked = true;
	}
	if (archive->count > first)
		archive_sort(archive->segments + first, archive->count - first);
}

/* The index knows the end of a segment that was still being recorded. */
static int64_t end_of(const struct archive_adoption *adoption, const struct catalogue_entry *entry)
{
	struct index_reader index;
	struct index_record last;
	char name[SEGMENT_FILE_BYTES];
	int64_t end_us = entry->end_wall_us;

	if (entry->state == CATALOGUE_COMPLETE || !index_name(entry->file, name, sizeof(name)) ||
	    index_reader_open(adoption->folder, name, entry->segment_no, &index) != INDEX_OK)
		return end_us;
	uint64_t count = index_reader_count(&index);
	if (count && index_reader_read(&index, count - 1, 1, &last) == 1)
		end_us = last.wall_us + last.duration_us;
	index_reader_close(&index);
	return end_us;
}

int64_t archive_adoption_end(const struct archive_adoption *adoption)
{
	const struct catalogue_entry *newest = NULL;

	for (size_t i = 0; i < adoption->list.count; i++)
		if (!newest || adoption->list.entries[i].segment_no > newest->segment_no)
			newest = &adoption->list.entries[i];
	return newest ? end_of(adoption, newest) : 0;
}

static void mark_listed(struct archive *archive, struct archive_adoption *adoption)
{
	pthread_mutex_lock(&archive->lock);
	for (size_t i = 0; i < archive->count; i++) {
		struct name *name = find_name(adoption, archive->segments[i].entry.file);

		if (name && !archive->segments[i].unchecked)
			name->listed = true;
	}
	pthread_mutex_unlock(&archive->lock);
}

static void inspect(struct archive_adoption *adoption, const char *name)
{
	struct archive_segment *segment = &adoption->segments[adoption->segment_count];
	struct segment_end end;
	enum archive_inspect_outcome outcome =
		archive_inspect(adoption->folder, &adoption->list, name, &segment->entry, &end);

	adoption->unread += outcome == INSPECT_FAILED;
	if (outcome != INSPECT_OK)
		return;
	segment->phase = segment->entry.state == CATALOGUE_COMPLETE ? PHASE_COMPLETE : PHASE_CLOSED;
	segment->seen_mono_us = mono_now().us;
	adoption->segment_count++;
}

/* Puts the adopted segments at the beginning of the list, in place of the unchecked ones. False without memory. */
static bool insert(struct archive *archive, const struct archive_adoption *adoption)
{
	size_t count = adoption->segment_count, capacity = count + archive->count + 1;
	struct archive_segment *segments = malloc(capacity * sizeof(*segments));

	if (!segments)
		return false;
	memcpy(segments, adoption->segments, count * sizeof(*segments));
	for (size_t i = 0; i < archive->count; i++) {
		if (archive->segments[i].unchecked)
			archive->segment_bytes -= archive->segments[i].entry.size_bytes;
		else
			segments[count++] = archive->segments[i];
	}
	free(archive->segments);
	archive->segments = segments;
	archive->count = count;
	archive->capacity = capacity;
	for (size_t i = 0; i < adoption->segment_count; i++) {
		archive->segment_bytes += segments[i].entry.size_bytes;
		archive_reserve_numbers(archive, &segments[i].entry);
	}
	archive_clock_settle(archive);
	atomic_store(&archive->lists_dirty, true);
	return true;
}

static void list_adopted(struct archive *archive, struct archive_adoption *adoption)
{
	if (adoption->segment_count)
		archive_sort(adoption->segments, adoption->segment_count);
	pthread_mutex_lock(&archive->lock);
	bool good = insert(archive, adoption);
	pthread_mutex_unlock(&archive->lock);
	if (!good)
		log_error("archive", "out of memory: what the recordings folder already held is not listed");
	else if (adoption->segment_count)
		log_info("archive", "the recordings folder already held %zu segment%s, now listed",
			 adoption->segment_count, adoption->segment_count == 1 ? "" : "s");
}

bool archive_adoption_merge(struct archive *archive, struct archive_adoption *adoption)
{
	int64_t until_us = mono_now().us + STEP_US;

	if (!adoption->segments) {
		adoption->segments = calloc(adoption->count + 1, sizeof(*adoption->segments));
		if (!adoption->segments)
			return true;
		mark_listed(archive, adoption);
	}
	while (adoption->next < adoption->count && mono_now().us < until_us) {
		const struct name *name = &adoption->names[adoption->next++];

		if (!name->listed)
			inspect(adoption, name->file);
	}
	if (adoption->next < adoption->count)
		return false;
	atomic_store(&archive->unread, adoption->unread);
	list_adopted(archive, adoption);
	return true;
}
