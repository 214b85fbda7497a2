/* archive_motion_scan.c - compares the .motion files of the folder with the lists of days. */
#include "recorderd/archive/archive_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorderd/lists/motion_day.h"
#include "recorderd/repair/motion_file.h"
#include "shared/base/log.h"

#define LAST_US US_PER_S

/* A segment of the archive, or one that is gone and has left a .motion file. */
struct found {
	char file[SEGMENT_FILE_BYTES];
	uint64_t bytes; /* of its .motion file; 0: there is none */
	bool archived;
	bool listed;
	enum segment_activity activity;
	struct catalogue_entry entry; /* archived: as it is in the archive */
	int64_t day;                  /* listed: of that list */
};

struct scan {
	struct archive *archive;
	int folder;
	struct found *found; /* the first `archived` are sorted by name, then come those that are gone */
	size_t count, capacity, archived;
	int64_t until_us; /* monotonic: a recorder that stops scans no longer */
	int64_t *lists;   /* days whose lists are in the folder */
	size_t list_count, list_capacity;
};

static bool gives_up(const struct scan *scan)
{
	return archive_is_stopping(scan->archive) && mono_now().us > scan->until_us;
}

static int by_file(const void *a, const void *b)
{
	const struct found *left = a, *right = b;

	return strcmp(left->file, right->file);
}

static struct found *add(struct scan *scan, const char *file)
{
	if (scan->count == scan->capacity) {
		size_t capacity = scan->capacity ? scan->capacity * 2 : 256;
		struct found *found = realloc(scan->found, capacity * sizeof(*found));
		if (!found)
			return NULL;
		scan->found = found;
		scan->capacity = capacity;
	}
	struct found *new = &scan->found[scan->count++];
	*new = (struct found){.bytes = 0};
	snprintf(new->file, sizeof(new->file), "%s", file);
	return new;
}

static struct found *find(const struct scan *scan, const char *file)
{
	struct found key;
	size_t gone = scan->count - scan->archived;

	snprintf(key.file, sizeof(key.file), "%s", file);
	struct found *found = scan->archived ? bsearch(&key, scan->found, scan->archived, sizeof(key), by_file) : NULL;
	if (found || gone == 0)
		return found;
	return bsearch(&key, scan->found + scan->archived, gone, sizeof(key), by_file);
}

static bool add_segments(struct scan *scan)
{
	struct archive *archive = scan->archive;
	bool good = true;

	pthread_mutex_lock(&archive->lock);
	for (size_t i = 0; i < archive->count && good; i++) {
		struct found *found = add(scan, archive->segments[i].entry.file);

		good = found != NULL;
		if (good) {
			found->archived = true;
			found->entry = archive->segments[i].entry;
		}
	}
	pthread_mutex_unlock(&archive->lock);
	scan->archived = scan->count;
	if (scan->count)
		qsort(scan->found, scan->count, sizeof(*scan->found), by_file);
	return good;
}

/* recording_X.motion -> recording_X.mp4. False for any other name. */
static bool segment_of(const char *name, char out[SEGMENT_FILE_BYTES])
{
	size_t length = strlen(name), stem = length - strlen(".motion");

	if (length <= strlen(".motion") || stem + sizeof(".mp4") > SEGMENT_FILE_BYTES ||
	    strcmp(name + stem, ".motion") != 0)
		return false;
	snprintf(out, SEGMENT_FILE_BYTES, "%.*s.mp4", (int)stem, name);
	return segment_file_valid(out);
}

static bool add_list(struct scan *scan, const char *name)
{
	int64_t day;

	if (scan->list_count == scan->list_capacity) {
		size_t capacity = scan->list_capacity ? scan->list_capacity * 2 : 64;
		int64_t *lists = realloc(scan->lists, capacity * sizeof(*lists));
		if (!lists)
			return false;
		scan->lists = lists;
		scan->list_capacity = capacity;
	}
	if (motion_day_of_name(name, &day))
		scan->lists[scan->list_count++] = day;
	return true;
}

static bool add_file(struct scan *scan, const char *name)
{
	char file[SEGMENT_FILE_BYTES];

	if (!segment_of(name, file))
		return add_list(scan, name);
	struct found *found =
		find(&(struct scan){.found = scan->found, .count = scan->archived, .archived = scan->archived}, file);
	if (!found)
		found = add(scan, file);
	if (found)
		found->bytes = motion_file_bytes(scan->folder, file);
	return found != NULL;
}

