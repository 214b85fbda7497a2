/*
 * storage_internal.h - what storage.c, the queue and its thread, segment_rotation.c, which chooses the segment of a
 * frame, and motion_queue.c share.
 *
 * The event loop pushes and asks; the storage thread takes and writes. `lock` guards the queues, the end and the error
 * text; the counters are atomic. What follows "the storage thread's" belongs to that thread alone.
 */
#ifndef RECORDERD_STORAGE_STORAGE_INTERNAL_H
#define RECORDERD_STORAGE_STORAGE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "recorderd/storage/motion_writer.h"
#include "recorderd/storage/segment_writer.h"
#include "recorderd/storage/storage.h"

#define STORAGE_MOTION_MAX 2048u

struct waiting_record {
	struct motion_record record;
	mono_t came;
};

/* Records whose seconds may not be on the disk yet, in the order in which they came. */
struct motion_queue {
	struct waiting_record records[STORAGE_MOTION_MAX];
	size_t count;
	int64_t latest_second; /* of the last record that came; INT64_MIN: none has */
	bool changed;          /* since the storage thread last took something */
};

/* The frames from a key frame up to the next one. */
struct gop {
	uint64_t bytes, frames;
};

struct storage {
	struct archive *archive;
	int room;
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	STAILQ_HEAD(, media) queue;
	struct motion_queue motion;
	bool stopping, ended;
	char error[192];

	_Atomic uint64_t queue_max_bytes; /* STORAGE_QUEUE_BYTES; tests lower it */
	_Atomic uint64_t queued_bytes;
	_Atomic bool was_full;
	_Atomic uint64_t frames, dropped;
	_Atomic int64_t indexed_wall_us, indexed_mono_us;
	_Atomic uint64_t unwritten;
	_Atomic int64_t busy_since_us; /* monotonic: when work on the present item began; 0: idle */

	/* The storage thread's */
	int64_t segment_us;
	struct media *run; /* the run that is being written; each of its segments begins with its bytes */
	struct segment_writer writer;
	struct motion_writer motion_writer;
	enum gap_cause next_cause; /* of the next segment */
	uint64_t next_segment, run_no;
	int64_t last_wall_us;
	uint64_t refused_bytes;      /* size of a file that met an unknown limit (EFBIG); 0: none has */
	dev_t refused_dev;           /* the file system of that file */
	struct gop gop, largest_gop; /* the one being written, and the largest of the run */
	unsigned folder_no;          /* archive_resume_point.folder_no of the last segment */
	int64_t suspect_after_us;    /* monotonic: until then a failed sync does not end the segment */
	uint8_t boot_id[16];
	char camera[32];
};

/* segment_rotation.c, called on the storage thread: */

/*
 * Writes a frame into the open segment or into a new one. Returns false and sets *why if it cannot be written; *why
 * stays empty if the frame is skipped while recording waits for a key frame to resume with.
 */
bool storage_write_frame(struct storage *storage, struct media *media, struct reason *why);

/* Does nothing if no segment is open. */
void storage_close_segment(struct storage *storage);

/* motion_queue.c, called on the storage thread: writes the records whose seconds are on the disk. */
void storage_write_motion(struct storage *storage);

#endif
