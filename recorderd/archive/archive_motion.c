/* archive_motion.c - writes the lists of .motion files, and deletes .motion files that outlive their segments. */
#include "recorderd/archive/archive_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/lists/motion_day.h"
#include "recorderd/repair/motion_file.h"
#include "shared/base/log.h"
#include "shared/segment/retention.h"

/*
 * A segment is listed once it is complete and its last record has come. After a start, the lists and the folder are
 * compared first (archive_motion_scan.c), and what no list has is read, some of it in each round. A list is written as
 * a whole: today's with each new segment, another day's when something of it is deleted, corrected or found.
 *
 * motion.days keeps a .motion file when its segment is gone. Then its list alone knows it.
 */

#define STEP_US        (US_PER_S / 5) /* the keeper has other work to do in between */
#define WRITE_EVERY_US (60 * US_PER_S)
#define RETRY_US       (300 * US_PER_S) /* after a list could not be written */
#define BATCH          16u

/* What a round works with. */
struct work {
	struct archive *archive;
	int folder;
	int64_t keep_from;     /* second; a .motion file without its segment that ends before is deleted */
	struct motion_day day; /* being changed */
	bool loaded, failed, wrote;
};

/* Times of .motion files are compared with the clock that retention trusts. INT64_MAX: none is kept. */
static int64_t keep_from_second(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	double days = archive->motion_days;
	int64_t now_us =
		archive->ages_mono_us ? archive->trusted_wall_us + mono_now().us - archive->ages_mono_us : INT64_MIN;
	pthread_mutex_unlock(&archive->lock);
	if (days <= 0)
		return INT64_MAX;
	return now_us == INT64_MIN ? INT64_MIN : (int64_t)((double)(now_us / US_PER_S) - days * SECONDS_PER_DAY);
}

/* Copies some segments that are to be listed. Returns how many. */
static size_t next_segments(struct archive *archive, struct archive_segment out[BATCH])
{
	size_t count = 0;

	pthread_mutex_lock(&archive->lock);
	for (size_t i = 0; i < archive->count && count < BATCH; i++) {
		const struct archive_segment *segment = &archive->segments[i];

		if (segment->phase == PHASE_COMPLETE && segment->motion == MOTION_UNLISTED && !segment->deleting &&
		    !segment->unchecked)
			out[count++] = *segment;
	}
	pthread_mutex_unlock(&archive->lock);
	return count;
}

/* The segment of that name in the archive, if its list is that of the day; NULL: none. The caller holds `lock`. */
static struct archive_segment *find_listed(struct archive *archive, const char *file, int64_t day)
{
	for (size_t i = archive->count; i-- > 0;) {
		struct archive_segment *segment = &archive->segments[i];

		if (segment->motion == MOTION_LISTED && segment->motion_day == day && !segment->deleting &&
		    strcmp(segment->entry.file, file) == 0)
			return segment;
	}
	return NULL;
}

static bool is_listed(struct archive *archive, const char *file, int64_t day)
{
	pthread_mutex_lock(&archive->lock);
	bool listed = find_listed(archive, file, day) != NULL;
	pthread_mutex_unlock(&archive->lock);
	return listed;
}

/* Decides about a .motion file whose segment is gone: true if it is kept. */
static bool keep_without_segment(struct work *work, const struct motion_list_entry *entry)
{
	if (!motion_file_exists(work->folder, entry->file))
		return false;
	if (entry->records > 0 && work->keep_from != INT64_MAX && entry->end_second >= work->keep_from)
		return true;
	if (!motion_file_remove(work->folder, entry->file)) {
		log_warn("archive", "cannot delete the .motion file of %s: %s", entry->file, strerror(errno));
		return true;
	}
	log_info("archive", "deleted the .motion file of %s (%s)", entry->file,
		 work->keep_from == INT64_MAX ? "retention" : "motion.days");
	return false;
}

