/*
 * ring.h - the shared-memory ring of JPEG frames: its layout, its rules, and what a crash leaves.
 *
 * There is one object of POSIX shared memory per camera, /recorder.NAME, little-endian, mode 0640:
 *
 *     0                 struct ring_header (64 KiB)
 *     index_offset      index_entries × struct ring_entry (64 B)
 *     data_offset       data_bytes of JPEG data, each frame contiguous
 *
 * Any user can create such an object. recorderd and the workers therefore use only one that belongs to their own user
 * and that nobody else may write to. If another user has taken the name, the ring has another one, which is published
 * where that user cannot write (shm_name.h). recorderd is the only writer. Readers map the ring read-only and hold no
 * lock, so none of them can delay a frame. A lock that no reader can open ensures that there is only one writer
 * (recorderd/lock/instance_lock.h); it is not a lock on the ring.
 *
 * Frames are numbered from 1 (`seq`). Frame k is in entry k % index_entries. Data positions are u64 and only grow; the
 * byte at position p is at data_offset + p % data_bytes. A frame that would cross the end of the data starts at the
 * next multiple of data_bytes.
 *
 * Writer, for frame k:                              Reader, for frame k:
 *   1 reserve = pos + length; entry.seq = 0           1 head (acquire); k must be in (head - index_entries, head]
 *   2 full fence                                      2 entry.seq (acquire) == k; copy the entry; entry.seq again == k
 *   3 copy the bytes, fill the entry                  3 check pos and length against the layout
 *   4 entry.seq = k (release)                         4 use the bytes
 *   5 head = k (release), wake += 1, futex wake       5 acquire fence; the bytes were intact if and only if
 *                                                       reserve - pos <= data_bytes
 *
 * `usable` is how many of the data bytes have pages: some at the start, all of them a little later (ring_pages.h). The
 * writer uses no others. A frame that would cross `usable` also starts at the next multiple of data_bytes, as if it had
 * reached the end, so no position changes its meaning when `usable` grows. It never shrinks. If /dev/shm fills up in
 * the meantime it stays below data_bytes: the ring then holds less, and no write to it causes a SIGBUS.
 *
 * `mask` is a number for what [mask] says (config_mask_id()), and the same for all frames of an object:
 * a writer whose mask is another one does not take it over. Older writers left 0 there, and masked nothing.
 *
 * `tail` is the oldest frame that still counts (memory.minutes). Older frames may still be in the ring, but are not
 * used.
 *
 * RING_FRAME_RECORDING_OFF in an entry marks a frame that was taken while recording was off. No encoder may take it,
 * not even that of a later recorder that takes over the ring. Readers that only show frames can ignore the flag.
 * RING_FRAME_SCHEDULE says that record.hours was why.
 *
 * The writer may die at any point, or exit and leave the ring: `head` and all frames that it covers are complete, and a
 * half-written frame is unreachable or fails the check of step 5. The next writer takes over the object if boot id,
 * owner and mode are as expected and its numbers are consistent. If the layout is the one that it wants, it continues
 * at head + 1 and at max(reserve, end of frame head), with the pages that are there. Otherwise it creates a new object,
 * which is called recorder.NAME.new (or something else if another user has taken that) until the newest frames of the
 * old object have been copied to it and numbered from 1 again; then it gets the usual name. The writer removes what it
 * cannot take over and logs why. It never touches what belongs to another user.
 *
 * `closed` = 1 tells readers that no more frames will come in this object. `reserve` is then so large that only the
 * newest frame passes the check of step 5, or UINT64_MAX: then none does, because none may be shown any more, nor what
 * a reader has kept of them. The data of the other frames has no pages any more: its memory is free at
 * once, whoever maps the object. An object never changes its size.
 *
 * The header also contains the state (state.h) and a JSON text about the devices of the machine, each under a sequence
 * lock: the lock is odd while the writer changes the data, and a reader's copy is valid if the lock was even and has
 * not changed.
 */
#ifndef SHARED_RING_RING_H
#define SHARED_RING_RING_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/ring/state.h"

