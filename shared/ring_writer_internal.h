/*
 * ring_writer_internal.h - what the files of the ring's writing side share: putting (ring_writer.c), what an earlier
 * ring has (ring_carry.c), taking over and making (ring_open.c).
 */
#ifndef SHARED_RING_WRITER_INTERNAL_H
#define SHARED_RING_WRITER_INTERNAL_H

#include <limits.h>

#include "shared/ring_pages.h"
#include "shared/ring_writer.h"

struct ring_writer {
	char name[NAME_MAX];
	struct ring_object object;
	struct ring_entry *entries; /* within its mapping, like the data */
	uint8_t *data;
	int64_t keep_us;
	uint64_t next_pos;
	struct ring_pages pages;
};

/*
 * ring_carry.c: the newest frames of an earlier ring, as many as the new one holds and 4 GiB at most, and what that
 * said of itself. The old pages are given back while the new ones are taken, so that both together need hardly more
 * than the larger one.
 */

/*
 * Before the new ring gets its first pages: chooses the frames, and gives back what the others have, and more where
 * RING_FOLDER has no room for those pages. The number of the first frame that stays; head + 1: none.
 */
uint64_t ring_carry_choose(const struct ring_object *from, const struct ring_layout *to);

/* Puts the frames from number `first` on. The old ring has none of them afterwards. */
void ring_carry(struct ring_writer *to, struct ring_object *from, uint64_t first);

#endif
