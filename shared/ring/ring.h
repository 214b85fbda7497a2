/*
 * ring.h - the shared-memory ring of JPEG frames: its layout, its rules, and what a crash leaves.
 *
 * One object of POSIX shared memory a camera, /recorder.NAME, little-endian, mode 0640:
 *
 *     0                 struct ring_header (64 KiB)
 *     index_offset      index_entries × struct ring_entry (64 B)
 *     data_offset       data_bytes of JPEG data, each frame contiguous
 *
 * Everybody can make such an object, so that recorderd and the workers take only one of their own user that nobody else
 * may write to. If a stranger's has the name, the ring has another one, which is published where strangers cannot write
 * (shm_name.h). recorderd is the only writer; readers map it read-only and hold no lock, so none of them can delay a
 * frame. That there is one writer a lock says that no reader can open (recorderd/lock/instance_lock.h), none on the
 * ring.
 *
 * Frames are numbered from 1 (`seq`); frame k stands in entry k % index_entries. Data positions are u64 that only grow;
 * the byte at position p lies at data_offset + p % data_bytes. A frame that would cross the end starts at the next
 * multiple of data_bytes.
 *
 * Writer, for frame k:                              Reader, for frame k:
 *   1 reserve = pos + length; entry.seq = 0           1 head (acquire); k must be in (head - index_entries, head]
 *   2 full fence                                      2 entry.seq (acquire) == k; copy the entry; entry.seq again == k
 *   3 copy the bytes, fill the entry                  3 check pos and length against the layout
 *   4 entry.seq = k (release)                         4 use the bytes
 *   5 head = k (release), wake += 1, futex wake       5 acquire fence; the bytes were good iff reserve - pos <=
 * data_bytes
 *
 * `usable` is how many of the data bytes have pages: some at the start, all of them a little later (ring_pages.h). Only
 * those are written to: a frame that would cross usable starts at the next multiple of data_bytes too, as if it had
 * reached the end, so that no position changes its meaning when usable grows. It never shrinks, and stays below
 * data_bytes where /dev/shm filled up meanwhile: the ring then holds less, and no write to it is ever a SIGBUS.
 *
 * `tail` is the oldest frame that still counts (memory.minutes); older ones may still be there, and are not used.
 *
 * A frame that was taken while recording was off bears RING_FRAME_RECORDING_OFF in its entry: also the encoder of a recorder that
 * takes the ring over leaves it out. Readers that only show frames need not look.
 *
 * The writer dies at any point, or stops and leaves the ring: head, and all that it covers, is whole; a half-written
 * frame is not reachable, or fails the check of step 5. The next writer takes the object over when boot id, owner and
 * mode are as they should be and its numbers agree: where the layout is the one that it wants it goes on at head + 1
 * and at max(reserve, end of frame head), with the pages that it has; else it makes a new object, under the name
 * recorder.NAME.new (another where a stranger's has that) until it has the newest frames of the old one (numbered from
 * 1 again), and gives it the name. What it cannot take over it removes, and says why in its log; what belongs to
 * another user it leaves alone.
 *
 * `closed` = 1 tells readers that no frame will come in this object any more; then `reserve` is so far that only
 * the newest frame still passes the check of step 5, and the data of the others have no pages: the memory is free at
 * once, whoever maps the object. An object is never shrunk or grown.
 *
 * State (state.h) and a JSON text about the machine's devices stand in the header, each under a sequence lock: odd
 * while being written; a reader copies and takes the copy if the lock was even and unchanged.
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
#define RING_STATE_BYTES    8192u /* was 4096, with zeros behind: what is new in the state moves nothing */
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
	_Atomic uint64_t head; /* 128: a cache line of what readers poll */
	_Atomic uint64_t tail;
	_Atomic uint32_t wake; /* futex word (shared, not private) */
	uint8_t pad1[192 - 148];
	_Atomic uint64_t reserve; /* 192 */
	_Atomic uint64_t write_pos;
	_Atomic uint64_t usable; /* data bytes */
	uint8_t pad2[256 - 216];
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
static_assert(offsetof(struct ring_header, state_lock) == 256, "ring header: state_lock");
static_assert(offsetof(struct ring_header, state) == RING_STATE_OFFSET, "ring header: state");
static_assert(offsetof(struct ring_header, devices) == RING_DEVICES_OFFSET, "ring header: devices");
static_assert(sizeof(struct recorder_state) <= RING_STATE_BYTES && sizeof(struct recorder_state) % 8 == 0, "state");

/* What is known of a frame. */
struct ring_meta {
	int64_t wall_us;
	int64_t mono_us;
	uint32_t length;    /* bytes */
	uint32_t epoch;     /* changes where source, picture size or clock mapping does; never 0 */
	uint32_t gap_cause; /* enum gap_cause: why this stretch began */
	uint32_t source;    /* enum frame_source */
	uint16_t width, height;
	uint32_t flags; /* RING_FRAME_…; what is not named there is 0, and not looked at */
};

#define RING_FRAME_RECORDING_OFF 1u /* taken while recording was off: for live view and memory, never for the encoder */

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
