/* segment_repair.c - repairs and finishes a segment. */
#include "recorderd/repair/segment_repair_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/repair/motion_file.h"
#include "recorderd/repair/segment_head.h"
#include "recorderd/repair/set_aside.h"
#include "shared/base/file_io.h"
#include "shared/base/log.h"

#define RECORDS_PER_READ 256u

void repair_free(struct repair *repair)
{
	if (repair->media >= 0)
		close(repair->media);
	index_reader_close(&repair->index);
	segment_layout_free(&repair->layout);
	buffer_free(&repair->records);
	buffer_free(&repair->holes);
}

static enum repair_outcome set_aside(struct repair *repair, const char *what)
{
	char name[SET_ASIDE_NAME_BYTES];

	if (!set_aside_segment(repair->folder, repair->file, name)) {
		reason_errno(repair->why, "%s %s and cannot be renamed", repair->file, what);
		return REPAIR_FAILED;
	}
	reason_set(repair->why, "%s %s; it was renamed to %s", repair->file, what, name);
	return REPAIR_SET_ASIDE;
}

/* Nothing in the segment can be played. It is removed only if no footage can be lost with it. */
static enum repair_outcome discard(struct repair *repair)
{
	if (repair->layout.form == SEGMENT_COMPLETE || repair->scan.more_fragments ||
	    repair_tail_is_damage(repair, repair->layout.fragments_at))
		return set_aside(repair, "has no whole key frame");
	if ((unlinkat(repair->folder, repair->file, 0) < 0 && errno != ENOENT) ||
	    (unlinkat(repair->folder, repair->index_file, 0) < 0 && errno != ENOENT)) {
		reason_errno(repair->why, "%s has no whole frame and cannot be removed", repair->file);
		return REPAIR_FAILED;
	}
	motion_file_remove(repair->folder, repair->file);
	log_warn("archive", "removed %s: it has no whole frame", repair->file);
	return REPAIR_EMPTY;
}

static enum repair_outcome read_layout(struct repair *repair);

/* `empty`: the file ends early, or in zeros, as a power cut leaves it. */
static enum repair_outcome rebuild_head(struct repair *repair, bool empty)
{
	if (repair->head_rebuilt) {
		reason_set(repair->why, "the disk does not keep what was written to %s", repair->file);
		return REPAIR_FAILED;
	}
	repair->head_rebuilt = true;
	switch (segment_head_rebuild(repair->folder, repair->file, repair->media, repair->why)) {
	case HEAD_REBUILT:
		log_warn("archive", "%s: the beginning was damaged and has been rebuilt", repair->file);
		return read_layout(repair);
	case HEAD_UNKNOWN:
		return set_aside(repair, "is damaged at its beginning");
	case HEAD_EMPTY:
		return empty ? discard(repair) : REPAIR_FOREIGN;
	case HEAD_FOREIGN:
		return REPAIR_FOREIGN;
	case HEAD_FAILED:
		break;
	}
	return REPAIR_FAILED;
}

static enum repair_outcome read_layout(struct repair *repair)
{
	switch (segment_read_layout(repair->media, &repair->layout)) {
	case SEGMENT_OK:
		return REPAIR_DONE;
	case SEGMENT_EMPTY:
		return rebuild_head(repair, true);
	case SEGMENT_INVALID:
		return rebuild_head(repair, false);
	case SEGMENT_ERROR:
		break;
	}
	reason_errno(repair->why, "cannot read %s", repair->file);
	return REPAIR_FAILED;
}

