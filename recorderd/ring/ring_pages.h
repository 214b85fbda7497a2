/*
 * ring_pages.h - the memory of a ring, got from the system in pieces: the first at once, the others on a thread, since
 * the kernel takes seconds to clear gigabytes and no camera waits for that. (The rule: ring.h, `usable`.) Linked by
 * recorderd only.
 */
#ifndef RECORDERD_RING_RING_PAGES_H
#define RECORDERD_RING_RING_PAGES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "recorderd/ring/ring_object.h"
#include "shared/base/reason.h"

/* Of RING_FOLDER: left to others where a ring takes less than it wants, and never less than RING_SPARE_BYTES. */
#define RING_SPARE_PERCENT 6u
#define RING_SPARE_BYTES   (UINT64_C(8) << 20)

/* Zeroed, or of a thread that was stopped: nothing to stop. */
struct ring_pages {
	pthread_t thread;
	bool runs;
	_Atomic bool stopping;
	_Atomic bool out_of_room; /* RING_FOLDER had no room for all of it */
	int fd;                   /* of the object, not owned */
	struct ring_header *header;
	struct ring_layout layout;
};

/*
 * Bytes that are free in RING_FOLDER but for `spare` percent of all that it holds (0: nothing is spared); UINT64_MAX
 * where it cannot be asked or has no limit.
 */
uint64_t ring_pages_free_bytes(unsigned spare);

/* Bytes that RING_FOLDER holds at most, free or not, but for `spare` percent; UINT64_MAX likewise. */
uint64_t ring_pages_total_bytes(unsigned spare);

/* False with a sentence where RING_FOLDER has no room for such a ring, even once `promised` bytes come free. */
bool ring_pages_have_room(const char *name, const struct ring_layout *layout, uint64_t promised, struct reason *why);

/*
 * Gives a new object its size, and pages to its header, its index and the first *usable bytes of its data. `promised`
 * bytes come free while the others get theirs. False with a sentence, as of ring_pages_have_room().
 */
bool ring_pages_allocate_first(int fd, const char *name, const struct ring_layout *layout, uint64_t promised,
			       uint64_t *usable, struct reason *why);

/* What ring_pages_allocate_first() needs at once, in bytes. */
uint64_t ring_pages_first_bytes(const struct ring_layout *layout);

/* Gives the next piece its pages and raises header->usable. 0 (also where it has them all), or the errno. */
int ring_pages_allocate_next(int fd, struct ring_header *header, const struct ring_layout *layout);

/*
 * Gives the rest its pages and raises header->usable with each piece. Where the room is gone meanwhile, the ring stays
 * as large as it is, which is logged.
 */
void ring_pages_start(struct ring_pages *pages, int fd, struct ring_header *header, const struct ring_layout *layout);

/* Ends the growing, within one piece. */
void ring_pages_stop(struct ring_pages *pages);

#endif
