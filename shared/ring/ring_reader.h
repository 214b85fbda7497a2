/*
 * ring_reader.h - the reading side of the ring (layout and rules: ring.h).
 *
 * It never writes and never waits for the writer. It checks what it reads before it uses it, so a corrupt or malicious
 * ring cannot make it read outside of the mapping.
 */
#ifndef SHARED_RING_RING_READER_H
#define SHARED_RING_RING_READER_H

#include <stdbool.h>
#include <sys/types.h>

#include "shared/base/clock.h"
#include "shared/base/reason.h"
#include "shared/ring/ring.h"

struct ring_reader;

struct ring_frame {
	uint64_t seq;
	uint64_t pos;
	struct ring_meta meta;
	const uint8_t *data; /* in the ring: check ring_reader_is_intact() after each use */
};

/*
 * Maps /recorder.NAME read-only, or the ring that was published under another name instead (shm_name.h). Returns NULL
 * and sets *why if there is none, if this program does not understand it, or if it cannot be trusted: it is not a plain
 * file of this process's user, others may write to it, or users outside of its group may read it.
 */
struct ring_reader *ring_reader_open(const char *name, struct reason *why);

/*
 * The same for showing the state of a recorder to people: if this user has no such ring, it opens one of that name that
 * another user owns, provided that this user may read it. Nothing proves that a recorder created that one, so the
 * caller must say whose it is. The reader then has a copy of its present state, without the bytes of frames. The copy
 * does not change, and ring_reader_wait() does not work on it.
 */
struct ring_reader *ring_reader_open_any_user(const char *name, struct reason *why);
uid_t ring_reader_owner(const struct ring_reader *reader);

/* A reader of memory that is already mapped and outlives the reader (recorderd's own encoder, tests, fuzzers). */
struct ring_reader *ring_reader_attach(const void *memory, uint64_t bytes, struct reason *why);
void ring_reader_close(struct ring_reader *reader);

/* False once the writer has closed the ring, or its name leads to another object or to none: close and open again. */
bool ring_reader_is_current(const struct ring_reader *reader, const char *name);

/* True once the writer has closed the ring: no more frames will come. */
bool ring_reader_is_closed(const struct ring_reader *reader);

/* The newest frame; 0: none yet. */
uint64_t ring_reader_head(const struct ring_reader *reader);

/* The oldest frame that counts and is probably still intact. */
uint64_t ring_reader_tail(const struct ring_reader *reader);

/* The bytes that frames can fill now (ring.h: usable). */
uint64_t ring_reader_data_bytes(const struct ring_reader *reader);

/* What is black in all of its frames (ring.h: mask). */
uint64_t ring_reader_mask(const struct ring_reader *reader);

/* True if nothing that was read from it may be shown any more (ring.h: closed). */
bool ring_reader_is_emptied(const struct ring_reader *reader);

/* The boot (clock_boot_id) to whose monotonic clock the times of the frames belong. */
void ring_reader_boot_id(const struct ring_reader *reader, uint8_t out[16]);

/* The frame with that number; false if it is not in the ring, or not any more. */
bool ring_reader_get(const struct ring_reader *reader, uint64_t seq, struct ring_frame *out);

/* Whether the bytes of the frame have not been overwritten yet. */
bool ring_reader_is_intact(const struct ring_reader *reader, const struct ring_frame *frame);

/* The share of the ring that was overwritten since this frame, 0 (newest) to 1 (gone). Copy frames past one half. */
double ring_reader_age(const struct ring_reader *reader, const struct ring_frame *frame);

/* Copies the frame's bytes (meta.length) to `out`, and returns whether the copy is intact. */
bool ring_reader_copy(const struct ring_reader *reader, const struct ring_frame *frame, uint8_t *out);

/*
 * Waits until head differs from `seen`, at most timeout_ms (-1: without limit). Returns whether it does. The writer
 * wakes it by a futex in the shared page.
 */
bool ring_reader_wait(const struct ring_reader *reader, uint64_t seen, int timeout_ms);

/*
 * A consistent copy of the published state, with texts terminated and implausible times set to 0; false if none was
 * published yet.
 */
bool ring_reader_state(const struct ring_reader *reader, struct recorder_state *out);

/* Whether the recorder's heartbeat is less than 3 s old, and it has neither stopped nor closed the ring. */
bool ring_reader_is_alive(const struct ring_reader *reader, const struct recorder_state *state);

/* A consistent copy of the devices' JSON, terminated; false if there is none. */
bool ring_reader_devices(const struct ring_reader *reader, char out[RING_DEVICES_BYTES]);

#endif
