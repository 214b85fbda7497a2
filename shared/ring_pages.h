/*
 * ring_pages.h - the memory of a ring, got from the system in pieces: the first at once, the others on a thread, since
 * the kernel takes seconds to clear gigabytes and no camera waits for that. (The rule: ring.h, `usable`.) Linked by
 * recorderd only.
 */
#ifndef SHARED_RING_PAGES_H
#define SHARED_RING_PAGES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "shared/reason.h"
#include "shared/ring_layout.h"

#define RING_FOLDER "/dev/shm"

/* Zeroed, or of a thread that was stopped: nothing to stop. */
struct ring_pages {
	pthread_t thread;
	bool runs;
	_Atomic bool stopping;
	int fd; /* of the object, not owned */
	struct ring_header *header;
	struct ring_layout layout;
};

/*
 * Bytes that are free in RING_FOLDER but for `spare` percent of all that it holds; UINT64_MAX where it cannot be asked
 * or has no limit.
 */
uint64_t ring_pages_free(unsigned spare);

/*
 * Gives a new object its size, and pages to its header, its index and the first *usable bytes of its data. False with a
 * sentence where RING_FOLDER has no room for all of it.
 */
bool ring_pages_begin(int fd, const char *name, const struct ring_layout *layout, uint64_t *usable, struct reason *why);

/*
 * Gives the rest its pages and raises header->usable with each piece. Where the room is gone meanwhile, the ring stays
 * as large as it is, which is logged.
 */
void ring_pages_grow(struct ring_pages *pages, int fd, struct ring_header *header, const struct ring_layout *layout);

/* Ends the growing, within one piece. */
void ring_pages_stop(struct ring_pages *pages);

#endif
