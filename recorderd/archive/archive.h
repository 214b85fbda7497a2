/*
 * archive.h - the segments of one camera: which there are, which is open, and what is to be done with them (sync,
 * finish, delete, list). A thread of its own, the keeper, does that; it never holds the lock while it waits for the
 * disk.
 *
 * Files are the truth: at start the keeper looks at the folder, repairs what a crash left (archive_recover.c), and only
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

struct archive;

#define ARCHIVE_NOTE_BYTES 320

/*
 * Opens (makes) the folder and locks it against a second recorder. NULL with a sentence. Where record.require_mount
 * finds no disk, or the disk does not answer within seconds, the keeper waits for it.
 */
struct archive *archive_open(const struct config *config, struct reason *why);

/* Starts the keeper: repair first, then the round of duties. */
bool archive_start(struct archive *archive, struct reason *why);

/* Where the repair is not done, it ends with the segment that it is at, and the next start does the rest. */
void archive_cancel_repair(struct archive *archive);

/*
 * Finishes what is closed, writes the lists and ends the keeper. False where the disk does not answer for so long: then
 * the process has to end without archive_close().
 */
bool archive_stop(struct archive *archive, int64_t limit_us);

/* The same without a limit, and unlocks. NULL is safe. */
void archive_close(struct archive *archive);

/* What the repair found; the newest frame on disk is where recording goes on. */
struct archive_resume_point {
	bool recovered;        /* the rest is valid */
	uint64_t next_segment; /* number of the next segment */
	uint64_t next_run;
	int64_t last_wall_us; /* end of the newest segment, 0: none */
	int64_t last_mono_us; /* capture time of its last frame, if it was recorded since this boot; else -1 */
	unsigned folder_no;   /* counts the folders that took the place of another one */
};

struct archive_resume_point archive_get_resume_point(struct archive *archive);

/* Waits for the repair; `recovered` is false where it was given up: nothing may be recorded then. */
struct archive_resume_point archive_wait_repaired(struct archive *archive);

/* The storage thread's view: segments begin, grow and are closed. */

/*
 * The folder that record.directory leads to now, made again if somebody removed it: a descriptor to close, or -1 with a
 * sentence. Where it is another one than before, archive_get_resume_point() says so, and may have higher numbers from then on.
 * No segment may be open.
 */
int archive_follow_folder(struct archive *archive, struct reason *why);

/*
 * True where archive_follow_folder() would not give the folder that the open segment is in: something was mounted there,
 * unmounted, renamed or deleted.
 */
bool archive_folder_moved(struct archive *archive);

/* A segment was opened. The archive duplicates `fd` for syncing. */
void archive_segment_opened(struct archive *archive, const struct catalogue_entry *entry, int fd);

/* The open one grew. */
void archive_segment_grew(struct archive *archive, int64_t end_wall_us, uint64_t size_bytes, uint64_t frames);

/* The open one is closed: the keeper finishes it in place. */
void archive_segment_closed(struct archive *archive);

/*
 * True where a sync of the open segment failed: the kernel tells that once, and takes the bytes for written. It should
 * be closed; then what the disk really has is looked through.
 */
bool archive_segment_is_suspect(struct archive *archive);

/* True where the open segment's file was deleted by somebody else. */
bool archive_segment_is_deleted(struct archive *archive);

/* Counted since the start. */
struct archive_counters {
	uint64_t gaps[STATE_GAP_CAUSES];          /* segments opened behind a gap, by enum gap_cause */
	uint64_t deleted_segments, deleted_bytes; /* by retention */
};

/* The limits that count from now on; they are copied. */
void archive_set_retention(struct archive *archive, const struct config_retention *retention);

/* For the published state. */
struct archive_summary {
	uint64_t segments, bytes;
	int64_t oldest_wall_us;
	uint64_t disk_free_bytes, disk_total_bytes;
	uint64_t set_aside;    /* files that could not be repaired (set_aside.h) */
	uint64_t unread;       /* segments that could not be read, and are not listed */
	unsigned clock_doubts; /* enum retention_delay */
	struct archive_counters tally;
	char open_segment[SEGMENT_FILE_BYTES];
	char trouble[192];                    /* of the keeper's own work; empty where all is well */
	char folder_note[ARCHIVE_NOTE_BYTES]; /* what people should know of the folder; empty: nothing */
	char clips_note[ARCHIVE_NOTE_BYTES];  /* and of that of clips */
};

void archive_get_summary(struct archive *archive, struct archive_summary *out);

#endif
