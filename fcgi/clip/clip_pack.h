/*
 * clip_pack.h - puts the frames of a slice next to each other, without the boxes between them in the segment.
 *
 * The frames become pieces of the virtual file (virtual_file.h), in rows with equal gaps. The boxes before a key frame
 * are a few bytes longer than those before the others, so a row is what follows a key frame up to the next one.
 */
#ifndef FCGI_CLIP_CLIP_PACK_H
#define FCGI_CLIP_CLIP_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/io/virtual_file.h"
#include "shared/segment/index.h"

struct clip_pack {
	struct virtual_file *file; /* not owned */
	int fd;                    /* of the segment; -1: it is the last lazy file */
	struct virtual_file_pieces row;
	uint64_t end; /* of the last frame, in the segment */
};

/* Adds a frame; may begin anywhere. Returns false if memory is short. */
bool clip_pack_add(struct clip_pack *pack, const struct index_record *record);

/* Adds the row that was begun; called after the last frame of a slice. */
bool clip_pack_end(struct clip_pack *pack);

#endif
