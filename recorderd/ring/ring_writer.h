/*
 * ring_writer.h - the writing side of the ring (layout and rules: ring.h). Linked by recorderd only. One thread.
 */
#ifndef RECORDERD_RING_RING_WRITER_H
#define RECORDERD_RING_RING_WRITER_H

#include <stdbool.h>
#include <sys/uio.h>

#include "shared/base/reason.h"
#include "shared/ring/ring.h"

struct ring_writer;

struct ring_request {
	const char *name;       /* /recorder.NAME */
	uint64_t data_bytes;    /* wanted */
	uint64_t index_entries; /* wanted */
	int64_t keep_us;        /* memory.minutes: older frames leave the tail */
	bool exact;             /* an explicit size: too little room is an error; else the ring gets what there is */
};

/*
 * Takes over the ring that a recorder before this one left: as it is where it is of the size that is wanted and has all
 * of its pages, else its newest frames into one that is. What cannot be taken over is dropped, which is logged with the
 * reason. Where there is none, makes a new one; the first of its pages are there, the others come while it is written
 * (ring_pages.h). Where the name stands for what is not this user's, the ring has another one, which is published
 * (shm_name.h). NULL with a sentence where there is no room. The caller holds the camera's lock
 * (recorderd/lock/instance_lock.h): no other writer opens the ring meanwhile. *data_bytes gets the size that it has,
 * *adopted the newest frame taken over, 0 for none.
 */
struct ring_writer *ring_writer_open(const struct ring_request *wish, uint64_t *data_bytes, uint64_t *adopted,
				     struct reason *why);

/*
 * False where its name stands for nothing any more, or for another object: somebody removed it, and no reader that
 * comes finds it. Does not block.
 */
bool ring_writer_has_name(const struct ring_writer *writer);

/* Publishes its name again where somebody removed the user's folder, if it has another one than the usual. */
void ring_writer_republish_name(const struct ring_writer *writer);

/* Why the ring has not got its usual name; empty where it has. */
const char *ring_writer_name_warning(const struct ring_writer *writer);

/* True where /dev/shm filled up before the ring had all of its pages: it holds less than ring_writer_open() said. */
bool ring_writer_is_short(const struct ring_writer *writer);

/* Marks the ring closed, removes its name and gives its memory back at once. NULL is safe. */
void ring_writer_close(struct ring_writer *writer);

/* Leaves the ring as it is to the next writer, as a crash would. NULL is safe. */
void ring_writer_detach(struct ring_writer *writer);

/*
 * Puts one frame, gathered from parts (meta->length is set to their sum), and wakes the readers. Returns its seq, or 0
 * where it is larger than a quarter of the ring.
 */
uint64_t ring_writer_put(struct ring_writer *writer, struct ring_meta *meta, const struct iovec *parts, int count);

void ring_writer_set_state(struct ring_writer *writer, const struct recorder_state *state);

/* Publishes a JSON text about the machine's devices (cut to nothing where it is too long). */
void ring_writer_set_devices(struct ring_writer *writer, const char *json);

/* The ring's own memory, for a reader in the same process (ring_reader_attach). */
const void *ring_writer_memory(const struct ring_writer *writer, uint64_t *bytes);

#endif
