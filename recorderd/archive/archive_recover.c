/* archive_recover.c - reads the recordings folder at the start, and repairs it. */
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

/*
 * A segment is trusted if the last list calls it complete, its size is the one listed and its index has the right
 * length. Every other segment is examined, cut, finished and indexed (segment_repair.h).
 */

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
	for (uint64_t next = 0; out->entries && next < list.entries; next++) { /* skip damaged entries */
		size_t got = catalogue_read(&list, next, (size_t)(list.entries - next), out->entries + out->count);
		out->count += got;
		next += got;
	}
	catalogue_close(&list);
	if (out->count)
		qsort(out->entries, out->count, sizeof(*out->entries), by_file);
}

void archive_last_list_free(struct archive_last_list *list)
{
	free(list->entries);
	*list = (struct archive_last_list){0};
}

/* Older versions wrote lists without boot ids. Then the segment itself says in which boot it was recorded. */
static bool read_boot(int folder, struct catalogue_entry *entry)
{
	static const uint8_t none[sizeof(entry->boot_id)];
	struct segment_layout layout = {0};

	if (memcmp(entry->boot_id, none, sizeof(none)) != 0)
		return true;
	int fd = openat(folder, entry->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool good = fd >= 0 && segment_read_layout(fd, &layout) == SEGMENT_OK;
	if (good && layout.info.segment_no == entry->segment_no) {
		entry->first_mono_us = layout.info.first_mono_us;
		memcpy(entry->boot_id, layout.info.boot_id, sizeof(entry->boot_id));
	}
	segment_layout_free(&layout);
	if (fd >= 0)
		close(fd);
	return good;
}

static bool is_trusted(int folder, const struct archive_last_list *list, const char *file,
		       struct catalogue_entry *entry)
{
	struct catalogue_entry key = {0};
	char name[SEGMENT_FILE_BYTES];
	struct stat media, index;

	snprintf(key.file, sizeof(key.file), "%s", file);
	const struct catalogue_entry *found =
		list->count ? bsearch(&key, list->entries, list->count, sizeof(key), by_file) : NULL;
	if (!found || found->state != CATALOGUE_COMPLETE || !index_name(file, name, sizeof(name)) ||
	    fstatat(folder, file, &media, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fstatat(folder, name, &index, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	*entry = *found;
	return (uint64_t)media.st_size == found->size_bytes &&
	       (uint64_t)index.st_size == (found->frames + 1) * INDEX_RECORD_BYTES && read_boot(folder, entry);
}

/* Notes the newest frame of this boot. */
static void update_last_mono(struct archive *archive, const struct segment_end *end)
{
	uint8_t boot_id[16];

	clock_boot_id(boot_id);
	if (memcmp(end->boot_id, boot_id, sizeof(boot_id)) == 0 && end->last_mono_us > archive->resume.last_mono_us)
		archive->resume.last_mono_us = end->last_mono_us;
}

static bool add(struct archive *archive, const struct catalogue_entry *entry, const struct segment_end *end)
{
	if (!archive_append(archive, entry, entry->state == CATALOGUE_COMPLETE ? PHASE_COMPLETE : PHASE_CLOSED))
		return false;
	archive_reserve_numbers(archive, entry);
	update_last_mono(archive, end);
	return true;
}

enum archive_inspect_outcome archive_inspect(int folder, const struct archive_last_list *list, const char *file,
					     struct catalogue_entry *entry, struct segment_end *end)
{
	struct reason why = {""};

	*end = (struct segment_end){.last_mono_us = -1};
	if (is_trusted(folder, list, file, entry))
		return INSPECT_OK;
	switch (segment_repair(folder, file, entry, end, &why)) {
	case REPAIR_UNFINISHED:
		log_warn("archive", "%s", why.text);
		return INSPECT_OK;
	case REPAIR_DONE:
		log_info("archive", "%s repaired: %llu frames", file, (unsigned long long)entry->frames);
		return INSPECT_OK;
	case REPAIR_FOREIGN:
		log_warn("archive", "%s is not a segment of this recorder; ignored", file);
		return INSPECT_SKIP;
	case REPAIR_FAILED:
		log_error("archive", "%s; the file is left unchanged and unlisted", why.text);
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

/* recording_X.idx -> recording_X.mp4. False for any other name. */
static bool index_segment_name(const char *name, char out[SEGMENT_FILE_BYTES])
{
	size_t length = strlen(name), stem = length - strlen(".idx");

	if (length <= strlen(".idx") || length >= SEGMENT_FILE_BYTES || strcmp(name + stem, ".idx") != 0)
		return false;
	snprintf(out, SEGMENT_FILE_BYTES, "%.*s.mp4", (int)stem, name);
	return segment_file_valid(out);
}

/* Removes an index without a segment, as a crash between the two deletions leaves one. */
static void remove_orphan(const struct archive *archive, const char *name)
{
	char file[SEGMENT_FILE_BYTES];

	if (index_segment_name(name, file) && faccessat(archive->folder, file, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno == ENOENT && unlinkat(archive->folder, name, 0) == 0)
		log_info("archive", "removed %s: its segment is gone", name);
}

static bool add_file(struct archive *archive, const struct archive_last_list *list, const char *file)
{
	struct catalogue_entry entry;
	struct segment_end end;
	enum archive_inspect_outcome outcome = archive_inspect(archive->folder, list, file, &entry, &end);

	atomic_fetch_add(&archive->unread, outcome == INSPECT_FAILED);
	if (outcome != INSPECT_OK)
		return true;
	if (end.was_open && entry.state == CATALOGUE_COMPLETE)
		archive_note_finished(archive, &entry); /* a recorder that was killed left it open */
	return add(archive, &entry, &end);
}

static bool read_folder(struct archive *archive, const struct archive_last_list *list, struct reason *why)
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
			good = add_file(archive, list, file->d_name);
		else
			remove_orphan(archive, file->d_name);
	}
	closedir(folder);
	return good ? true : reason_set(why, "out of memory for the list of segments");
}

/* The newest segment of this boot by its monotonic clock; otherwise the last one in the order of recording. */
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

/* Reads a segment that was trusted, to find its last frame. It may turn out to be damaged. */
static void read_end(struct archive *archive, struct archive_segment *segment)
{
	struct catalogue_entry entry;
	struct segment_end end;
	struct reason why = {""};

	switch (segment_finish(archive->folder, segment->entry.file, &entry, &end, &why)) {
	case REPAIR_DONE:
	case REPAIR_UNFINISHED:
		update_last_mono(archive, &end);
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
		log_error("archive", "the end of %s is unknown: %s", segment->entry.file, why.text);
		break;
	}
}

/*
 * Finds the end of the newest segment, where recording resumes. A trusted segment has not been read so far; it is read
 * only if it belongs to this boot, since only then its last frame may still be in the ring.
 */
static void find_last(struct archive *archive)
{
	uint8_t boot_id[16];
	bool of_this_boot;

	clock_boot_id(boot_id);
	struct archive_segment *last = newest(archive, boot_id, &of_this_boot);
	if (!last)
		return;
	archive->resume.last_wall_us = last->entry.end_wall_us;
	if (of_this_boot && archive->resume.last_mono_us < last->entry.first_mono_us)
		read_end(archive, last);
}

bool archive_recover(struct archive *archive, struct reason *why)
{
	struct archive_last_list list;

	atomic_store(&archive->unread, 0);
	archive_last_list_read(archive->folder, &list);
	archive->generation = list.generation;
	bool good = read_folder(archive, &list, why);
	archive_last_list_free(&list);
	if (good && archive_is_stopping(archive))
		good = reason_set(why, "the recorder was stopped while it was checking the recordings");
	if (!good)
		return false;
	archive_sort(archive->segments, archive->count);
	find_last(archive);
	archive_clock_settle(archive);
	atomic_store(&archive->lists_dirty, true);
	return true;
}
