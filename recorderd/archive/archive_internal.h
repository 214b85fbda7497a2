/*
 * archive_internal.h - what the files of the archive share.
 *
 * - The list of segments: archive_list.c, its order archive_order.c, its files catalogue_writer.c.
 * - The start: opening the folder archive_opening.c, locking it archive_folder_lock.c, repairing it archive_recover.c.
 * - A path that leads to another folder: archive_follow.c; the segments found there archive_adopt.c; the folder before
 *   it archive_former.c.
 * - The keeper's rounds: archive_keeper.c.
 * - A clock that is wrong at boot: whether it is archive_clock.c, correcting times afterwards archive_redate.c.
 * - The lists of .motion files: archive_motion.c, archive_motion_days.c; what the folder has archive_motion_scan.c.
 * - Deletion: how old a segment is archive_age.c, which segments go archive_retention.c, cached clips archive_cached.c.
 *
 * `lock` guards everything in struct archive except what is atomic, what is set before the keeper starts, and what the
 * keeper alone uses. It is never held during disk work. `list_lock` keeps writers of the two list files in order; take
 * it first if you need both.
 */
#ifndef RECORDERD_ARCHIVE_ARCHIVE_INTERNAL_H
#define RECORDERD_ARCHIVE_ARCHIVE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "recorderd/archive/archive.h"
#include "recorderd/lists/folder_memory.h"
#include "recorderd/lists/segment_activity.h"
#include "recorderd/repair/segment_repair.h"
#include "recorderd/repair/set_aside.h"
#include "shared/store/ship_list.h"
#include "shared/store/ship_status.h"

enum archive_phase {
	PHASE_OPEN,   /* being recorded: at most one, the last */
	PHASE_CLOSED, /* to be finished by the keeper */
	PHASE_COMPLETE,
};

/* Whether the list of its day has a segment (archive_motion.c). */
enum archive_listing {
	MOTION_UNLISTED, /* no list has it */
	MOTION_GROWING,  /* records may still be added to its .motion file */
	MOTION_LISTED,
	MOTION_UNREADABLE, /* its .motion file cannot be read now, and no list has it until the next start */
};

struct archive_segment {
	struct catalogue_entry entry;
	enum archive_listing motion;
	enum segment_activity activity;
	uint64_t motion_bytes; /* of its .motion file, as far as that is known; 0: there is none */
	int64_t motion_day;    /* MOTION_LISTED: of the list that has it */
	enum archive_phase phase;
	bool shipped;         /* it is in the store */
	bool suspect;         /* closed: the disk may not have everything that was written to it */
	bool unchecked;       /* listed as the list of an adopted folder describes it; archive_adopt.c checks it */
	bool deleting;        /* being deleted: no list contains it */
	int64_t seen_mono_us; /* since when this process has known it as a whole */
	int64_t retry_at_us;  /* monotonic: when to try again to delete it; 0: no attempt has failed */
};

/* What the keeper knows of the lists of days. */
struct motion_day_state {
	int64_t day;
	bool dirty;          /* the list does not say what is there now */
	uint64_t kept_bytes; /* of .motion files without a segment, */
	int64_t kept_end;    /* and where the first of them ends; INT64_MAX: there are none */
};

struct archive_motion {
	bool scanned;
	unsigned folder_no; /* archive_resume_point.folder_no of the scan */
	struct motion_day_state *days;
	size_t day_count, day_capacity;
	char (*unlisted)[SEGMENT_FILE_BYTES]; /* segments that are gone, whose .motion files no list has */
	size_t unlisted_count;
	int64_t next_us;     /* monotonic: when to write lists again */
	uint64_t kept_bytes; /* sum of all days; guarded by `lock` */
};

/* Segments that were finished, and that archive_take_finished() has not given yet. */
struct archive_finished {
	struct catalogue_entry entries[ARCHIVE_FINISHED_MAX]; /* number n is at n % ARCHIVE_FINISHED_MAX */
	uint64_t count, taken;                                /* since the start */
};

