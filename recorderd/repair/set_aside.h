/*
 * set_aside.h - segments that contain or may contain footage, and could not be repaired.
 *
 * They stay in the folder as damaged_recording_X.mp4 (with .idx and .motion) for somebody to look at. They are not
 * listed, and they are the first to go if retention needs room.
 */
#ifndef RECORDERD_REPAIR_SET_ASIDE_H
#define RECORDERD_REPAIR_SET_ASIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/reason.h"
#include "shared/segment/segment.h"

#define SET_ASIDE_PREFIX     "damaged_"
#define SET_ASIDE_NAME_BYTES (SEGMENT_FILE_BYTES + 16)

/*
 * Renames a segment, its index and its .motion file; `name` gets the new name of the .mp4. Returns false with errno on
 * failure.
 */
bool set_aside_segment(int folder, const char *file, char name[SET_ASIDE_NAME_BYTES]);

struct set_aside_files {
	uint64_t files, bytes; /* how many segments; bytes of them and the files beside them */
	int error;             /* set_aside_delete: errno of the last that could not be deleted; 0: none */
};

/* Counts what is set aside; nothing if the folder cannot be listed. */
struct set_aside_files set_aside_count(int folder);

/*
 * Deletes those last written before `before_wall_us`, and then the oldest by their names until wanted_bytes are
 * deleted. A time of last writing that is impossible (a clock that starts in 1970 or that ran ahead) says nothing:
 * those are deleted if `untimed`. Returns what was deleted.
 */
struct set_aside_files set_aside_delete(int folder, int64_t before_wall_us, bool untimed, double wanted_bytes);

#endif
