/*
 * clip_segment.h - reads the frames of one segment: the .mp4 and its records.
 *
 * The records come from the .idx, or from scanning the .mp4 if the .idx is missing or damaged. Damage in the middle of
 * an .idx shows only when that record is read; then the .mp4 is scanned and fills in. The record numbers are the same
 * either way, because an .idx holds what a scan finds.
 *
 * FFmpeg's output for frames that were never recorded (transcode.h) is read the same way.
 */
#ifndef FCGI_CLIP_CLIP_SEGMENT_H
#define FCGI_CLIP_CLIP_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/buffer.h"
#include "shared/media/mp4_box.h"
#include "shared/segment/catalogue.h"
#include "shared/segment/index.h"
#include "shared/segment/segment.h"

struct record_list;

struct clip_segment {
	struct catalogue_entry entry;
	int folder;                   /* that it is in; not owned; 0 if it is in none */
	int fd;                       /* of the .mp4, owned; 0 or less when closed */
	struct index_reader index;    /* fd is -1 if the .idx is not used */
	struct index_record *records; /* owned; from scanning the .mp4, NULL if the .idx is used */
	struct record_list *fallback; /* owned; scanned from the .mp4 once the .idx turns out to be damaged */
	uint64_t count;               /* records whose media was in the file when it was opened */
	bool adopted;                 /* by clip_segment_adopt() */
};

/*
 * Returns false with errno if the file is gone, cannot be read, or has nothing usable in it (EBADMSG);
 * clip_segment_classify() sorts these. The folder must stay open as long as the segment may be reopened.
 */
bool clip_segment_open(int folder, const struct catalogue_entry *entry, struct clip_segment *out);

enum clip_segment_error {
	CLIP_SEGMENT_DELETED,      /* nothing of that name is there that could be a segment */
	CLIP_SEGMENT_DAMAGED,      /* the disk has lost it */
	CLIP_SEGMENT_UNREADABLE,   /* it may be there, but cannot be read now */
	CLIP_SEGMENT_NO_RESOURCES, /* memory or descriptors ran out, which says nothing about the segment */
};

/* What an errno of opening a segment means. */
enum clip_segment_error clip_segment_classify(int error);

/* Whether a file has the name of the entry; true if that cannot be determined. */
bool clip_segment_exists(int folder, const struct catalogue_entry *entry);

/*
 * Opens a fragmented MP4 that lacks our uuid box and whose first frame was captured at first_wall_us; the entry gets
 * its codec and picture size. Takes over the descriptor, and closes it on failure.
 */
bool clip_segment_adopt(int fd, int64_t first_wall_us, struct clip_segment *out);

/*
 * Closes the files of an opened segment and frees its records, so that a list of thousands of segments costs neither
 * descriptors nor memory; `entry` and `count` remain. Reopen it before reading anything else. Reopening an open segment
 * does nothing; it fails as clip_segment_open() does. Adopted segments always stay open.
 */
void clip_segment_release(struct clip_segment *segment);
bool clip_segment_reopen(struct clip_segment *segment);

/* A released copy. */
struct clip_segment clip_segment_unopened(const struct clip_segment *segment);

/* Gives the open files to a released copy. */
void clip_segment_hand_over(struct clip_segment *from, struct clip_segment *to);

/* Safe on a zeroed segment. With `keep_fd` the descriptor of the .mp4 stays open, because it has another owner now. */
void clip_segment_close(struct clip_segment *segment, bool keep_fd);

/* Reads the init segment into *out, and the sample entry into `entry`, which out->entry then points to. */
bool clip_segment_read_init(const struct clip_segment *segment, uint8_t entry[MP4_ENTRY_MAX], struct mp4_init *out);

/* Appends the init segment of the fragments, which is /recordings/FILE/init.mp4: ftyp, and the moov without samples. */
bool clip_segment_append_init(const struct segment_layout *layout, struct buffer *out);

/* Size of that init segment; 0 if the segment cannot be read. */
size_t clip_segment_init_bytes(const struct clip_segment *segment);

/*
 * Reads up to `count` records from number `first` on. Returns fewer at the end, or at a record that neither the .idx
 * nor the .mp4 has.
 */
size_t clip_segment_read(const struct clip_segment *segment, uint64_t first, size_t count, struct index_record *out);

/* True if a record could not be read from the index so far. It may be readable again while the file is the same. */
bool clip_segment_read_failed(const struct clip_segment *segment);

/* The first record whose wall time is at least wall_us; segment->count if there is none. Reads few records. */
uint64_t clip_segment_find(const struct clip_segment *segment, int64_t wall_us);

/* The last key frame at or before record `number`; if there is none, the first after it; else segment->count. */
uint64_t clip_segment_key_frame(const struct clip_segment *segment, uint64_t number);

#endif