/* What recorder-ship says. */
struct archive_store {
	struct ship_list list; /* the keeper's */
	bool id_failed;        /* the keeper's */
	enum store_state state;
	struct ship_status status; /* zeroed: there is none */
};

struct archive {
	const struct config *config;
	pthread_t keeper;
	bool keeper_runs;
	struct folder_memory memory;
	bool clock_is_saved; /* archive_clock_is_saved(), at the start */
	int64_t opened_mono_us;

	pthread_mutex_t list_lock;
	uint64_t generation; /* of the list; guarded by list_lock */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	int folder;  /* -1: none, while record.require_mount waits for a disk */
	int lock_fd; /* its .lock */
	char folder_note[ARCHIVE_NOTE_BYTES], clips_note[ARCHIVE_NOTE_BYTES];
	SLIST_HEAD(, archive_former) former; /* folders in which segments remain to be finished */
	struct archive_adoption *adoption;   /* of the folder that the path leads to now, until the keeper takes it */
	struct archive_segment *segments;    /* in the order of recording */
	size_t count, capacity;
	uint64_t segment_bytes; /* sum of all: the event loop asks every second, and the list may span a year */
	int64_t recorded_us;    /* how long they are together, as of when retention last looked at them */
	int open_fd;            /* of the open segment, for syncing; -1: none */
	int motion_fd;          /* of its .motion file; -1: none */
	bool unrecorded;        /* the path led to this folder only lately, and nothing was recorded in it yet */
	bool recovered;         /* until then `segments` and `resume` belong to the keeper alone */
	bool ended;             /* the keeper has ended */
	struct archive_resume_point resume;
	int64_t trusted_wall_us;           /* the time from which ages were counted back, */
	int64_t ages_mono_us;              /* when they were last computed; 0: not yet */
	struct config_retention retention; /* as it is now; `config` has the values of the start */
	double motion_days;                /* the same */
	struct archive_counters counters;
	struct archive_finished finished;
	struct archive_store store;
	struct set_aside_files set_aside; /* what the repair set aside */
	int64_t set_aside_since_us;       /* monotonic: none has been added since; 0: not counted yet */
	double held_bytes;                /* deleted, but not yet freed by the file system: somebody reads them */
	double free_bytes_after;          /* free space after the last deletion, */
	uint64_t bytes_after;             /* and segment_bytes then */
	char error[192];

	/* Flags and numbers, each on its own. `stopping` is set with `lock` held, for those who wait for `changed`. */
	atomic_bool stopping;
	atomic_bool needs_sync;      /* the open segment has grown since its last sync */
	atomic_bool suspect;         /* a sync of the open segment failed */
	atomic_bool lists_dirty;     /* the list files differ from `segments` */
	atomic_bool folder_replaced; /* the path leads to another folder: it may lack what is listed */
	atomic_bool undeletable;     /* a segment that is due could not be deleted */
	atomic_bool set_aside_undeletable;
	_Atomic uint64_t disk_free_bytes, disk_total_bytes;
	_Atomic uint64_t unread;        /* segments that the repair could not read */
	_Atomic unsigned clock_doubts;  /* enum retention_delay */
	atomic_bool clock_synchronised; /* at some time since the boot */
	_Atomic int64_t newest_wall_us; /* end of the newest segment at the start; 0: none */
	_Atomic int64_t last_answer_us; /* monotonic: the disk's last answer during the start */

	/* The keeper's */
	struct archive_opening *opening; /* of a folder whose disk did not answer at the start */
	int64_t cache_swept_mono_us;     /* when clips/cache was last cleaned; 0: not yet */
	bool redating_failed;            /* at the last attempt */
	size_t redate_next;              /* index of the segment where the next round of corrections begins */
	struct archive_motion motion;
};

/* archive_list.c: appends a segment. Returns false without memory. The caller holds `lock`, unless no other thread runs
 * yet. */
bool archive_append(struct archive *archive, const struct catalogue_entry *entry, enum archive_phase phase);

/* Replaces the entry of the segment with that file name, which is then complete. NULL takes it off the list. */
void archive_update_entry(struct archive *archive, const char *file, const struct catalogue_entry *entry);

