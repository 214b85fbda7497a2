/*
 * ring_writer.h - the writing side of the ring.
 *
 * ring.h has the layout and the rules. Linked by recorderd only. All calls come from one thread.
 */
#ifndef RECORDERD_RING_RING_WRITER_H
#define RECORDERD_RING_RING_WRITER_H

#include <stdbool.h>
#include <sys/uio.h>

#include "shared/base/reason.h"
#include "shared/ring/ring.h"

struct ring_writer;

struct ring_request {
	const char *name; /* /recorder.NAME */
	uint64_t data_bytes;
	uint64_t index_entries;
	int64_t keep_us; /* memory.minutes: older frames leave the tail */
	bool exact;      /* the size is set in the configuration: a ring of any other size is replaced */
	uint64_t mask;   /* ring.h: a ring of any other mask is dropped */
};

/*
 * Opens the ring of a camera.
 *
 * A ring that an earlier recorder left is taken over: as it is if it has the requested size and all of its pages,
 * otherwise its newest frames are copied into a new one. What cannot be taken over is dropped, and the log says why. If
 * there is none, a new ring is created; its first pages are there at once, the others come while it is written
 * (ring_pages.h). If its name is taken by something that is not this user's, the ring gets another name, which is
 * published (shm_name.h).
 *
 * NULL and *why if there is no room. The caller must hold the camera's lock (recorderd/lock/instance_lock.h), so that
 * no other writer opens the ring meanwhile. *data_bytes is set to the size that the ring has, *adopted to the number of
 * the newest frame taken over, 0 for none.
 */
struct ring_writer *ring_writer_open(const struct ring_request *request, uint64_t *data_bytes, uint64_t *adopted,
				     struct reason *why);

/*
 * False if its name refers to nothing any more, or to another object: somebody removed it, and new readers do not find
 * the ring. Does not block.
 */
bool ring_writer_has_name(const struct ring_writer *writer);

/* Publishes the name again if somebody removed the user's folder. Needed only if it is not the usual one. */
void ring_writer_republish_name(const struct ring_writer *writer);

/* Why the ring does not have its usual name; empty if it does. */
const char *ring_writer_name_warning(const struct ring_writer *writer);

/* True if /dev/shm filled up before all pages were allocated: the ring holds less than ring_writer_open() said. */
bool ring_writer_is_short(const struct ring_writer *writer);

/* Marks the ring closed, removes its name and gives its memory back at once. NULL is safe. */
void ring_writer_close(struct ring_writer *writer);

/* The same, but not even the newest frame can be read any more. */
void ring_writer_empty(struct ring_writer *writer);

/*
 * The same, but readers that have the ring mapped can still read all of its frames. Its memory is given back when the
 * last of them has gone.
 */
void ring_writer_retire(struct ring_writer *writer);

/* Leaves the ring as it is to the next writer, as a crash would. NULL is safe. */
void ring_writer_detach(struct ring_writer *writer);

/*
 * Puts one frame into the ring, gathered from parts (meta->length is set to their sum), and wakes the readers. Returns
 * its number, or 0 if it is larger than a quarter of the ring.
 */
uint64_t ring_writer_put(struct ring_writer *writer, struct ring_meta *meta, const struct iovec *parts, int count);

void ring_writer_set_state(struct ring_writer *writer, const struct recorder_state *state);

/* Publishes a JSON text about the machine's devices; an empty one if it is too long. */
void ring_writer_set_devices(struct ring_writer *writer, const char *json);

/* The ring's own memory, for a reader in the same process (ring_reader_attach). */
const void *ring_writer_memory(const struct ring_writer *writer, uint64_t *bytes);

#endif
