/*
 * set_aside.h - segments that hold footage, or may hold some, and could not be repaired: they stay in the folder as
 * damaged_recording_X.mp4 (and .idx) for somebody to look at, are not listed, and go before anything else where
 * retention needs their room.
 */
#ifndef RECORDERD_REPAIR_SET_ASIDE_H
#define RECORDERD_REPAIR_SET_ASIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/reason.h"
#include "shared/segment/segment.h"

#define SET_ASIDE_PREFIX     "damaged_"
#define SET_ASIDE_NAME_BYTES (SEGMENT_FILE_BYTES + 16)

/* Renames a segment and its index; `name` gets the new name of the .mp4. False with errno. */
bool set_aside_segment(int folder, const char *file, char name[SET_ASIDE_NAME_BYTES]);

struct set_aside_files {
	uint64_t files, bytes; /* without and with their indexes */
	int error;             /* set_aside_delete: errno of the last that could not be deleted; 0: there was none */
};

/* What there is; nothing where the folder cannot be listed. */
struct set_aside_files set_aside_count(int folder);

/*
 * Deletes those that were written to last before `before_wall_us`, and of the others the oldest by their names until
 * wanted_bytes are gone. A time that cannot be (of a clock that begins in 1970, or that ran ahead) does not tell when:
 * such ones go with `untimed`. Returns what is gone.
 */
struct set_aside_files set_aside_delete(int folder, int64_t before_wall_us, bool untimed, double wanted_bytes);

#endif
