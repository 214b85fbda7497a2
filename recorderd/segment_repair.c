#include "recorderd/segment_repair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/segment_writer.h"
#include "shared/buffer.h"
#include "shared/index.h"
#include "shared/log.h"
#include "shared/segment.h"

#define TORN_MAX       (UINT64_C(8) << 20)
#define RECORDS_A_READ 256u

struct repair {
	int folder;
	const char *file;
	char index_file[SEGMENT_FILE_BYTES];
	int media;
	struct segment_layout layout;
	struct index_reader index;
	struct buffer records; /* the index as it should be: header and records */
	struct index_record last;
	uint64_t frames;
	uint64_t end; /* behind the last whole fragment */
	struct reason *why;
};

static void repair_finish(struct repair *repair)
{
	if (repair->media >= 0)
		close(repair->media);
	index_reader_close(&repair->index);
	segment_layout_finish(&repair->layout);
	buffer_finish(&repair->records);
}

/* True where something other than zeros stands behind `from`. */
static bool has_data_behind(int fd, uint64_t from)
{
	uint8_t block[65536];
	ssize_t got;

	while ((got = pread(fd, block, sizeof block, (off_t)from)) > 0) {
		for (ssize_t i = 0; i < got; i++)
			if (block[i])
				return true;
		from += (uint64_t)got;
	}
	return false;
}

/*
 * A crash tears at most the last fragment, and a power cut leaves zeros. More than that behind the last whole fragment
 * is damage of another kind (a bad sector): nobody's footage is thrown away for it.
 */
static bool is_more_than_torn(const struct repair *repair, uint64_t end)
{
	return has_data_behind(repair->media, end + TORN_MAX);
}

static enum repair_outcome remove_empty(struct repair *repair)
{
	if (repair->layout.form == SEGMENT_COMPLETE || is_more_than_torn(repair, repair->layout.fragments_at)) {
		reason_set(repair->why, "%s is damaged at its beginning", repair->file);
		return REPAIR_FAILED;
	}
	log_warn("archive", "%s has no whole frame: removed", repair->file);
	unlinkat(repair->folder, repair->file, 0);
	unlinkat(repair->folder, repair->index_file, 0);
	return REPAIR_EMPTY;
}

static enum repair_outcome open_segment(struct repair *repair)
{
	if (!index_name(repair->file, repair->index_file, sizeof repair->index_file))
		return REPAIR_FOREIGN;
	repair->media = openat(repair->folder, repair->file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (repair->media < 0 && errno == ENOENT)
		return REPAIR_GONE;
	if (repair->media < 0) {
		reason_errno(repair->why, "cannot open %s", repair->file);
		return REPAIR_FAILED;
	}
	switch (segment_read_layout(repair->media, &repair->layout)) {
	case SEGMENT_GOOD:
		return REPAIR_DONE;
	case SEGMENT_EMPTY:
		return remove_empty(repair);
	case SEGMENT_BAD:
		return REPAIR_FOREIGN;
	case SEGMENT_ERROR:
		break;
	}
	reason_errno(repair->why, "cannot read %s", repair->file);
	return REPAIR_FAILED;
}

static bool keep_record(const struct index_record *record, void *context)
{
	struct repair *repair = context;

	buffer_append(&repair->records, record, sizeof *record);
	repair->last = *record;
	repair->frames++;
	return !repair->records.failed;
}

/* Reads all records: true where every one is good and nothing stands behind them. */
static bool read_whole_index(struct repair *repair)
{
	struct index_record records[RECORDS_A_READ];
	uint64_t count = index_reader_count(&repair->index);
	struct stat status;

	repair->frames = 0;
	while (repair->frames < count) {
		size_t got = index_reader_read(&repair->index, repair->frames, RECORDS_A_READ, records);

		if (!got)
			return false;
		repair->frames += got;
		repair->last = records[got - 1];
	}
	return count && fstat(repair->index.fd, &status) == 0 &&
	       (uint64_t)status.st_size == (count + 1) * INDEX_RECORD_BYTES;
}

/* Takes the index as it is where it describes the whole file. */
static bool trust_index(struct repair *repair)
{
	const struct segment_layout *layout = &repair->layout;
	struct stat status;

	if (index_reader_open(repair->folder, repair->index_file, layout->info.segment_no, &repair->index) !=
		    INDEX_GOOD ||
	    !read_whole_index(repair) || fstat(repair->media, &status) < 0)
		return false;
	repair->end = repair->last.offset + repair->last.size;
	return repair->end == (layout->form == SEGMENT_OPEN ? (uint64_t)status.st_size : layout->media_end);
}

/* Finds out from the file itself what its index should be. */
static enum repair_outcome walk(struct repair *repair)
{
	struct index_header header = {
		.segment_no = repair->layout.info.segment_no,
		.first_wall_us = repair->layout.info.first_wall_us,
	};
	enum segment_outcome outcome;

