/*
 * archive_internal.h - what the files of the archive share: the list (archive_list.c) and its order (archive_order.c),
 * the repair at start (archive_recover.c), which folder it is (archive_follow.c, archive_opening.c), what stood in one
 * that took the place of another (archive_adopt.c), what is to be done in the one that was left (archive_left.c), the
 * keeper's duties (archive_keeper.c), the rules of deletion (archive_age.c, archive_retention.c) and what is deleted
 * with the recordings (archive_cached.c).
 *
 * `lock` guards everything in struct archive but what is set before the keeper starts. It is never held during disk
 * work; `list_lock` orders the writing of the two list files, and is taken first where both are needed.
 */
#ifndef RECORDERD_ARCHIVE_ARCHIVE_INTERNAL_H
#define RECORDERD_ARCHIVE_ARCHIVE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "recorderd/archive/archive.h"
#include "recorderd/archive/folder_memory.h"
#include "recorderd/repair/segment_repair.h"
#include "recorderd/repair/set_aside.h"

enum archive_phase {
	PHASE_OPEN,   /* being recorded: at most one, the last */
	PHASE_CLOSED, /* to be finished by the keeper */
	PHASE_COMPLETE,
};

struct archive_segment {
	struct catalogue_entry entry;
	enum archive_phase phase;
	bool doubted;   /* closed: the disk may not have what was written to it */
	bool unchecked; /* as the list of a folder says that took the place of another one; archive_adopt.c looks */
	bool leaving;   /* being deleted: no list names it */
	int64_t seen_mono_us; /* this process has had it, as a whole, since then */
	int64_t again_at_us;  /* it could not be deleted: tried again then, by the monotonic clock; 0: it was not tried
			       */
};

struct archive {
	const struct config *config;
	pthread_t keeper;
	bool keeper_runs;
	struct folder_memory memory;
	int64_t opened_mono_us;

	pthread_mutex_t list_lock;
	uint64_t generation;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	int folder;  /* -1: none, where record.require_mount waits for a disk */
	int lock_fd; /* its .lock */
	char folder_note[ARCHIVE_NOTE_BYTES], clips_note[ARCHIVE_NOTE_BYTES];
	struct archive_former *left;      /* folders that the keeper puts in order */
	struct archive_segment *segments; /* in the order of recording */
	size_t count, capacity;
	uint64_t segment_bytes; /* of all of them: the event loop asks each second, and there may be a year of them */
	int open_fd;            /* of the open segment, for syncing; -1: none */
	bool unsynced;
	bool doubted;                    /* the open segment, likewise */
	bool unlisted;                   /* the lists differ from `segments` */
	bool unstarted;                  /* it took the place of another one, and nothing was recorded into it so far */
	bool replaced;                   /* the folder is another one now: what is listed may not be in it */
	struct archive_adoption *found;  /* and this is: for the keeper to take */
	bool stopping, ended;            /* the keeper is to end, and has */
	struct archive_opening *opening; /* of the folder, whose disk did not answer at the start; the keeper's */
	_Atomic int64_t last_answer_us;  /* by the monotonic clock: the disk's last answer until then */
	bool recovered;                  /* until then `segments` and `start` belong to the keeper alone */
	struct archive_resume_point start;
	uint64_t disk_free_bytes, disk_total_bytes;
	unsigned clock_doubts;             /* enum retention_delay */
	int64_t trusted_wall_us;           /* what ages counted back from, */
	int64_t ages_mono_us;              /* when they were judged last; 0: not yet */
	int64_t cache_swept_mono_us;       /* when clips/cache was looked through last; 0: not yet */
	struct config_retention retention; /* what counts now; `config` has that of the start */
	struct archive_counters tally;
	struct set_aside_files aside; /* what the repair set aside */
	int64_t set_aside_since_us;   /* nothing was set aside since then; 0: it was not counted so far */
	uint64_t unread;              /* segments that it could not look at */
	double held_bytes;            /* deleted, and not given back by the file system so far: somebody reads them */
	double free_bytes_after;      /* the last deletion; */
	uint64_t bytes_after;         /* and segment_bytes then */
	bool stuck;                   /* something that is due could not be deleted */
	bool set_aside_stuck;         /* likewise, of what was set aside */
	char trouble[192];
};

/* archive_list.c: adds a segment at the end. False without memory. Called with `lock` held, or before the other threads
 * run. */
bool archive_append(struct archive *archive, const struct catalogue_entry *entry, enum archive_phase phase);

/* Puts what became of a segment into the list, by its file's name; NULL takes it off. */
void archive_update_entry(struct archive *archive, const char *file, const struct catalogue_entry *entry);

/* Duplicates of the folder's descriptor, and of the open segment's, to be closed; -1: none. */
int archive_dup_folder(struct archive *archive);
int archive_dup_open_segment(struct archive *archive);

