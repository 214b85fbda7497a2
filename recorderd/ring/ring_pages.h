/*
 * ring_pages.h - allocates the memory of a ring in pieces.
 *
 * The first piece is allocated at once, the others on a thread: the kernel takes seconds to clear gigabytes, and no
 * camera waits for that. The rule for readers and the writer is in ring.h, `usable`. Linked by recorderd only.
 */
#ifndef RECORDERD_RING_RING_PAGES_H
#define RECORDERD_RING_RING_PAGES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "recorderd/ring/ring_object.h"
#include "shared/base/reason.h"

/* The part of RING_FOLDER left to others when a ring gets less than it asks for; at least RING_SPARE_BYTES. */
#define RING_SPARE_PERCENT 6u
#define RING_SPARE_BYTES   (UINT64_C(8) << 20)

/* Zeroed, or after ring_pages_stop(): no thread. */
struct ring_pages {
	pthread_t thread;
	bool running;
	_Atomic bool stopping;
	_Atomic bool out_of_room; /* RING_FOLDER had no room for all of the ring */
	const char *name;         /* of the ring, not owned */
	int fd;                   /* of the object, not owned */
	struct ring_header *header;
	struct ring_layout layout;
};

/*
 * Free bytes in RING_FOLDER, less `spare` percent of its size (0: nothing is spared). UINT64_MAX if the size is unknown
 * or has no limit.
 */
uint64_t ring_pages_free_bytes(unsigned spare);

/* The size of RING_FOLDER in bytes, less `spare` percent; UINT64_MAX as above. */
uint64_t ring_pages_total_bytes(unsigned spare);

/* False and *why if RING_FOLDER has no room for such a ring, even when `promised` bytes have been freed. */
bool ring_pages_have_room(const char *name, const struct ring_layout *layout, uint64_t promised, struct reason *why);

/*
 * Sets the size of a new object, and allocates its header, its index and the first *usable bytes of its data.
 * `promised` bytes will be freed while the rest is allocated. False and *why as ring_pages_have_room().
 */
bool ring_pages_allocate_first(int fd, const char *name, const struct ring_layout *layout, uint64_t promised,
			       uint64_t *usable, struct reason *why);

/* How many bytes ring_pages_allocate_first() needs at once. */
uint64_t ring_pages_first_bytes(const struct ring_layout *layout);

/* Allocates the next piece and raises header->usable. 0 (also if everything is allocated), or the errno. */
int ring_pages_allocate_next(int fd, struct ring_header *header, const struct ring_layout *layout);

/*
 * Starts a thread that allocates the rest, and raises header->usable after each piece. If RING_FOLDER fills up, the
 * ring stays as large as it is by then, which is logged. `name`, that of the ring, must outlive the thread.
 */
void ring_pages_start(struct ring_pages *pages, const char *name, int fd, struct ring_header *header,
		      const struct ring_layout *layout);

/* Stops the thread; waits for at most one piece. */
void ring_pages_stop(struct ring_pages *pages);

#endif
