/*
 * storage_internal.h - what the files of storage share: the queue and its thread (storage.c), and which segment a frame
 * goes into (segment_rotation.c).
 *
 * Threads: the event loop pushes and asks; the storage thread takes and writes. `lock` guards the queue, the end and
 * the trouble's text; the counters are atomic; what is below `thread_state` belongs to the storage thread alone.
 */
#ifndef RECORDERD_STORAGE_STORAGE_INTERNAL_H
#define RECORDERD_STORAGE_STORAGE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "recorderd/storage/segment_writer.h"
#include "recorderd/storage/storage.h"

struct storage {
	struct archive *archive;
	int room;
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t more;
	struct media *first, **last;
	bool stopping, ended;
	char trouble[192];

	_Atomic uint64_t queued_bytes;
	_Atomic bool was_full;
	_Atomic uint64_t frames, dropped;
	_Atomic int64_t indexed_wall_us, indexed_mono_us;
	_Atomic uint64_t unwritten;
	_Atomic int64_t busy_since_us; /* monotonic: since when the thread works on one item; 0: it waits for one */

	/* thread_state */
	int64_t segment_us;
	struct media *run; /* the run that is being written; its bytes begin each segment */
	struct segment_writer writer;
	enum gap_cause next_cause; /* of the next segment */
	uint64_t next_segment, run_no;
	int64_t last_wall_us;
	uint64_t refused_bytes; /* of a file that became too large without its limit being known before; 0: none did */
	dev_t refused_dev;      /* and the file system on which that was */
	struct group {
		uint64_t bytes, frames;
	} group, largest_group; /* of pictures: from a key frame to the next one; the one being written, and the
				   largest of the run */
	unsigned folder_no;     /* archive_start.folder_no of the last segment */
	int64_t doubt_from_us;  /* monotonic: not every second, where every sync fails */
	uint8_t boot_id[16];
	char camera[32];
};

/* segment_rotation.c, on the storage thread: */

/* Into the open segment, or into a new one. False with a sentence where the disk does not take it, and without one
 * before the key frame with which recording may go on. */
bool storage_write_frame(struct storage *storage, struct media *media, struct reason *why);

/* Nothing is done where none is open. */
void storage_close_segment(struct storage *storage);

#endif
