/*
 * ring_writer_internal.h - what the files of the writing side share.
 *
 * ring_writer.c puts frames, ring_carry.c copies them from an earlier ring, ring_names.c handles the names, and
 * ring_open.c takes rings over and creates them.
 */
#ifndef RECORDERD_RING_RING_WRITER_INTERNAL_H
#define RECORDERD_RING_RING_WRITER_INTERNAL_H

#include "recorderd/ring/ring_object.h"
#include "recorderd/ring/ring_pages.h"
#include "recorderd/ring/ring_writer.h"
#include "shared/ring/shm_name.h"

struct ring_writer {
	char usual_name[SHM_NAME_BYTES]; /* /recorder.NAME */
	char name[SHM_NAME_BYTES];       /* the one that it has: another if a foreign object has the usual one */
	struct reason name_warning;      /* what has the usual name; empty: this ring */
	struct ring_object object;
	struct ring_entry *entries; /* within its mapping, like the data */
	uint8_t *data;
	int64_t keep_us;
	uint64_t mask; /* ring.h */
	uint64_t next_pos;
	struct ring_pages pages;
};

/*
 * ring_carry.c: copies the newest frames of an earlier ring, as many as the new one holds but at most 4 GiB, and its
 * published state. The old pages are freed while the new ones are allocated, so that both rings together need hardly
 * more memory than the larger one.
 */

/*
 * Called before the new ring is allocated. Chooses the frames to keep and frees the pages of the others, and of more if
 * RING_FOLDER has no room for the new ring's first pages. Returns the number of the first frame to keep, or head + 1 if
 * none is kept.
 */
uint64_t ring_carry_choose(const struct ring_object *from, const struct ring_layout *to);

/* Copies the frames from number `first` on. Afterwards the old ring has none of them. */
void ring_carry(struct ring_writer *to, struct ring_object *from, uint64_t first);

/* ring_names.c: the names that the rings of a camera may have (shm_name.h). */

/* Finds the ring of this user that has another name than the usual one; false if there is none. */
bool ring_names_find_other(const char *usual_name, char out[SHM_NAME_BYTES]);

/*
 * Removes this user's objects with other names except `keep`, and the unfinished copy that a crash left. False if
 * something that is not this user's has the name that a ring needs during copying (RING_NEW_SUFFIX).
 */
bool ring_names_remove_others(const char *usual_name, const char *keep);

/* Gives the ring its usual name again, if that is free. False with errno. */
bool ring_names_restore(const char *name, const char *usual_name);

#endif
