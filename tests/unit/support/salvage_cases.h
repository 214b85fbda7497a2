/*
 * salvage_cases.h - what the tests of damaged segments share: a segment of several hundred frames as the recorder
 * writes it, its neighbour, damage in blocks as a disk knows them, and what can be kept at best.
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

/* What damage has left of the long segment. */
struct damaged {
	struct buffer media, index;
	bool intact[LONG_FRAMES];    /* every byte of the fragment is there */
	bool decodable[LONG_FRAMES]; /* and every byte of those that it is decoded from */
	size_t intact_count, decodable_count;
	size_t removed_at, removed; /* so many bytes from there on are missing, and what is behind them moved up */
};

/* What a repair made of it. */
struct salvaged {
	enum repair_outcome outcome;
	struct catalogue_entry entry;
	size_t kept;  /* frames, every byte of which is the camera's, that can be decoded */
	size_t wrong; /* frames that are damaged, or stand behind one in their group of pictures */
	bool shown[LONG_FRAMES];
};

/* Of make_long_segments() until drop_long_segments(). */
extern struct long_segments {
	int directory; /* media_folder, open */
	struct long_segment whole, next;
	struct reason why; /* of the last salvage() */
} long_segments;

/* Writes a file of media_folder. */
void put_file(const char *name, const void *data, size_t length);

/* What is in one; the caller's to finish. */
struct buffer get_file(const char *name);

/* Setup of a program. */
int make_long_segments(void **state);

/* Its teardown. */
int drop_long_segments(void **state);

/* A copy of the long segment, to be damaged; damage_finish() frees it. */
void damage_begin(struct damaged *out);

/* Finds out which frames the damage has left. */
void damage_judge(struct damaged *out);

/* Frees it. */
void damage_finish(struct damaged *damaged);

/* Repairs the damaged segment, with its index or without, and says what that gave. */
void salvage(const struct damaged *damaged, bool with_index, struct salvaged *out);

#endif
