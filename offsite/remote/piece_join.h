/*
 * piece_join.h - which bytes of a piece (shared/store/object_name.h) continue an open segment. Pure functions.
 *
 * Pieces may overlap, since an answer can be lost and the next piece is longer then; the bytes are the same. A hole
 * ends what can be read until the missing piece is there.
 */
#ifndef OFFSITE_REMOTE_PIECE_JOIN_H
#define OFFSITE_REMOTE_PIECE_JOIN_H

#include <stdint.h>

#include "shared/store/object_name.h"

/* Up to where the segment and its .idx are joined. Zeroed: nothing is. */
struct piece_join {
	uint64_t media_end, index_end;
};

struct piece_part {
	uint64_t skip;      /* bytes of the object before it */
	uint64_t at, bytes; /* where it belongs in the file; bytes may be 0 */
};

enum piece_outcome {
	PIECE_NEW,  /* *media and *index say what it adds */
	PIECE_OLD,  /* all of it is there already */
	PIECE_HOLE, /* something before it is missing */
	PIECE_BAD,  /* its name is about impossible sizes */
};

/* `piece` is a parsed name. The caller adds the bytes to media_end and index_end once they are in the files. */
enum piece_outcome piece_join_take(const struct piece_join *join, const struct object_name *piece,
				   struct piece_part *media, struct piece_part *index);

#endif