	index_header_seal(&header);
	buffer_clear(&repair->records);
	buffer_append(&repair->records, &header, sizeof header);
	repair->frames = 0;
	outcome = segment_walk(repair->media, &repair->layout, keep_record, repair, &repair->end);
	if (outcome == SEGMENT_ERROR || repair->records.failed) {
		reason_errno(repair->why, "cannot read %s", repair->file);
		return REPAIR_FAILED;
	}
	return repair->frames ? REPAIR_DONE : remove_empty(repair);
}

static enum repair_outcome cut_tail(struct repair *repair)
{
	struct stat status;

	if (repair->layout.form != SEGMENT_OPEN)
		return REPAIR_DONE;
	if (fstat(repair->media, &status) < 0) {
		reason_errno(repair->why, "cannot read %s", repair->file);
		return REPAIR_FAILED;
	}
	if ((uint64_t)status.st_size == repair->end)
		return REPAIR_DONE;
	if (is_more_than_torn(repair, repair->end)) {
		reason_set(repair->why, "%s is damaged at byte %llu: the frames before it are served", repair->file,
			   (unsigned long long)repair->end);
		return REPAIR_DAMAGED;
	}
	log_warn("archive", "%s: %lld bytes behind the last whole frame are cut off", repair->file,
		 (long long)status.st_size - (long long)repair->end);
	if (ftruncate(repair->media, (off_t)repair->end) < 0) {
		reason_errno(repair->why, "cannot cut %s", repair->file);
		return REPAIR_FAILED;
	}
	repair->layout.media_end = repair->end;
	return REPAIR_DONE;
}

static bool index_is_same(const struct repair *repair)
{
	uint8_t block[65536];
	int fd = openat(repair->folder, repair->index_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint64_t at = 0;
	ssize_t got = -1;

	if (fd < 0)
		return false;
	while ((got = pread(fd, block, sizeof block, (off_t)at)) > 0) {
		if ((size_t)got > repair->records.length - at ||
		    memcmp(block, repair->records.data + at, (size_t)got) != 0)
			break;
		at += (uint64_t)got;
	}
	close(fd);
	return got == 0 && at == repair->records.length;
}

static bool replace_index(struct repair *repair)
{
	char temporary[SEGMENT_FILE_BYTES + 8];
	int fd;

	if (index_is_same(repair))
		return true;
	snprintf(temporary, sizeof temporary, "%s.tmp", repair->index_file);
	fd = openat(repair->folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return reason_errno(repair->why, "cannot make %s", temporary);
	if (!write_all_at(fd, repair->records.data, repair->records.length, 0) || fsync(fd) < 0 ||
	    renameat(repair->folder, temporary, repair->folder, repair->index_file) < 0) {
		reason_errno(repair->why, "cannot replace %s", repair->index_file);
		close(fd);
		unlinkat(repair->folder, temporary, 0);
		return false;
	}
	close(fd);
	log_info("archive", "%s: index made anew, %llu frames", repair->file, (unsigned long long)repair->frames);
	return true;
}

static bool overwrite_free_box(struct repair *repair, uint64_t moov_at)
{
	struct buffer header = {0};
	bool good;

	buffer_u32(&header, 1);
	buffer_u32(&header, MP4_TYPE('m', 'd', 'a', 't'));
	buffer_u64(&header, moov_at - repair->layout.free_at);
	good = !header.failed && write_all_at(repair->media, header.data, header.length, repair->layout.free_at) &&
	       fdatasync(repair->media) == 0;
	buffer_finish(&header);
	return good;
}

/* Appends the moov, then turns the free box into the header of one mdat: in this order, each on disk before the next.
 */
static bool make_plain(struct repair *repair)
{
	struct buffer moov = {0};
	bool good = false;

	if (repair->layout.form == SEGMENT_COMPLETE)
		return true;
	if (!segment_final_moov(&repair->layout, &repair->index, repair->frames, &moov)) {
		reason_set(repair->why, "cannot finish %s: its index cannot be read", repair->file);
	} else if (!write_all_at(repair->media, moov.data, moov.length, repair->end) || fdatasync(repair->media) < 0 ||
		   fdatasync(repair->index.fd) < 0 || !overwrite_free_box(repair, repair->end)) {
		reason_errno(repair->why, "cannot finish %s", repair->file);
		if (ftruncate(repair->media, (off_t)repair->end) < 0)
			log_warn("archive", "cannot cut %s: %s", repair->file, strerror(errno));
	} else {
		good = true;
	}
	buffer_finish(&moov);
	return good;
}

static void describe(const struct repair *repair, bool complete, struct catalogue_entry *entry, struct segment_end *end)
{
	const struct segment_layout *layout = &repair->layout;
	struct stat status = {.st_size = 0};

	fstat(repair->media, &status);
	*entry = (struct catalogue_entry){
		.segment_no = layout->info.segment_no,
		.run_no = layout->info.run_no,
		.start_wall_us = layout->info.first_wall_us,
		.end_wall_us = repair->last.wall_us + repair->last.duration_us,
		.last_wall_us = layout->info.last_wall_us,
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
	};
	snprintf(entry->file, sizeof entry->file, "%s", repair->file);
	if (!end)
		return;
	memcpy(end->boot_id, layout->info.boot_id, sizeof end->boot_id);
	end->last_mono_us = layout->info.first_mono_us + (repair->last.wall_us - layout->info.first_wall_us);
}

/* The index as it should be, and the file without what is behind its last whole frame. */
static enum repair_outcome mend(struct repair *repair)
{
	enum repair_outcome outcome = walk(repair);

	if (outcome != REPAIR_DONE)
		return outcome;
	if (!replace_index(repair))
		return REPAIR_FAILED;
	index_reader_close(&repair->index);
	if (index_reader_open(repair->folder, repair->index_file, repair->layout.info.segment_no, &repair->index) !=
	    INDEX_GOOD) {
		reason_errno(repair->why, "cannot read back %s", repair->index_file);
		return REPAIR_FAILED;
	}
	return cut_tail(repair);
}

static enum repair_outcome finish(struct repair *repair, bool trusting, struct catalogue_entry *entry,
				  struct segment_end *end)
{
	enum repair_outcome outcome = open_segment(repair);

	if (outcome == REPAIR_DONE && (!trusting || !trust_index(repair)))
		outcome = mend(repair);
	if (outcome != REPAIR_DONE && outcome != REPAIR_DAMAGED)
		return outcome;
	if (outcome == REPAIR_DONE && !make_plain(repair))
		outcome = REPAIR_READABLE;
	describe(repair, outcome != REPAIR_READABLE, entry, end);
	return outcome;
}

static enum repair_outcome run(int folder, const char *file, bool trusting, struct catalogue_entry *entry,
			       struct segment_end *end, struct reason *why)
{
	struct repair repair = {.folder = folder, .file = file, .media = -1, .index.fd = -1, .why = why};
	enum repair_outcome outcome = finish(&repair, trusting, entry, end);

	repair_finish(&repair);
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