static enum repair_outcome open_segment(struct repair *repair)
{
	if (!index_name(repair->file, repair->index_file, sizeof(repair->index_file)))
		return REPAIR_FOREIGN;
	repair->media = openat(repair->folder, repair->file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (repair->media < 0 && errno == ENOENT)
		return REPAIR_GONE;
	if (repair->media < 0) {
		reason_errno(repair->why, "cannot open %s", repair->file);
		return REPAIR_FAILED;
	}
	return read_layout(repair);
}

static void count_record(struct repair *repair, const struct index_record *record)
{
	if (!repair->frames)
		repair->first = *record;
	repair->last = *record;
	repair->frames++;
	repair->has_holes |= record->flags & INDEX_AFTER_HOLE;
}

static bool keep_record(const struct index_record *record, void *context)
{
	struct repair *repair = context;

	buffer_append(&repair->records, record, sizeof(*record));
	count_record(repair, record);
	return !repair->records.failed;
}

static void keep_hole(uint64_t from, uint64_t to, void *context)
{
	struct repair *repair = context;
	struct hole hole = {from, to};

	buffer_append(&repair->holes, &hole, sizeof(hole));
}

/* Reads all records. True if every one is valid and nothing follows them. */
static bool read_whole_index(struct repair *repair)
{
	struct index_record records[RECORDS_PER_READ];
	uint64_t count = index_reader_count(&repair->index);
	struct stat status;

	repair->frames = 0;
	repair->has_holes = false;
	while (repair->frames < count) {
		size_t got = index_reader_read(&repair->index, repair->frames, RECORDS_PER_READ, records);

		if (!got)
			return false;
		for (size_t i = 0; i < got; i++)
			count_record(repair, &records[i]);
	}
	return count && fstat(repair->index.fd, &status) == 0 &&
	       (uint64_t)status.st_size == (count + 1) * INDEX_RECORD_BYTES;
}

/* Accepts the index as it is if it describes the whole file. */
static bool trust_index(struct repair *repair)
{
	const struct segment_layout *layout = &repair->layout;
	struct stat status;

	if (index_reader_open(repair->folder, repair->index_file, layout->info.segment_no, &repair->index) !=
		    INDEX_OK ||
	    !read_whole_index(repair) || fstat(repair->media, &status) < 0)
		return false;
	repair->end = repair->last.offset + repair->last.size;
	return repair->end == (layout->form == SEGMENT_OPEN ? (uint64_t)status.st_size : layout->media_end);
}

bool repair_scan(struct repair *repair, bool thorough)
{
	struct index_header header = {
		.segment_no = repair->layout.info.segment_no,
		.first_wall_us = repair->layout.info.first_wall_us,
	};
	struct segment_scan_options search = {
		.thorough = thorough,
		.known_index = repair->index.segment_no ? &repair->index : NULL,
		.on_record = keep_record,
		.on_hole = keep_hole,
		.context = repair,
	};

	index_header_seal(&header);
	buffer_clear(&repair->records);
	buffer_clear(&repair->holes);
	buffer_append(&repair->records, &header, sizeof(header));
	repair->frames = 0;
	repair->has_holes = false;
	enum segment_outcome outcome = segment_scan_fragments(repair->media, &repair->layout, &search, &repair->scan);
	if (outcome == SEGMENT_ERROR || repair->records.failed || repair->holes.failed)
		return reason_errno(repair->why, "cannot read %s", repair->file);
	repair->end = repair->scan.tail_marked ? repair->layout.media_end : repair->scan.good_end;
	return true;
}

bool repair_shows_damage(const struct repair *repair)
{
	return repair->holes.length || repair->end != repair->layout.media_end;
}

/* An open segment, as a crash leaves it, is read whole. The others, which may be many, only if they show damage. */
static enum repair_outcome scan_media(struct repair *repair)
{
	bool open = repair->layout.form == SEGMENT_OPEN;