/* Adds a segment to those that archive_take_finished() gives. */
void archive_note_finished(struct archive *archive, const struct catalogue_entry *entry);

/* The first numbers of the resume point that are above those of the entry. The caller holds `lock`, as above. */
void archive_reserve_numbers(struct archive *archive, const struct catalogue_entry *entry);

/*
 * Duplicates the descriptor of the folder, of the open segment, or of its .motion file. The caller closes it; -1: there
 * is none.
 */
int archive_dup_folder(struct archive *archive);
int archive_dup_open_segment(struct archive *archive);
int archive_dup_open_motion(struct archive *archive);

/* Publishes what is wrong; "": nothing any more. Logs once when it begins and once when it ends. */
void archive_set_error(struct archive *archive, const char *text);

/* Counts again what is set aside in the folder. */
void archive_count_set_aside(struct archive *archive);
bool archive_is_stopping(struct archive *archive);

/* archive_follow.c: compares the first folder with the one of the last run, and saves it for the next run. */
void archive_check_first_folder(struct archive *archive);

/* archive_cached.c: publishes what the last clean-up found out about clips.directory. */
void archive_update_clips_note(struct archive *archive);

/* archive_former.c: moves the folder and its list of segments into archive->former. The caller holds `lock`. */
void archive_former_add(struct archive *archive);

/* Finishes and lists the segments of the former folders, and closes these. Called by the keeper. */
void archive_former_finish(struct archive *archive);
void archive_former_free(struct archive *archive);

/* archive_folder_lock.c: creates the folder if necessary, and locks it. Returns its descriptor, or -1 and sets *why. */
int archive_folder_open(const char *path, int *lock_fd, struct reason *why);

/*
 * archive_opening.c: opens the folder in a thread of its own, and waits for it for a few seconds. Returns false and
 * sets *why if opening failed. If the disk does not answer, this succeeds and the keeper waits with
 * archive_opening_wait(), which returns false if the recorder stops before the disk answers.
 */
struct archive_opening;
bool archive_opening_start(struct archive *archive, struct reason *why);
bool archive_opening_wait(struct archive *archive);
void archive_opening_abandon(struct archive_opening *opening); /* NULL is safe */

/* Sleeps until the next attempt is due. Returns false if the recorder stops. */
bool archive_wait_before_retry(struct archive *archive);

/* catalogue_writer.c: writes recording_index.bin, and .json if asked to. Called without `lock`. */
bool archive_write_lists(struct archive *archive, bool also_json, struct reason *why);

/* Has the lists written again if somebody removed one of them. */
void archive_check_lists(struct archive *archive, int folder);

/* archive_recover.c: fills the list and archive->resume from the folder. */
bool archive_recover(struct archive *archive, struct reason *why);

/* The list that a folder's last recorder left; empty if there is none that passes its checks. */
struct archive_last_list {
	struct catalogue_entry *entries; /* sorted by file name; owned */
	size_t count;
	uint64_t generation;
};

void archive_last_list_read(int folder, struct archive_last_list *out);
void archive_last_list_free(struct archive_last_list *list);

enum archive_inspect_outcome {
	INSPECT_OK,     /* to be listed */
	INSPECT_SKIP,   /* not to be listed */
	INSPECT_FAILED, /* the disk refused: nobody knows what is in it */
};

/* Looks at a segment, and repairs it unless the folder's last list vouches for it. */
enum archive_inspect_outcome archive_inspect(int folder, const struct archive_last_list *list, const char *file,
					     struct catalogue_entry *entry, struct segment_end *end);

/*
 * archive_adopt.c: the segments that are already in a folder to which the path has come to lead.
 * archive_adoption_read() is called by the thread that records, before it records the first segment there: so none of
 * them is its own. Returns NULL if there is no memory or if the folder cannot be read.
 */
struct archive_adoption *archive_adoption_read(int folder);
void archive_adoption_free(struct archive_adoption *adoption); /* NULL is safe */

/* Raises the next numbers of archive->resume above those in the folder's list. The caller holds `lock`. */
void archive_adoption_reserve_numbers(struct archive *archive, const struct archive_adoption *adoption);

