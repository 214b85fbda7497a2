/*
 * recording_rig.h - the recorder without a camera: a test's frames go through a real ring, the encoder with the real
 * FFmpeg, storage and archive, into a folder of the test, which is then examined.
 */
#ifndef TESTS_UNIT_SUPPORT_RECORDING_RIG_H
#define TESTS_UNIT_SUPPORT_RECORDING_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorderd/archive/archive.h"
#include "recorderd/encoder/encoder.h"
#include "recorderd/ring/ring_writer.h"
#include "recorderd/storage/storage.h"
#include "shared/event/loop.h"

#define RIG_FRAMES   2000
#define RIG_SEGMENTS 64
#define RIG_AHEAD    60                        /* how many frames are given before the disk has them */
#define RIG_WALL_US  INT64_C(1800000000437000) /* within a second, in 2027 */

struct rig {
	struct config config;
	struct ring_writer *ring;
	struct ring_reader *reader;
	struct loop *loop;
	struct archive *archive;
	struct storage *storage;
	struct encoder *encoder;
	struct video_writer *video; /* the test's; NULL: there is no live video */
	struct loop_watch room;
	uint64_t adopted;

	/* Put into the ring */
	int64_t wall_us[RIG_FRAMES], mono_offset_us;
	uint32_t epoch, gap_cause, source, flags;
	uint16_t width, height;
	size_t given;

	/* Being waited for */
	struct loop_timer round;
	bool (*until)(struct rig *rig);
	mono_t limit;
	size_t to_give;
	bool drained;

	/* Found in the folder */
	struct catalogue_entry segments[RIG_SEGMENTS];
	size_t segment_count;
	struct index_record records[RIG_FRAMES];
	size_t segment_of[RIG_FRAMES];
	size_t found;
};

/* Of the running case; rig_set_up() or rig_prepare() zeroes it. */
extern struct rig rig;

/* Makes a fresh folder, a ring of that size, and a configuration without retention; returns 0 on success. */
int rig_prepare(uint64_t ring_bytes);

/* Setup of a case: the same, with 8 MiB. */
int rig_set_up(void **state);

/* Starts the archive and storage, without an encoder. */
void rig_start_storage(void);

/* Starts the archive, storage and encoder. */
void rig_start(void);

/* Puts a frame with that wall time, and the epoch and the size of the rig, into the ring. */
void rig_put_bytes(int64_t wall_us, const void *data, size_t length);

/* Puts a small JPEG of the rig's size with that wall time into the ring. */
void rig_put(int64_t wall_us);

/* Puts a second of frames captured while recording is off. */
void rig_put_while_off(int64_t from_us);

/* Runs the loop until the condition holds. */
void rig_wait(bool (*until)(struct rig *rig));

/* A condition for rig_wait(): every frame of wall_us[] up to to_give is in the ring. */
bool rig_all_put(struct rig *of);

/* Stops like the recorder: everything in the ring is encoded, written, finished and listed. */
void rig_stop(void);

/* The teardown function of all cases. */
int rig_tear_down(void **state);

/* A descriptor of the folder of recordings; the caller closes it. */
int rig_folder(void);

/* Reads the list and every index. */
void rig_read_folder(void);

/* Every frame that was given is on the disk once, in order, at its own microsecond. */
void assert_all_recorded(void);

/* The wall-clock second of a time. */
int64_t wall_second(int64_t wall_us);

/* The key frames are exactly the first frame of a run, and the first of each wall-clock second. */
void assert_key_frames(void);

/* Each frame lasts until the next one; the last of a run lasts as long as the previous one. */
void assert_durations(void);

/* Plans `seconds` of frames at that rate. */
void rig_plan(int64_t first_us, int64_t frames, int64_t per_us, int64_t seconds);

/* The number of packets in a segment according to FFmpeg, which must equal the number in its header. */
size_t rig_probe(size_t segment);

#endif
