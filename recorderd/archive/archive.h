/*
 * archive.h - the segments of one camera: which exist, which is open, and the work that they need (sync, finish, list,
 * delete).
 *
 * That work is done by a thread of its own, the keeper, which never holds the lock while it waits for the disk.
 *
 * Files are the truth: at start the keeper reads the folder and repairs what a crash left (archive_recover.c). Only
 * then may the storage thread open the first segment.
 */
#ifndef RECORDERD_ARCHIVE_ARCHIVE_H
#define RECORDERD_ARCHIVE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/clock.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"
#include "shared/ring/state.h"
#include "shared/segment/catalogue.h"
#include "shared/segment/segment.h"
#include "shared/store/ship_status.h"

struct archive;

#define ARCHIVE_NOTE_BYTES 320

/*
 * Opens the recordings folder, creating it if necessary, and locks it against a second recorder. Returns NULL and sets
 * *why on failure. If record.require_mount finds no disk, or if the disk does not answer within seconds, this succeeds
 * and the keeper waits for the disk. `config` must outlive the archive.
 */
struct archive *archive_open(const struct config *config, struct reason *why);

/* Starts the keeper, which repairs the folder first and then does its rounds. */
bool archive_start(struct archive *archive, struct reason *why);

/* Ends a repair that is still going on after the segment that it is working on. The next start does the rest. */
void archive_cancel_repair(struct archive *archive);

/*
 * Finishes the closed segments, writes the lists and ends the keeper. Returns false if the disk does not answer within
 * limit_us (rounded up to whole seconds): then the process has to exit without calling archive_close().
 */
bool archive_stop(struct archive *archive, int64_t limit_us);

/* The same without a time limit; also unlocks the folder and frees the archive. NULL is safe. */
void archive_close(struct archive *archive);

/* What the repair found: recording resumes after the newest frame on disk. */
struct archive_resume_point {
	bool recovered;        /* false: the repair has not ended, and the other members mean nothing */
	uint64_t next_segment; /* number of the next segment */
	uint64_t next_run;
	int64_t last_wall_us; /* end of the newest segment; 0: there is none */
	int64_t last_mono_us; /* capture time of its last frame if it was recorded since this boot; otherwise -1 */
	unsigned folder_no;   /* how many times the path has led to another folder since the start */
};

struct archive_resume_point archive_get_resume_point(struct archive *archive);

/* Waits for the repair. `recovered` is false if the repair was cancelled: nothing may be recorded then. */
struct archive_resume_point archive_wait_repaired(struct archive *archive);

/* For the storage thread: */

/*
 * Opens the folder that record.directory leads to now, creating it if somebody removed it. The caller closes the
 * descriptor. Returns -1 and sets *why on failure. If it is another folder than before, folder_no has grown afterwards
 * and the next numbers may be higher. No segment may be open.
 */
int archive_follow_folder(struct archive *archive, struct reason *why);

/*
 * True if archive_follow_folder() would open another folder than the one that holds the open segment: something was
 * mounted there or unmounted, or the folder was renamed or deleted.
 */
bool archive_folder_moved(struct archive *archive);

/* The flags (enum segment_flags) of a segment that begins now with a frame of these times. */
uint16_t archive_clock_flags(struct archive *archive, wall_t wall, mono_t mono);

/* Lists a new segment as the open one. The archive duplicates `fd` for syncing. */
void archive_segment_opened(struct archive *archive, const struct catalogue_entry *entry, int fd);

/* Updates the end, the size and the frame count of the open segment. */
void archive_segment_grew(struct archive *archive, int64_t end_wall_us, uint64_t size_bytes, uint64_t frames);

/* Syncs the .motion file of the open segment together with its media. The archive duplicates `fd`. */
void archive_motion_opened(struct archive *archive, int fd);

/* No record will be added to the .motion file of that segment, which has `bytes` bytes; 0: there is none. */
void archive_motion_settled(struct archive *archive, const char *file, uint64_t bytes);

/* Hands the open segment to the keeper, which finishes it in place. */
void archive_segment_closed(struct archive *archive);

/*
 * True if a sync of the open segment failed. The kernel reports that once and then treats the bytes as written, so the
 * segment should be closed; the keeper then checks what the disk really has.
 */
bool archive_segment_is_suspect(struct archive *archive);

/* True if somebody else deleted the file of the open segment. */
bool archive_segment_is_deleted(struct archive *archive);

#define ARCHIVE_FINISHED_MAX 16

/*
 * Takes the segments that were finished since the last call, in that order: by the keeper, or at the start, if a
 * recorder that was killed had left them open. Of more than ARCHIVE_FINISHED_MAX the oldest are not given. Returns how
 * many there are.
 */
size_t archive_take_finished(struct archive *archive, struct catalogue_entry out[ARCHIVE_FINISHED_MAX]);

/* Counted since the start. */
struct archive_counters {
	uint64_t gaps[STATE_GAP_CAUSES];          /* segments that begin after a gap, by enum gap_cause */
	uint64_t deleted_segments, deleted_bytes; /* by retention */
	uint64_t deleted_unshipped;               /* of these segments: not in the store, although there is one */
	int64_t first_unshipped_wall_us;          /* start of the first of those; 0: there is none */
};

/* Replaces the limits; they are copied. motion_days: for how long .motion files are kept; 0: as long as the footage. */
void archive_set_retention(struct archive *archive, const struct config_retention *retention);
void archive_set_motion_days(struct archive *archive, double motion_days);

/* For the published state. */
struct archive_summary {
	uint64_t segments, bytes;
	int64_t oldest_wall_us;
	int64_t recorded_us; /* how long these segments are together */
	uint64_t disk_free_bytes, disk_total_bytes;
	uint64_t set_aside;    /* files that could not be repaired (set_aside.h) */
	uint64_t unread;       /* segments that could not be read; they are not listed */
	unsigned clock_doubts; /* enum retention_delay */
	struct archive_counters counters;
	enum store_state store_state;
	struct ship_status store; /* of recorder-ship; zeroed: there is none */
	char open_segment[SEGMENT_FILE_BYTES];
	char error[192];                      /* of the keeper's own work; empty: none */
	char folder_note[ARCHIVE_NOTE_BYTES]; /* a warning about the recordings folder; empty: none */
	char clips_note[ARCHIVE_NOTE_BYTES];  /* a warning about the folder of clips; empty: none */
};

void archive_get_summary(struct archive *archive, struct archive_summary *out);

#endif