/* What is wrong; "" where nothing is any more. */
void archive_set_error(struct archive *archive, const char *text);
void archive_count_set_aside(struct archive *archive); /* anew, from the folder */
bool archive_is_stopping(struct archive *archive);

/* archive_follow.c: compares the first folder with that of the run before, and remembers it for the next one. */
void archive_check_first_folder(struct archive *archive);

/* archive_cached.c: what its last look said of the disk of clips.directory, for archive_summary. */
void archive_update_clips_note(struct archive *archive);

/* archive_left.c: moves the folder and what is listed into archive->left. Called with `lock` held. */
void archive_former_add(struct archive *archive);

/* The keeper finishes what was closed there, lists it, and lets go of the folders. */
void archive_former_finish(struct archive *archive);
void archive_former_free(struct archive_former *left);

/* archive_folder_lock.c: makes the folder if need be, and locks it. The folder's descriptor, or -1 with a sentence. */
int archive_folder_open(const char *path, int *lock_fd, struct reason *why);

/*
 * archive_opening.c: opens the folder in a thread of its own, and waits for some seconds. False with a sentence where
 * that failed; where the disk does not answer it goes on, and the keeper waits for it. archive_opening_wait() is false
 * when the recorder stops meanwhile.
 */
struct archive_opening;
bool archive_opening_start(struct archive *archive, struct reason *why);
bool archive_opening_wait(struct archive *archive);
void archive_opening_abandon(struct archive_opening *opening); /* NULL is safe */

/* Some time before the next try. False when the recorder stops. */
bool archive_wait_before_retry(struct archive *archive);

/* catalogue_writer.c: recording_index.bin, and .json. Called without `lock`. */
bool archive_write_lists(struct archive *archive, bool also_json, struct reason *why);
/* One that somebody removed is due again. */
void archive_check_lists(struct archive *archive, int folder);

/* archive_recover.c: fills the list and archive->start from the folder. */
bool archive_recover(struct archive *archive, struct reason *why);

/* The list that a folder's last recorder left; empty where there is none that passes its checks. */
struct archive_last_list {
	struct catalogue_entry *entries; /* sorted by file name; owned */
	size_t count;
	uint64_t generation; /* of the list */
};

void archive_last_list_read(int folder, struct archive_last_list *out);
void archive_last_list_free(struct archive_last_list *known);

enum archive_inspect_outcome {
	INSPECT_OK,     /* to be listed */
	INSPECT_SKIP,   /* none to be listed */
	INSPECT_FAILED, /* the disk refused: nobody knows what is in it */
};

/* Looks at a segment, and repairs one that the list does not vouch for. */
enum archive_inspect_outcome archive_inspect(int folder, const struct archive_last_list *known, const char *file,
					     struct catalogue_entry *entry, struct segment_end *end);

/*
 * archive_adopt.c: what stands in a folder before the first segment is recorded into it, and is not in the list.
 * archive_adoption_read() is for the thread that will record, at that moment: so no file of this recorder is among it.
 */
struct archive_adoption *archive_adoption_read(int folder);
void archive_adoption_free(struct archive_adoption *found);

/* The first number that no segment, or run, that its list names has. */
void archive_adoption_next_numbers(const struct archive_adoption *found, uint64_t *segment, uint64_t *run);

/* The end of the newest footage in it, as far as its list and indexes say; 0: none. */
int64_t archive_adoption_end(const struct archive_adoption *found);

/* Lists at once what the folder's own list calls complete, so that requests find it. Called with `lock` held. */
void archive_adoption_list(struct archive *archive, const struct archive_adoption *found);

/* The keeper looks at some of it; true where that was all, and the list has it now, in front of what was recorded
 * since. */
bool archive_adoption_merge(struct archive *archive, struct archive_adoption *found);

/* archive_order.c: sorts segments into the order of recording. */
void archive_sort(struct archive_segment *segments, size_t count);

/* archive_keeper.c */
void archive_keeper_run(struct archive *archive);

/* archive_age.c: what is thought of a segment's age. */
struct archive_segment_age {
	size_t boot;    /* for archive_age.c alone */
	int64_t end_us; /* when it ended, by the wall clock as it is now: where room is made, the earliest go first */
	bool old;       /* it was recorded longer than retention.hours ago */
};

/* Judges all segments; `out` has room for archive->count. Notes the doubts about the clock. Called with `lock` held. */
void archive_age_assess(struct archive *archive, struct archive_segment_age *out);

/* archive_retention.c: deletes what is due; the number of segments deleted. */
size_t archive_retention_run(struct archive *archive);

/* archive_cached.c: has cached clips on the same disk make room for recordings, and updates what is free of it. */
struct statvfs;
void archive_cached_make_room(struct archive *archive, int folder, struct statvfs *disk);

/* Has the cached clips of what is past retention.hours deleted, and in any case those of the `count` segments of
 * `gone`, by a thread of its own. */
void archive_cached_expire(struct archive *archive, const struct archive_segment *gone, size_t count);

#endif
