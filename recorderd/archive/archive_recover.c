/*
 * archive_recover.c - what the folder holds at the start. A segment that the last list calls complete, with the size
 * that it has and an index of the right length, is believed; every other one is looked at, cut, finished and indexed
 * (segment_repair.h).
 */
#include "recorderd/archive/archive_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/log.h"

static int by_file(const void *a, const void *b)
{
	const struct catalogue_entry *left = a, *right = b;

	return strncmp(left->file, right->file, sizeof(left->file));
}

void archive_last_list_read(int folder, struct archive_last_list *out)
{
	struct catalogue list;

	*out = (struct archive_last_list){0};
	if (catalogue_open(folder, &list) != CATALOGUE_OK)
		return;
	out->generation = list.generation;
	out->entries = calloc((size_t)list.entries + 1, sizeof(*out->entries));
	for (uint64_t next = 0; out->entries && next < list.entries; next++) { /* past those that are damaged */
		size_t got = catalogue_read(&list, next, (size_t)(list.entries - next), out->entries + out->count);
		out->count += got;
		next += got;
	}
	catalogue_close(&list);
	if (out->count)
		qsort(out->entries, out->count, sizeof(*out->entries), by_file);
}

void archive_last_list_free(struct archive_last_list *known)
{
	free(known->entries);
	*known = (struct archive_last_list){0};
}

