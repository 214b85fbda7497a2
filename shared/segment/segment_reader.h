/*
 * segment_reader.h - reads the frames of one segment: the .mp4 and its records.
 *
 * The records come from the .idx, or from scanning the .mp4 if the .idx is missing or damaged. Damage in the middle of
 * an .idx shows only when that record is read; then the .mp4 is scanned and fills in. The record numbers are the same
 * either way, because an .idx holds what a scan finds.
 *
 * FFmpeg's output for frames that were never recorded (transcode.h) is read the same way.
 *
 * Of a partial file (SEGMENT_PARTIAL) the first block and the .idx must be there: it is never
 * scanned, since it reads as zeros where nothing was fetched yet. Whoever reads its media asks segment_reader_has().
 */
#ifndef SHARED_SEGMENT_SEGMENT_READER_H
#define SHARED_SEGMENT_SEGMENT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/buffer.h"
#include "shared/media/mp4_box.h"
#include "shared/segment/block_map.h"
#include "shared/segment/catalogue.h"
#include "shared/segment/index.h"
#include "shared/segment/segment.h"

struct record_list;

struct segment_reader {
	struct catalogue_entry entry;
	int folder;                   /* that it is in; not owned; 0 if it is in none */
	int fd;                       /* of the .mp4, owned; 0 or less when closed */
	struct block_map *blocks;     /* owned; which blocks of the .mp4 are there (SEGMENT_PARTIAL); NULL: all */
	struct index_reader index;    /* fd is -1 if the .idx is not used */
	struct index_record *records; /* owned; from scanning the .mp4, NULL if the .idx is used */
	struct record_list *fallback; /* owned; scanned from the .mp4 once the .idx turns out to be damaged */
	uint64_t count;               /* records whose media was in the file when it was opened */
	bool adopted;                 /* by segment_reader_adopt() */
};

/*
 * Returns false with errno if the file is gone, cannot be read, or has nothing usable in it (EBADMSG);
 * segment_reader_classify() sorts these. A partial file that is not there is ESTALE, since they can be fetched
 * again; one that has expired is ENOENT. The folder must stay open as long as the segment may be reopened.
 */
bool segment_reader_open(int folder, const struct catalogue_entry *entry, struct segment_reader *out);

enum segment_reader_error {
	SEGMENT_READER_DELETED,      /* nothing of that name is there that could be a segment */
	SEGMENT_READER_DAMAGED,      /* the disk has lost it */
	SEGMENT_READER_UNREADABLE,   /* it may be there, but cannot be read now */
	SEGMENT_READER_NO_RESOURCES, /* memory or descriptors ran out, which says nothing about the segment */
};

/* What an errno of opening a segment means. */
enum segment_reader_error segment_reader_classify(int error);

/* Whether a file has the name of the entry, or the store has it; true if that cannot be determined. */
bool segment_reader_exists(int folder, const struct catalogue_entry *entry);

/*
 * Opens a fragmented MP4 that lacks our uuid box and whose first frame was captured at first_wall_us; the entry gets
 * its codec and picture size. Takes over the descriptor, and closes it on failure.
 */
bool segment_reader_adopt(int fd, int64_t first_wall_us, struct segment_reader *out);

/*
 * Closes the files of an opened segment and frees its records, so that a list of thousands of segments costs neither
 * descriptors nor memory; `entry` and `count` remain. Reopen it before reading anything else. Reopening an open segment
 * does nothing; it fails as segment_reader_open() does. Adopted segments always stay open.
 */
void segment_reader_release(struct segment_reader *segment);
bool segment_reader_reopen(struct segment_reader *segment);

/* A released copy. */
struct segment_reader segment_reader_unopened(const struct segment_reader *segment);

/* Gives the open files to a released copy. */
void segment_reader_hand_over(struct segment_reader *from, struct segment_reader *to);

/*
 * Safe on a zeroed segment. With `keep_fd` the descriptor of the .mp4 stays open, and `blocks`, because they have another
 * owner now.
 */
void segment_reader_close(struct segment_reader *segment, bool keep_fd);

/* Reads the init segment into *out, and the sample entry into `entry`, which out->entry then points to. */
bool segment_reader_read_init(const struct segment_reader *segment, uint8_t entry[MP4_ENTRY_MAX], struct mp4_init *out);

/* Appends the init segment of the fragments, which is /recordings/FILE/init.mp4: ftyp, and the moov without samples. */
bool segment_reader_append_init(const struct segment_layout *layout, struct buffer *out);

/* Size of that init segment; 0 if the segment cannot be read. */
size_t segment_reader_init_bytes(const struct segment_reader *segment);

/*
 * Reads up to `count` records from number `first` on. Returns fewer at the end, or at a record that neither the .idx
 * nor the .mp4 has.
 */
size_t segment_reader_read(const struct segment_reader *segment, uint64_t first, size_t count,
			   struct index_record *out);

/* Whether bytes [from, to) of the .mp4 are there, if it is a partial one; else nobody asks. */
bool segment_reader_has(const struct segment_reader *segment, uint64_t from, uint64_t to);

/* True if a record could not be read from the index so far. It may be readable again while the file is the same. */
bool segment_reader_read_failed(const struct segment_reader *segment);

/* The first record whose wall time is at least wall_us; segment->count if there is none. Reads few records. */
uint64_t segment_reader_find(const struct segment_reader *segment, int64_t wall_us);

/* The last key frame at or before record `number`; if there is none, the first after it; else segment->count. */
uint64_t segment_reader_key_frame(const struct segment_reader *segment, uint64_t number);

#endif
