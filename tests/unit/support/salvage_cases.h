/*
 * salvage_cases.h - for tests of damaged segments.
 *
 * A segment of several hundred frames as the recorder writes it, its neighbour, damage in blocks of a disk, and which
 * frames can be kept at best.
 */
#ifndef TESTS_UNIT_SUPPORT_SALVAGE_CASES_H
#define TESTS_UNIT_SUPPORT_SALVAGE_CASES_H

#include "recorderd/repair/segment_repair.h"
#include "tests/unit/support/segment_cases.h"

#define MEDIA_FILE  "recording_20270115_080000.mp4"
#define INDEX_FILE  "recording_20270115_080000.idx"
#define NEXT_FILE   "recording_20270115_081000.mp4"
#define ASIDE_FILE  "damaged_" MEDIA_FILE
#define REPEATS     8u
#define LONG_FRAMES (REPEATS * MEDIA_FRAMES)

struct placed {
	size_t at, bytes;
	bool key;
};

/* An open segment of LONG_FRAMES frames, and its index. */
struct long_segment {
	struct buffer media, index;
	struct placed frames[LONG_FRAMES];
};

/* What the damage has left of the long segment. */
struct damaged {
	struct buffer media, index;
	bool intact[LONG_FRAMES];    /* every byte of the fragment is there */
	bool decodable[LONG_FRAMES]; /* and so is every byte of the frames that it depends on */
	size_t intact_count, decodable_count;
	size_t removed_at, removed; /* so many bytes are missing there, and those after them have moved up */
};

/* The result of a repair. */
struct salvaged {
	enum repair_outcome outcome;
	struct catalogue_entry entry;
	size_t kept;  /* undamaged frames that can be decoded */
	size_t wrong; /* frames that are damaged, or that follow a damaged one in their GOP */
	bool shown[LONG_FRAMES];
};

/* Set by make_long_segments(), until drop_long_segments(). */
extern struct long_segments {
	int directory; /* media_folder, open */
	struct long_segment whole, next;
	struct reason why; /* of the last salvage() */
} long_segments;

/* Writes a file in media_folder. */
void put_file(const char *name, const void *data, size_t length);

/* Reads a file of media_folder; the caller frees it. */
struct buffer get_file(const char *name);

/* Setup of a program. */
int make_long_segments(void **state);

/* Its teardown. */
int drop_long_segments(void **state);

/* Makes a copy of the long segment, to be damaged; damage_finish() frees it. */
void damage_begin(struct damaged *out);

/* Determines which frames the damage has left. */
void damage_judge(struct damaged *out);

/* Frees it. */
void damage_finish(struct damaged *damaged);

/* Repairs the damaged segment, with or without its index; `out` describes the result. */
void salvage(const struct damaged *damaged, bool with_index, struct salvaged *out);

#endif
