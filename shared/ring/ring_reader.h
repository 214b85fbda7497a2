/*
 * ring_reader.h - the reading side of the ring (layout and rules: ring.h). Never writes, never waits for the writer;
 * what it reads is checked before it is used, so a corrupt or malicious ring never makes it read outside of the
 * mapping.
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
	const uint8_t *data; /* in the ring: check ring_reader_is_intact(frame) after each use */
};

/*
 * Maps /recorder.NAME read-only, or the ring that has another name in its place (shm_name.h). NULL with a sentence
 * where there is none, none that this program understands, or one that is no plain file of this process's user, or that
 * others may write to, or others than its group may read.
 */
struct ring_reader *ring_reader_open(const char *name, struct reason *why);

/*
 * The same for people who ask about a recorder: where this user has no such ring, also one of that name that another
 * user owns, if this one may read it. Nothing tells then whether a recorder made it: say whose it is. Of that one it is
 * a copy, as it is now: it has no frames' bytes, and neither changes nor can be waited for.
 */
struct ring_reader *ring_reader_open_any_user(const char *name, struct reason *why);
uid_t ring_reader_owner(const struct ring_reader *reader);

/* A reader of memory that is mapped already and outlives it (the recorder's own feeder; tests, fuzzers). */
struct ring_reader *ring_reader_attach(const void *memory, uint64_t bytes, struct reason *why);
void ring_reader_close(struct ring_reader *reader);

/* False once the name stands for another object, or for none, or the writer closed it: close and open again. */
bool ring_reader_is_current(const struct ring_reader *reader, const char *name);

uint64_t ring_reader_head(const struct ring_reader *reader); /* newest frame; 0: none yet */
uint64_t
ring_reader_tail(const struct ring_reader *reader); /* oldest frame that counts and that is likely still whole */
uint64_t ring_reader_data_bytes(const struct ring_reader *reader); /* that frames can fill now: ring.h, usable */

/* The boot (clock_boot_id) on whose monotonic clock its frames' times are. */
void ring_reader_boot_id(const struct ring_reader *reader, uint8_t out[16]);

/* The frame with that number; false where it is not there (any more). */
bool ring_reader_get(const struct ring_reader *reader, uint64_t seq, struct ring_frame *out);

/* True while the bytes of the frame have not been overwritten. */
bool ring_reader_is_intact(const struct ring_reader *reader, const struct ring_frame *frame);

/* How much of the ring has been written over since this frame, 0 (newest) to 1 (gone): copy what is past one half. */
double ring_reader_age(const struct ring_reader *reader, const struct ring_frame *frame);

/* Copies the frame's bytes to `out` (meta.length bytes) and says whether the copy is good. */
bool ring_reader_copy(const struct ring_reader *reader, const struct ring_frame *frame, uint8_t *out);

/*
 * Waits until head differs from `seen`, at most timeout_ms (-1: for ever). True where it does. Futex on the shared
 * page: wakes across processes.
 */
bool ring_reader_wait(const struct ring_reader *reader, uint64_t seen, int timeout_ms);

/* A consistent copy of the published state, texts terminated and times believable; false where none was published yet.
 */
bool ring_reader_state(const struct ring_reader *reader, struct recorder_state *out);

/* True while the recorder's heartbeat is younger than 3 s, and it has neither stopped nor closed the ring. */
bool ring_reader_is_alive(const struct ring_reader *reader, const struct recorder_state *state);

/* A consistent copy of the devices' JSON, terminated; false where there is none. */
bool ring_reader_devices(const struct ring_reader *reader, char out[RING_DEVICES_BYTES]);

#endif