#define RING_MAGIC          UINT64_C(0x31474e4952524353) /* "SCRRING1" */
#define RING_VERSION        3u
#define RING_HEADER_BYTES   65536u
#define RING_STATE_OFFSET   4096u
#define RING_STATE_BYTES    11264u /* was 8192, followed by zeros: a longer state moves nothing */
#define RING_DEVICES_OFFSET 16384u
#define RING_DEVICES_BYTES  49152u /* NUL-terminated JSON */

struct ring_header {
	uint64_t magic;
	uint32_t version;
	uint32_t header_bytes;
	uint64_t total_bytes;
	uint64_t index_offset;
	uint64_t index_entries;
	uint64_t data_offset;
	uint64_t data_bytes;
	uint8_t boot_id[16];
	_Atomic uint32_t writer_pid;
	_Atomic uint32_t closed;
	uint8_t pad0[128 - 80];
	_Atomic uint64_t head; /* 128: one cache line with what readers poll */
	_Atomic uint64_t tail;
	_Atomic uint32_t wake; /* futex word (shared, not private) */
	uint8_t pad1[192 - 148];
	_Atomic uint64_t reserve; /* 192 */
	_Atomic uint64_t write_pos;
	_Atomic uint64_t usable; /* data bytes */
	_Atomic uint64_t mask;   /* what is black in all of its frames; 0: nothing */
	uint8_t pad2[256 - 224];
	_Atomic uint64_t state_lock; /* 256 */
	_Atomic uint64_t devices_lock;
	uint8_t pad3[RING_STATE_OFFSET - 272];
	uint8_t state[RING_STATE_BYTES];
	uint8_t pad4[RING_DEVICES_OFFSET - RING_STATE_OFFSET - RING_STATE_BYTES];
	uint8_t devices[RING_DEVICES_BYTES];
};

static_assert(sizeof(struct ring_header) == RING_HEADER_BYTES, "ring header");
static_assert(offsetof(struct ring_header, boot_id) == 56, "ring header: boot_id");
static_assert(offsetof(struct ring_header, head) == 128, "ring header: head");
static_assert(offsetof(struct ring_header, wake) == 144, "ring header: wake");
static_assert(offsetof(struct ring_header, reserve) == 192, "ring header: reserve");
static_assert(offsetof(struct ring_header, usable) == 208, "ring header: usable");
static_assert(offsetof(struct ring_header, mask) == 216, "ring header: mask");
static_assert(offsetof(struct ring_header, state_lock) == 256, "ring header: state_lock");
static_assert(offsetof(struct ring_header, state) == RING_STATE_OFFSET, "ring header: state");
static_assert(offsetof(struct ring_header, devices) == RING_DEVICES_OFFSET, "ring header: devices");
static_assert(sizeof(struct recorder_state) <= RING_STATE_BYTES && sizeof(struct recorder_state) % 8 == 0, "state");

/* What is known about a frame. */
struct ring_meta {
	int64_t wall_us;
	int64_t mono_us;
	uint32_t length;    /* bytes */
	uint32_t epoch;     /* changes with the source, the picture size or the mapping of the clock; never 0 */
	uint32_t gap_cause; /* enum gap_cause: why this epoch began */
	uint32_t source;    /* enum frame_source */
	uint16_t width, height;
	uint32_t flags; /* RING_FRAME_…; all other bits are 0 and ignored */
};

#define RING_FRAME_RECORDING_OFF 1u /* for live view and memory, never for the encoder */
#define RING_FRAME_SCHEDULE      2u /* with it: by record.hours */

struct ring_entry {
	_Atomic uint64_t seq;
	uint64_t pos;
	struct ring_meta meta; /* 16: 40 bytes */
	uint8_t pad[8];
};

static_assert(sizeof(struct ring_meta) == 40, "ring meta");
static_assert(offsetof(struct ring_meta, flags) == 36, "ring meta: flags");
static_assert(sizeof(struct ring_entry) == 64, "ring entry");

#endif