/* A list that was written before it named boots: the segment itself says in which it was recorded. */
static bool add_boot(int folder, struct catalogue_entry *entry)
{
	static const uint8_t nothing[sizeof(entry->boot_id)];
	struct segment_layout layout = {0};
	bool good;
	int fd;

	if (memcmp(entry->boot_id, nothing, sizeof(nothing)) != 0)
		return true;
	fd = openat(folder, entry->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	good = fd >= 0 && segment_read_layout(fd, &layout) == SEGMENT_OK;
	if (good && layout.info.segment_no == entry->segment_no) {
		entry->first_mono_us = layout.info.first_mono_us;
		memcpy(entry->boot_id, layout.info.boot_id, sizeof(entry->boot_id));
	}
	segment_layout_free(&layout);
	if (fd >= 0)
		close(fd);
	return good;
}

static bool is_believed(int folder, const struct archive_last_list *known, const char *file,
			struct catalogue_entry *entry)
{
	struct catalogue_entry key = {0};
	const struct catalogue_entry *found;
	char name[SEGMENT_FILE_BYTES];
	struct stat media, index;

	snprintf(key.file, sizeof(key.file), "%s", file);
	found = known->count ? bsearch(&key, known->entries, known->count, sizeof(key), by_file) : NULL;
	if (!found || found->state != CATALOGUE_COMPLETE || !index_name(file, name, sizeof(name)) ||
	    fstatat(folder, file, &media, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fstatat(folder, name, &index, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	*entry = *found;
	return (uint64_t)media.st_size == found->size_bytes &&
	       (uint64_t)index.st_size == (found->frames + 1) * INDEX_RECORD_BYTES && add_boot(folder, entry);
}

/* Remembers the newest frame of this boot. */
static void note_end(struct archive *archive, const struct segment_end *end)
{
	uint8_t boot_id[16];

	clock_boot_id(boot_id);
	if (memcmp(end->boot_id, boot_id, sizeof(boot_id)) == 0 && end->last_mono_us > archive->start.last_mono_us)
		archive->start.last_mono_us = end->last_mono_us;
}

static bool add(struct archive *archive, const struct catalogue_entry *entry, const struct segment_end *end)
{
	if (!archive_append(archive, entry, entry->state == CATALOGUE_COMPLETE ? PHASE_COMPLETE : PHASE_CLOSED))
		return false;
	if (entry->segment_no >= archive->start.next_segment)
		archive->start.next_segment = entry->segment_no + 1;
	if (entry->run_no >= archive->start.next_run)
		archive->start.next_run = entry->run_no + 1;
	note_end(archive, end);
	return true;
}

enum archive_inspect_outcome archive_inspect(int folder, const struct archive_last_list *known, const char *file,
					     struct catalogue_entry *entry, struct segment_end *end)
{
	struct reason why = {""};

	*end = (struct segment_end){.last_mono_us = -1};
	if (is_believed(folder, known, file, entry))
		return INSPECT_OK;
	switch (segment_repair(folder, file, entry, end, &why)) {
	case REPAIR_UNFINISHED:
		log_warn("archive", "%s", why.text);
		return INSPECT_OK;
	case REPAIR_DONE:
		log_info("archive", "%s repaired: %llu frames", file, (unsigned long long)entry->frames);
		return INSPECT_OK;
	case REPAIR_FOREIGN:
		log_warn("archive", "%s is not a segment of this recorder: left alone", file);
		return INSPECT_SKIP;
	case REPAIR_FAILED:
		log_error("archive", "%s: left as it is", why.text);
		return INSPECT_FAILED;
	case REPAIR_SET_ASIDE:
		log_error("archive", "%s", why.text);
		return INSPECT_SKIP;
	case REPAIR_EMPTY:
	case REPAIR_GONE:
		return INSPECT_SKIP;
	}
	return INSPECT_SKIP;
}

/* recording_X.idx -> recording_X.mp4; false for every other name. */
static bool segment_of_index(const char *name, char out[SEGMENT_FILE_BYTES])
{
	size_t length = strlen(name), stem = length - strlen(".idx");

	if (length <= strlen(".idx") || length >= SEGMENT_FILE_BYTES || strcmp(name + stem, ".idx") != 0)
		return false;
	snprintf(out, SEGMENT_FILE_BYTES, "%.*s.mp4", (int)stem, name);
	return segment_file_valid(out);
}

/* What a crash between two deletions leaves: an index whose segment is gone. */
static void drop_orphan(const struct archive *archive, const char *name)
{
	char file[SEGMENT_FILE_BYTES];

	if (segment_of_index(name, file) && faccessat(archive->folder, file, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno == ENOENT && unlinkat(archive->folder, name, 0) == 0)
		log_info("archive", "removed %s, whose segment is gone", name);
}

static bool take_file(struct archive *archive, const struct archive_last_list *known, const char *file)
{
	struct catalogue_entry entry;
	struct segment_end end;

	enum archive_inspect_outcome looked = archive_inspect(archive->folder, known, file, &entry, &end);

	archive->unread += looked == INSPECT_FAILED;
	return looked != INSPECT_OK || add(archive, &entry, &end);
}

static bool take_folder(struct archive *archive, const struct archive_last_list *known, struct reason *why)
{
	int fd = openat(archive->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *file;
	bool good = true;

	if (!folder) {
		reason_errno(why, "cannot list the recordings folder %s", archive->config->record.directory);
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (good && !archive_is_stopping(archive) && (file = readdir(folder))) {
		atomic_store(&archive->last_answer_us, mono_now().us);
		if (segment_file_valid(file->d_name))
			good = take_file(archive, known, file->d_name);
		else
			drop_orphan(archive, file->d_name);
	}
	closedir(folder);
	return good ? true : reason_set(why, "no memory for the list of segments");
}

/* The newest segment of this boot by its monotonic clock, else the last one in the order of recording. */
static struct archive_segment *newest(const struct archive *archive, const uint8_t boot_id[16], bool *of_this_boot)
{
	struct archive_segment *found = NULL;

	for (size_t i = 0; i < archive->count; i++) {
		const struct catalogue_entry *entry = &archive->segments[i].entry;

		if (memcmp(entry->boot_id, boot_id, sizeof(entry->boot_id)) == 0 &&
		    (!found || entry->first_mono_us > found->entry.first_mono_us))
			found = &archive->segments[i];
	}
	*of_this_boot = found != NULL;
	return found || !archive->count ? found : &archive->segments[archive->count - 1];
}

/* One that was believed is read after all: it may turn out to be damaged. */
static void read_end(struct archive *archive, struct archive_segment *segment)
{
	struct catalogue_entry entry;
	struct segment_end end;
	struct reason why = {""};

	switch (segment_finish(archive->folder, segment->entry.file, &entry, &end, &why)) {
	case REPAIR_DONE:
	case REPAIR_UNFINISHED:
		note_end(archive, &end);
		archive->segment_bytes += entry.size_bytes - segment->entry.size_bytes;
		segment->entry = entry;
		segment->phase = entry.state == CATALOGUE_COMPLETE ? PHASE_COMPLETE : PHASE_CLOSED;
		break;
	case REPAIR_EMPTY:
	case REPAIR_SET_ASIDE:
	case REPAIR_GONE:
		log_error("archive", "%s", why.text[0] ? why.text : "the newest segment is gone");
		archive_update_entry(archive, segment->entry.file, NULL);
		break;
	case REPAIR_FOREIGN:
	case REPAIR_FAILED:
		log_error("archive", "%s: not looked at: %s", segment->entry.file, why.text);
		break;
	}
}

/*
 * The end of the newest segment: there recording goes on. One that was believed tells its last frame only now: it is
 * not read where the clean stop said all.
 */
static void find_last(struct archive *archive)
{
	struct archive_segment *last;
	uint8_t boot_id[16];
	bool of_this_boot;

	clock_boot_id(boot_id);
	last = newest(archive, boot_id, &of_this_boot);
	if (!last)
		return;
	archive->start.last_wall_us = last->entry.end_wall_us;
	if (of_this_boot && archive->start.last_mono_us < last->entry.first_mono_us)
		read_end(archive, last);
}

bool archive_recover(struct archive *archive, struct reason *why)
{
	struct archive_last_list known;
	bool good;

	archive->unread = 0;
	archive_last_list_read(archive->folder, &known);
	archive->generation = known.generation;
	good = take_folder(archive, &known, why);
	archive_last_list_free(&known);
	if (good && archive_is_stopping(archive))
		good = reason_set(why, "the recorder was stopped while it looked through the recordings");
	if (!good)
		return false;
	archive_sort(archive->segments, archive->count);
	find_last(archive);
	archive->unlisted = true;
	return true;
}