static bool read_names(struct scan *scan)
{
	int fd = openat(scan->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *file;
	bool good = true;

	if (!folder) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (good && !gives_up(scan) && (file = readdir(folder)))
		good = add_file(scan, file->d_name);
	closedir(folder);
	if (scan->count > scan->archived)
		qsort(scan->found + scan->archived, scan->count - scan->archived, sizeof(*scan->found), by_file);
	return good && !gives_up(scan);
}

/* Notes that a list has this entry. False if it does not describe what is in the folder. */
static bool match(struct scan *scan, const struct motion_list_entry *entry, struct motion_day_state *day)
{
	struct found *found = find(scan, entry->file);
	uint64_t bytes = entry->records ? (entry->records + UINT64_C(1)) * MOTION_RECORD_BYTES : 0;

	if (!found || found->listed || entry->footage != found->archived)
		return false;
	/* A file that has no records has a header nevertheless. */
	if (found->bytes != bytes && !(bytes == 0 && found->bytes == MOTION_RECORD_BYTES))
		return false;
	if (found->archived && found->entry.segment_no != entry->segment_no)
		return false;
	found->listed = true;
	found->day = day->day;
	if (found->archived) {
		found->activity = segment_activity_of_entry(&found->entry, entry);
	} else {
		day->kept_bytes += found->bytes;
		day->kept_end = entry->end_second < day->kept_end ? entry->end_second : day->kept_end;
	}
	return true;
}

static bool read_list(struct scan *scan, int64_t number)
{
	struct motion_day_state *day = archive_motion_day(&scan->archive->motion, number);
	char file[MOTION_LIST_FILE_BYTES];
	struct motion_list list;

	if (!day)
		return false;
	motion_list_name(number * SECONDS_PER_DAY, file);
	if (motion_list_open(scan->folder, file, &list) != MOTION_OK) {
		log_warn("archive", "%s is damaged and is written again", file);
		day->dirty = true;
		return true;
	}
	for (uint32_t i = 0; i < list.header.entries; i++) {
		struct motion_list_entry entry;

		if (motion_list_read(&list, i, 1, &entry) != 1 || !motion_list_entry_valid(&list.header, &entry) ||
		    !match(scan, &entry, day))
			day->dirty = true;
	}
	motion_list_close(&list);
	return true;
}

/* Tells the archive what was found. */
static void apply(struct scan *scan)
{
	struct archive *archive = scan->archive;

	pthread_mutex_lock(&archive->lock);
	for (size_t i = 0; i < archive->count; i++) {
		struct archive_segment *segment = &archive->segments[i];
		const struct found *found = find(scan, segment->entry.file);

		if (!found || segment->motion == MOTION_GROWING)
			continue;
		segment->motion_bytes = found->bytes;
		segment->motion = found->listed ? MOTION_LISTED : MOTION_UNLISTED;
		segment->motion_day = found->day;
		segment->activity = found->activity;
	}
	pthread_mutex_unlock(&archive->lock);
}

/*
 * A crash while times were corrected may have renamed a segment and not its .motion file, which then still has the
 * number and the time that the segment itself says.
 */
static bool rejoin(struct scan *scan, const char *file)
{
	struct motion_reader reader;
	char name[SEGMENT_FILE_BYTES];
	struct found *segment = NULL;

	if (!motion_file_name(file, name, sizeof(name)) ||
	    motion_reader_open(scan->folder, name, 0, &reader) != MOTION_OK)
		return false;
	for (size_t i = 0; i < scan->archived && !segment; i++) {
		struct found *found = &scan->found[i];

		if (found->bytes == 0 && found->entry.flags & SEGMENT_CLOCK_DOUBTFUL &&
		    found->entry.segment_no == reader.segment_no && found->entry.start_wall_us == reader.first_wall_us)
			segment = found;
	}
	motion_reader_close(&reader);
	if (!segment)
		return false;
	motion_file_rename(scan->folder, file, segment->file);
	segment->bytes = motion_file_bytes(scan->folder, segment->file);
	segment->listed = false;
	return true;
}

/* Keeps the names of the .motion files that no list has. */
static bool keep_unlisted(struct scan *scan)
{
	struct archive_motion *motion = &scan->archive->motion;
	size_t gone = scan->count - scan->archived;

	free(motion->unlisted);
	motion->unlisted_count = 0;
	motion->unlisted = calloc(gone + 1, sizeof(*motion->unlisted));
	if (!motion->unlisted)
		return false;
	for (size_t i = scan->archived; i < scan->count; i++)
		if (!scan->found[i].listed && !rejoin(scan, scan->found[i].file))
			memcpy(motion->unlisted[motion->unlisted_count++], scan->found[i].file, SEGMENT_FILE_BYTES);
	return true;
}

bool archive_motion_scan(struct archive *archive, int folder)
{
	struct scan scan = {.archive = archive, .folder = folder, .until_us = mono_now().us + LAST_US};
	bool good = add_segments(&scan) && read_names(&scan);

	for (size_t i = 0; good && i < scan.list_count; i++)
		good = !gives_up(&scan) && read_list(&scan, scan.lists[i]);
	good = good && keep_unlisted(&scan);
	if (good)
		apply(&scan);
	free(scan.found);
	free(scan.lists);
	return good;
}
