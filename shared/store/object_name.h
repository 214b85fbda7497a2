/*
 * object_name.h - the names of the objects in a store.
 *
 *     v1/live/CAMERA/ARCHIVE/SEGMENT-START/MEDIA_AT-MEDIA_BYTES-INDEX_AT-INDEX_BYTES   a piece of an open segment
 *     v1/segments/CAMERA/ARCHIVE/DAY/SEGMENT-START.mp4, .idx and .motion               the files of a closed segment
 *     v1/days/CAMERA/ARCHIVE/DAY                                                       a day list (ship_list.h)
 *     v1/clips/CAMERA/ARCHIVE/KEPT-NAME.mp4                                            a kept clip
 *
 * The kind comes first, so that one lifecycle rule, and one line of a policy, fit all cameras. CAMERA is camera.name and
 * ARCHIVE the id of the recordings folder (archive_id.h). SEGMENT is the segment's number in 12 digits, START the wall
 * time of its first frame in 16 digits of microseconds, as it was when the segment was shipped: a segment whose times
 * are corrected later keeps its names. DAY is YYYYMMDD in UTC, of that START, or of the list. KEPT is when the clip's
 * file was last changed, in 16 digits of microseconds. Numbers have leading zeros, so the order of names is the order
 * of recording.
 *
 * Each name is written once, with one content; only a day list is ever replaced, by its one writer.
 *
 * A piece holds bytes [MEDIA_AT, MEDIA_AT + MEDIA_BYTES) of the segment file and after them bytes [INDEX_AT, INDEX_AT +
 * INDEX_BYTES) of its .idx. (15, 10, 12 and 10 digits.) It ends with a whole frame that has a whole record. Pieces may
 * overlap, since an answer can be lost, and then they have the same bytes where they do. Joined from 0 on, they are the
 * beginning of the segment; the 16 bytes at free_at (segment.h) may be those of either form.
 *
 * All of a name is A-Z a-z 0-9 . _ - and /, which every signer encodes in the same way.
 */
#ifndef SHARED_STORE_OBJECT_NAME_H
#define SHARED_STORE_OBJECT_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/store/archive_id.h"

#define OBJECT_NAME_BYTES  320
#define OBJECT_CLIP_BYTES  112 /* of a clip's name with .mp4 */
#define OBJECT_SEGMENT_MAX UINT64_C(999999999999)

enum object_kind { OBJECT_PIECE, OBJECT_MEDIA, OBJECT_INDEX, OBJECT_MOTION, OBJECT_DAY, OBJECT_CLIP };

struct object_name {
	enum object_kind kind;
	char camera[32];
	char archive[ARCHIVE_ID_BYTES];
	uint64_t segment_no;                                   /* of a piece or a file of a segment */
	int64_t start_us;                                      /* START or KEPT; of a day list: when the day begins */
	uint64_t media_at, media_bytes, index_at, index_bytes; /* of a piece */
	char clip[OBJECT_CLIP_BYTES];                          /* NAME.mp4 */
};

/* When the UTC day of that time begins. */
int64_t object_day_us(int64_t wall_us);

/* Returns false if something in it cannot be in a name: then it is out of range, or contains other characters. */
bool object_name_make(const struct object_name *name, char out[OBJECT_NAME_BYTES]);

/* `text` may be anything. Returns false unless object_name_make() makes exactly that. */
bool object_name_parse(const char *text, struct object_name *out);

#endif