	index_reader_close(&repair->index);
	index_reader_open(repair->folder, repair->index_file, repair->layout.info.segment_no, &repair->index);
	if (!repair_scan(repair, open) || (!open && repair_shows_damage(repair) && !repair_scan(repair, true)))
		return REPAIR_FAILED;
	return repair->frames ? REPAIR_DONE : discard(repair);
}

static bool index_is_current(const struct repair *repair)
{
	uint8_t block[65536];
	int fd = openat(repair->folder, repair->index_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint64_t at = 0;
	ssize_t got = -1;

	if (fd < 0)
		return false;
	while ((got = pread(fd, block, sizeof(block), (off_t)at)) > 0) {
		if ((size_t)got > repair->records.length - at ||
		    memcmp(block, repair->records.data + at, (size_t)got) != 0)
			break;
		at += (uint64_t)got;
	}
	close(fd);
	return got == 0 && at == repair->records.length;
}

bool repair_replace_index(struct repair *repair)
{
	char temporary[SEGMENT_FILE_BYTES + 8];

	if (index_is_current(repair))
		return true;
	snprintf(temporary, sizeof(temporary), "%s.tmp", repair->index_file);
	int fd = openat(repair->folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return reason_errno(repair->why, "cannot create %s", temporary);
	if (!write_at(fd, repair->records.data, repair->records.length, 0) || fsync(fd) < 0 ||
	    renameat(repair->folder, temporary, repair->folder, repair->index_file) < 0) {
		reason_errno(repair->why, "cannot replace %s", repair->index_file);
		close(fd);
		unlinkat(repair->folder, temporary, 0);
		return false;
	}
	close(fd);
	log_info("archive", "%s: index rebuilt, %llu frames", repair->file, (unsigned long long)repair->frames);
	return true;
}

void repair_describe(const struct repair *repair, bool complete, struct catalogue_entry *entry, struct segment_end *end)
{
	const struct segment_layout *layout = &repair->layout;
	struct stat status = {.st_size = 0};
	bool after_hole = repair->first.flags & INDEX_AFTER_HOLE;

	fstat(repair->media, &status);
	*entry = (struct catalogue_entry){
		.segment_no = layout->info.segment_no,
		.run_no = layout->info.run_no,
		.start_wall_us = after_hole ? repair->first.wall_us : layout->info.first_wall_us,
		.end_wall_us = repair->last.wall_us + repair->last.duration_us,
		.last_wall_us = layout->info.last_wall_us,
		.first_mono_us = layout->info.first_mono_us,
		.size_bytes = (uint64_t)status.st_size,
		.frames = repair->frames,
		.media_at = layout->media_at,
		.utc_offset_s = layout->info.utc_offset_s,
		.codec = layout->init.codec,
		.width = layout->init.width,
		.height = layout->init.height,
		.state = complete ? CATALOGUE_COMPLETE : CATALOGUE_RECORDING,
		.gap_cause = (uint8_t)layout->info.gap_cause,
		.source = (uint8_t)layout->info.source,
		.holes = repair->has_holes,
		.flags = layout->info.flags & SEGMENT_STORED_FLAGS,
	};
	snprintf(entry->file, sizeof(entry->file), "%s", repair->file);
	memcpy(entry->boot_id, layout->info.boot_id, sizeof(entry->boot_id));
	if (!end)
		return;
	memcpy(end->boot_id, layout->info.boot_id, sizeof(end->boot_id));
	end->last_mono_us = layout->info.first_mono_us + (repair->last.wall_us - layout->info.first_wall_us);
}

/* Puts damage into free boxes, cuts off a torn end, and makes the index what it should be. */
static enum repair_outcome fix_damage(struct repair *repair)
{
	enum repair_outcome outcome = scan_media(repair);

	if (outcome != REPAIR_DONE)
		return outcome;
	if (repair->layout.form == SEGMENT_COMPLETE && repair_shows_damage(repair) && !repair_reopen(repair))
		return REPAIR_FAILED;
	if (!repair_mark_holes(repair) || !repair_replace_index(repair))
		return REPAIR_FAILED;
	index_reader_close(&repair->index);
	if (index_reader_open(repair->folder, repair->index_file, repair->layout.info.segment_no, &repair->index) !=
	    INDEX_OK) {
		reason_errno(repair->why, "cannot read back %s", repair->index_file);
		return REPAIR_FAILED;
	}
	return repair->layout.form == SEGMENT_COMPLETE || repair_trim_tail(repair) ? REPAIR_DONE : REPAIR_FAILED;
}

static enum repair_outcome finish(struct repair *repair, bool trust, struct catalogue_entry *entry,
				  struct segment_end *end)
{
	enum repair_outcome outcome = open_segment(repair);
	bool was_open = outcome == REPAIR_DONE && repair->layout.form == SEGMENT_OPEN;

	if (outcome == REPAIR_DONE && (!trust || !trust_index(repair)))
		outcome = fix_damage(repair);
	if (outcome != REPAIR_DONE)
		return outcome;
	if (!repair_finish_mp4(repair))
		outcome = REPAIR_UNFINISHED;
	repair_describe(repair, outcome == REPAIR_DONE, entry, end);
	if (end)
		end->was_open = was_open;
	return outcome;
}

static enum repair_outcome run(int folder, const char *file, bool trust, struct catalogue_entry *entry,
			       struct segment_end *end, struct reason *why)
{
	struct repair repair = {.folder = folder, .file = file, .media = -1, .index.fd = -1, .why = why};
	enum repair_outcome outcome = finish(&repair, trust, entry, end);

	repair_free(&repair);
	return outcome;
}

enum repair_outcome segment_finish(int folder, const char *file, struct catalogue_entry *entry, struct segment_end *end,
				   struct reason *why)
{
	return run(folder, file, true, entry, end, why);
}

enum repair_outcome segment_repair(int folder, const char *file, struct catalogue_entry *entry, struct segment_end *end,
				   struct reason *why)
{
	return run(folder, file, false, entry, end, why);
}
