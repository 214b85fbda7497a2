/*
 * ring_writer_internal.h - what the files of the ring's writing side share: putting (ring_writer.c), what an earlier
 * ring has (ring_carry.c), its names (ring_names.c), taking over and making (ring_open.c).
 */
#ifndef RECORDERD_RING_RING_WRITER_INTERNAL_H
#define RECORDERD_RING_RING_WRITER_INTERNAL_H

#include "recorderd/ring/ring_object.h"
#include "recorderd/ring/ring_pages.h"
#include "recorderd/ring/ring_writer.h"
#include "shared/ring/shm_name.h"

struct ring_writer {
	char usual[SHM_NAME_BYTES]; /* /recorder.NAME */
	char name[SHM_NAME_BYTES];  /* the one that it has: another where a stranger has taken the usual one */
	struct reason note;         /* who has; empty: nobody */
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

/* ring_names.c: the names that rings of a camera may have (shm_name.h). */

/* The ring of this user that has another name than the usual one; false where there is none. */
bool ring_names_find_other(const char *usual, char out[SHM_NAME_BYTES]);

/*
 * Removes this user's objects with other names, and what a crash left half made, but for `keep`. False where something
 * that is not this user's has the name that a ring needs while frames are carried into it (RING_NEW_SUFFIX).
 */
bool ring_names_remove_others(const char *usual, const char *keep);

/* Gives the ring its usual name back, if that is free. */
bool ring_names_restore(const char *name, const char *usual);

#endif
