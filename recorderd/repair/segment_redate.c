/* segment_redate.c - corrects the times of a segment that was recorded while the clock was wrong. */
#include "recorderd/repair/segment_redate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/repair/motion_file.h"
#include "recorderd/repair/segment_repair_internal.h"
#include "shared/base/file_io.h"
#include "shared/base/log.h"
#include "shared/text/time_text.h"

#define NAMES_MAX 1000u

static bool open_segment(struct repair *repair)
{
	repair->media = openat(repair->folder, repair->file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (repair->media < 0)
		return reason_errno(repair->why, "cannot open %s", repair->file);
	if (segment_read_layout(repair->media, &repair->layout) != SEGMENT_OK ||
	    repair->layout.form != SEGMENT_COMPLETE)
		return reason_set(repair->why, "%s is not complete", repair->file);
	return true;
}

/* Not every file system knows RENAME_NOREPLACE. Only recorderd creates such names, and it never goes back in time. */
static bool rename_to_free(int folder, const char *from, const char *to)
{
	if (renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	if (faccessat(folder, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return false;
	}
	return errno == ENOENT && renameat(folder, from, folder, to) == 0;
}

/* Gives the files the name of the segment's new time; `name` gets it. */
static bool rename_files(struct repair *repair, int64_t wall_us, char name[SEGMENT_FILE_BYTES])
{
	char index[SEGMENT_FILE_BYTES];

	errno = EEXIST;
	for (unsigned n = 1; n < NAMES_MAX && errno == EEXIST; n++) {
		segment_file_name(wall_us, n, name);
		bool is_named = strcmp(name, repair->file) == 0;
		if (!is_named && motion_file_exists(repair->folder, name)) {
			errno = EEXIST; /* it has outlived another segment */
			continue;
		}
		if (!is_named && !rename_to_free(repair->folder, repair->file, name))
			continue;
		index_name(repair->file, index, sizeof(index));
		index_name(name, repair->index_file, sizeof(repair->index_file));
		if (!is_named && renameat(repair->folder, index, repair->folder, repair->index_file) < 0 &&
		    errno != ENOENT)
			log_warn("archive", "cannot rename %s: %s", index, strerror(errno)); /* it is made again */
		if (!is_named)
			motion_file_rename(repair->folder, repair->file, name);
		return true;
	}
	return reason_errno(repair->why, "cannot rename %s", repair->file);
}

static bool write_box(struct repair *repair)
{
	struct buffer box = {0};

	segment_info_encode(&repair->layout.info, &box);
	bool good = !box.failed && box.length <= repair->layout.free_at &&
		    write_at(repair->media, box.data, box.length, repair->layout.free_at - box.length);
	buffer_free(&box);
	return good;
}

/* The moov differs in the time of creation alone. If it has another length, players show the old one. */
static bool write_moov(struct repair *repair)
{
	uint64_t at = repair->layout.media_end;
	struct buffer moov = {0};
	struct stat status;
	bool good = true;

	if (segment_build_moov(&repair->layout, &repair->index, repair->frames, &moov) &&
	    fstat(repair->media, &status) == 0 && (uint64_t)status.st_size == at + moov.length)
		good = write_at(repair->media, moov.data, moov.length, at);
	buffer_free(&moov);
	return good;
}

static bool redate(struct repair *repair, int64_t first_wall_us, int64_t last_wall_us, char name[SEGMENT_FILE_BYTES])
{
	struct segment_info *info = &repair->layout.info;

	if (!open_segment(repair))
		return false;
	int64_t old_wall_us = info->first_wall_us;
	info->first_wall_us = first_wall_us;
	info->last_wall_us = last_wall_us;
	info->utc_offset_s = time_utc_offset_s((wall_t){first_wall_us});
	info->flags = (uint16_t)((info->flags & ~SEGMENT_CLOCK_DOUBTFUL) | SEGMENT_CLOCK_SYNCHRONISED);
	if (!repair_scan(repair, false))
		return false;
	if (!repair->frames || repair_shows_damage(repair))
		return reason_set(repair->why, "%s is damaged", repair->file);
	if (!rename_files(repair, first_wall_us, name))
		return false;
	repair->file = name;
	if (!repair_replace_index(repair))
		return false;
	if (index_reader_open(repair->folder, repair->index_file, info->segment_no, &repair->index) != INDEX_OK)
		return reason_errno(repair->why, "cannot read back %s", repair->index_file);
	if (!motion_file_redate(repair->folder, repair->file, info->segment_no, old_wall_us, first_wall_us,
				repair->why))
		return false;
	if (!write_box(repair) || !write_moov(repair) || fdatasync(repair->media) < 0)
		return reason_errno(repair->why, "cannot write %s", repair->file);
	return true;
}

bool segment_redate(int folder, const char *file, int64_t first_wall_us, int64_t last_wall_us,
		    struct catalogue_entry *entry, struct reason *why)
{
	char name[SEGMENT_FILE_BYTES];
	struct repair repair = {.folder = folder, .file = file, .media = -1, .index.fd = -1, .why = why};
	bool good = redate(&repair, first_wall_us, last_wall_us, name);

	if (good)
		repair_describe(&repair, true, entry, NULL);
	else
		snprintf(entry->file, sizeof(entry->file), "%s", repair.file);
	repair_free(&repair);
	return good;
}

bool segment_keep_times(int folder, const char *file, struct reason *why)
{
	struct repair repair = {.folder = folder, .file = file, .media = -1, .index.fd = -1, .why = why};
	bool good = open_segment(&repair);

	if (good) {
		repair.layout.info.flags &= (uint16_t)~SEGMENT_CLOCK_DOUBTFUL;
		good = (write_box(&repair) && fdatasync(repair.media) == 0) ||
		       reason_errno(why, "cannot write %s", file);
	}
	repair_free(&repair);
	return good;
}