/* The end of the newest footage in the folder, as far as its list and indexes say; 0: none. */
int64_t archive_adoption_end(const struct archive_adoption *adoption);

/* Lists at once what the folder's own list calls complete, so that requests find it. The caller holds `lock`. */
void archive_adoption_list(struct archive *archive, const struct archive_adoption *adoption);

/* Checks some of the segments; returns true once all of them are checked and listed before those recorded since. */
bool archive_adoption_merge(struct archive *archive, struct archive_adoption *adoption);

/* archive_order.c: sorts segments into the order of recording. */
void archive_sort(struct archive_segment *segments, size_t count);

/* archive_keeper.c: the keeper's thread, from the repair to the end. */
void archive_keeper_run(struct archive *archive);

/* archive_age.c: how old a segment is. */
struct archive_segment_age {
	size_t boot;    /* for archive_age.c alone */
	int64_t end_us; /* when it ended, by the wall clock of now; the earliest are deleted first to make room */
	bool old;       /* it was recorded longer than retention.hours ago */
};

/*
 * Computes the age of every segment, and archive->clock_doubts. `out` has room for archive->count. The caller holds
 * `lock`.
 */
void archive_age_assess(struct archive *archive, struct archive_segment_age *out);

/* archive_clock.c: true if NTP or the like has synchronised the clock. */
bool archive_clock_is_synchronised(void);

/*
 * True if this machine has no real-time clock and starts with a time that was saved before it was switched off. `root`
 * is a descriptor of the root folder.
 */
bool archive_clock_is_saved(int root);

/*
 * Finds out from the segments whether the clock has been synchronised since the boot, and takes SEGMENT_CLOCK_DOUBTFUL
 * off the listed segments whose times can never be corrected, since their boot is over and its clock was never
 * synchronised. The caller holds `lock`, unless no other thread runs yet.
 */
void archive_clock_settle(struct archive *archive);

/* archive_redate.c: corrects the times of segments that were recorded while the clock was wrong, once it is right. */
void archive_redate(struct archive *archive);

/* archive_store.c: finds out what is in the store; before retention, since that may wait for it. Called by the keeper. */
void archive_store_update(struct archive *archive);

/* Finds out only how recorder-ship is, which /health says at once. */
void archive_store_watch(struct archive *archive);
void archive_store_free(struct archive_store *store);

/* True if [store] url is set. */
bool archive_store_is_used(const struct archive *archive);

/* archive_retention.c: deletes what is due; returns how many segments it deleted. */
size_t archive_retention_run(struct archive *archive);

/*
 * archive_motion.c: writes the lists of the .motion files of a day, for some time, and deletes .motion files that have
 * outlived their segments for long enough. True if there is more to do at once. `last`: the recorder stops.
 */
bool archive_motion_run(struct archive *archive, bool last);

/* archive_motion_days.c: the state of a day, which is added if there is none; NULL without memory. */
struct motion_day_state *archive_motion_day(struct archive_motion *motion, int64_t day);

/* The list of a segment does not say any more what is there. Called by the keeper, with or without `lock`. */
void archive_motion_changed(struct archive *archive, const struct archive_segment *segment);

/* The segment of that name is gone, no list has it, and its .motion file is kept. */
void archive_motion_keep(struct archive *archive, const char *file);

/* Forgets everything, as for another folder. */
void archive_motion_free(struct archive_motion *motion);

/* archive_motion_scan.c: finds out which .motion files the folder has, and which of them the lists have. */
bool archive_motion_scan(struct archive *archive, int folder);

/* archive_cached.c: deletes cached clips on the same disk if recordings need the room, and updates *disk. */
struct statvfs;
void archive_cached_make_room(struct archive *archive, int folder, struct statvfs *disk);

/* Starts a thread that deletes the cached clips of footage that is past retention.hours, or that belongs to one of the
 * `count` segments of `deleted`. */
void archive_cached_expire(struct archive *archive, const struct archive_segment *deleted, size_t count);

#endif