/* Takes out of the day what is gone, and notes what is kept without its segment. */
static void tidy(struct work *work, struct motion_day_state *state)
{
	state->kept_bytes = 0;
	state->kept_end = INT64_MAX;
	for (size_t i = work->day.count; i-- > 0;) {
		struct motion_list_entry *entry = &work->day.entries[i].entry;
		bool gone = false;

		entry->footage = is_listed(work->archive, entry->file, work->day.day);
		if (!entry->footage)
			gone = faccessat(work->folder, entry->file, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
		if (!entry->footage && (!gone || !keep_without_segment(work, entry))) {
			motion_day_remove(&work->day, i);
			continue;
		}
		if (entry->footage)
			continue;
		state->kept_bytes += (entry->records + UINT64_C(1)) * MOTION_RECORD_BYTES;
		if (entry->end_second < state->kept_end)
			state->kept_end = entry->end_second;
	}
}

/* A list that could not be written lacks what was added: it is added again later. */
static void unlist(struct archive *archive, int64_t day)
{
	pthread_mutex_lock(&archive->lock);
	for (size_t i = 0; i < archive->count; i++)
		if (archive->segments[i].motion == MOTION_LISTED && archive->segments[i].motion_day == day)
			archive->segments[i].motion = MOTION_UNLISTED;
	pthread_mutex_unlock(&archive->lock);
}

static void write_day(struct work *work)
{
	struct motion_day_state *state = archive_motion_day(&work->archive->motion, work->day.day);
	struct reason why = {"out of memory"};

	if (state)
		tidy(work, state);
	if (!state || !motion_day_write(&work->day, work->folder, &why)) {
		log_warn("archive", "the list of what moved was not written: %s", why.text);
		unlist(work->archive, work->day.day);
		work->failed = true;
	}
	if (state)
		state->dirty = work->failed;
	work->wrote = true;
	motion_day_free(&work->day);
	work->loaded = false;
}

/* Makes the list of that day the one that is being changed. */
static bool load_day(struct work *work, int64_t day)
{
	if (work->loaded && work->day.day == day)
		return true;
	if (work->loaded)
		write_day(work);
	if (work->failed)
		return false;
	work->loaded = motion_day_load(&work->day, work->folder, day);
	work->failed = !work->loaded; /* what could be loaded of it is not written */
	return work->loaded;
}

/* Reads the records of a segment. False if they cannot be read now; a file that is damaged has none. */
static bool read_records(struct work *work, const struct motion_file_owner *owner, struct buffer *records)
{
	enum motion_outcome outcome = motion_file_repair(work->folder, owner, records);

	if (outcome == MOTION_ERROR)
		log_warn("archive", "cannot read the .motion file of %s until the next start: %s", owner->file,
			 strerror(errno));
	return outcome != MOTION_ERROR;
}

/* Adds a segment with its records to the list of its day; *day gets that. */
static bool list_records(struct work *work, const struct motion_day_segment *segment, const struct buffer *records,
			 int64_t *day)
{
	const struct motion_record *first = (const struct motion_record *)(const void *)records->data;
	size_t count = records->length / sizeof(*first);

	*day = motion_day_of(segment, first, count);
	return load_day(work, *day) && motion_day_put(&work->day, segment, first, count);
}

/* Notes that a segment is listed, or unreadable, unless it has changed meanwhile. */
static void mark_segment(struct archive *archive, const struct archive_segment *listed)
{
	pthread_mutex_lock(&archive->lock);
	for (size_t i = archive->count; i-- > 0;) {
		struct archive_segment *segment = &archive->segments[i];

		if (segment->motion != MOTION_UNLISTED || strcmp(segment->entry.file, listed->entry.file) != 0)
			continue;
		segment->motion = listed->motion;
		segment->motion_day = listed->motion_day;
		segment->motion_bytes = listed->motion_bytes;
		segment->activity = listed->activity;
		break;
	}
	pthread_mutex_unlock(&archive->lock);
}

static bool list_segment(struct work *work, struct archive_segment *segment)
{
	const struct catalogue_entry *entry = &segment->entry;
	struct buffer records = {0};
	struct motion_day_segment listed = {
		.segment_no = entry->segment_no,
		.file = entry->file,
		.second = entry->start_wall_us / US_PER_S,
		.footage = true,
	};
	struct motion_file_owner owner = {
		.file = entry->file,
		.segment_no = entry->segment_no,
		.first_wall_us = entry->holes ? 0 : entry->start_wall_us,
		.first_second = entry->holes ? 0 : entry->start_wall_us / US_PER_S,
		.end_second = entry->holes ? CLOCK_MAX_US / US_PER_S : (entry->end_wall_us - 1) / US_PER_S + 1,
	};
	bool readable = read_records(work, &owner, &records), good = true;

	if (!readable) {
		segment->motion = MOTION_UNREADABLE;
		mark_segment(work->archive, segment);
	} else if ((good = list_records(work, &listed, &records, &segment->motion_day))) {
		segment->motion = MOTION_LISTED;
		segment->motion_bytes = motion_file_bytes(work->folder, entry->file);
		segment->activity =
			segment_activity_of_records(entry, (const struct motion_record *)(const void *)records.data,
						    records.length / sizeof(struct motion_record));
		mark_segment(work->archive, segment);
	}
	buffer_free(&records);
	return good;
}

/* Lists segments for some time. True if there are more. */
static bool list_segments(struct work *work, int64_t until_us)
{
	struct archive_segment segments[BATCH];
	size_t count;

	while (!work->failed && (count = next_segments(work->archive, segments)) > 0)
		for (size_t i = 0; i < count; i++) {
			if (mono_now().us >= until_us)
				return true;
			if (!list_segment(work, &segments[i])) {
				work->failed = true;
				return false;
			}
		}
	return false;
}

/* A .motion file without a segment that no list has. */
static void list_kept(struct work *work, const char *file)
{
	struct buffer records = {0};
	struct motion_reader reader;
	char name[SEGMENT_FILE_BYTES];
	struct motion_day_segment listed = {.file = file};
	struct motion_file_owner owner = {.file = file, .end_second = CLOCK_MAX_US / US_PER_S};
	int64_t day;

	if (faccessat(work->folder, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
		return; /* a segment that could not be read */
	if (!motion_file_name(file, name, sizeof(name)))
		return;
	enum motion_outcome outcome = motion_reader_open(work->folder, name, 0, &reader);
	bool valid = outcome == MOTION_OK;
	owner.segment_no = listed.segment_no = valid ? reader.segment_no : 0;
	motion_reader_close(&reader);
	if (outcome == MOTION_ERROR) {
		log_warn("archive", "cannot read %s until the next start: %s", name, strerror(errno));
		return;
	}
	if (!valid || work->keep_from == INT64_MAX) {
		if (motion_file_remove(work->folder, file))
			log_info("archive", "removed %s: its segment is gone", name);
		return;
	}
	if (read_records(work, &owner, &records))
		work->failed |= !list_records(work, &listed, &records, &day);
	buffer_free(&records);
}

static bool list_all_kept(struct work *work, int64_t until_us)
{
	struct archive_motion *motion = &work->archive->motion;

	while (!work->failed && motion->unlisted_count > 0) {
		if (mono_now().us >= until_us)
			return true;
		list_kept(work, motion->unlisted[motion->unlisted_count - 1]);
		motion->unlisted_count -= !work->failed;
	}
	return false;
}

/* Writes the lists that differ from what is there. */
static bool write_dirty(struct work *work, int64_t until_us)
{
	struct archive_motion *motion = &work->archive->motion;

	for (size_t i = 0; i < motion->day_count && !work->failed; i++) {
		struct motion_day_state *day = &motion->days[i];

		if (!day->dirty && day->kept_end >= work->keep_from)
			continue;
		if (mono_now().us >= until_us)
			return true;
		if (load_day(work, day->day))
			write_day(work);
	}
	return false;
}

static void sum_kept(struct archive *archive)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < archive->motion.day_count; i++)
		bytes += archive->motion.days[i].kept_bytes;
	pthread_mutex_lock(&archive->lock);
	archive->motion.kept_bytes = bytes;
	pthread_mutex_unlock(&archive->lock);
}

/* Whether faint movement is an event matters for retention.motion_hours alone. */
static void read_faint(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	for (size_t i = 0; i < archive->count && archive->retention.motion_hours > 0; i++)
		if (archive->segments[i].motion == MOTION_LISTED && archive->segments[i].activity == ACTIVITY_FAINT)
			archive->segments[i].motion = MOTION_UNLISTED;
	pthread_mutex_unlock(&archive->lock);
}

static bool do_step(struct archive *archive, int folder)
{
	struct work work = {.archive = archive, .folder = folder, .keep_from = keep_from_second(archive)};
	int64_t until_us = mono_now().us + STEP_US;
	read_faint(archive);
	bool more = list_segments(&work, until_us) || list_all_kept(&work, until_us);

	if (work.loaded)
		write_day(&work);
	more = more || write_dirty(&work, until_us);
	motion_day_free(&work.day);
	sum_kept(archive);
	if (!more && work.wrote)
		archive->motion.next_us = mono_now().us + (work.failed ? RETRY_US : WRITE_EVERY_US);
	return more && !work.failed;
}

/* The folder is the one that was scanned, or is scanned now. */
static bool is_scanned(struct archive *archive, int folder)
{
	struct archive_motion *motion = &archive->motion;

	pthread_mutex_lock(&archive->lock);
	unsigned folder_no = archive->resume.folder_no;
	pthread_mutex_unlock(&archive->lock);
	if (motion->scanned && motion->folder_no == folder_no)
		return true;
	archive_motion_free(motion);
	motion->folder_no = folder_no;
	motion->scanned = archive_motion_scan(archive, folder);
	if (!motion->scanned)
		motion->next_us = mono_now().us + RETRY_US;
	return motion->scanned;
}

bool archive_motion_run(struct archive *archive, bool last)
{
	bool more = false;

	if (!last && mono_now().us < archive->motion.next_us)
		return false;
	int folder = archive_dup_folder(archive);
	if (folder < 0)
		return false;
	if (is_scanned(archive, folder))
		more = do_step(archive, folder);
	close(folder);
	return more;
}
