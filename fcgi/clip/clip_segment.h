/*
 * clip_segment.h - the frames of one segment: its .mp4, and its records from the .idx, or from the .mp4 itself where
 * the .idx is missing or damaged. FFmpeg's output for a part that was never recorded (transcode.h) is read in the
 * same way.
 *
 * Damage in the middle of an .idx shows only when its record is read. Then the .mp4 is walked, and what the .idx does
 * not give comes from there: the numbers of the records are the same, since an .idx is what a walk gives.
 */
#ifndef FCGI_CLIP_CLIP_SEGMENT_H
#define FCGI_CLIP_CLIP_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/media/mp4_box.h"
#include "shared/segment/catalogue.h"
#include "shared/segment/index.h"

struct record_list;

struct clip_segment {
	struct catalogue_entry entry;
	int folder;                  /* where it stands; not owned; 0: nowhere */
	int fd;                      /* the .mp4; owned; not above 0: closed */
	struct index_reader index;   /* fd -1 where the records were walked */
	struct index_record *walked; /* owned; or NULL */
	struct record_list *late;    /* owned: what is walked once the .idx turns out to be damaged */
	uint64_t count;              /* records whose media is in the file, as of opening */
	bool foreign;                /* adopted */
};

/*
 * False with errno where the file is gone or cannot be read. EBADMSG: nothing in it can be used.
 * clip_segment_classify() says what an errno means. The folder has to stay open while the segment may be reopened.
 */
bool clip_segment_open(int folder, const struct catalogue_entry *entry, struct clip_segment *out);

enum clip_segment_error {
	CLIP_SEGMENT_DELETED,      /* nothing of that name is there that a segment can be: somebody deleted it */
	CLIP_SEGMENT_DAMAGED,      /* the disk lost it */
	CLIP_SEGMENT_UNREADABLE,   /* it may be there, and cannot be read now */
	CLIP_SEGMENT_NO_RESOURCES, /* memory or descriptors are short: it says nothing about the segment */
};

enum clip_segment_error clip_segment_classify(int error);

/* Whether a file stands under the name of the entry; true also where that cannot be told. */
bool clip_segment_exists(int folder, const struct catalogue_entry *entry);

/*
 * The same of a fragmented MP4 without our uuid box, whose first frame was at first_wall_us; entry gets its codec and
 * size. Takes the descriptor, closes it on failure.
 */
bool clip_segment_adopt(int fd, int64_t first_wall_us, struct clip_segment *out);

/*
 * Closes the files of an opened segment and frees its records, so that a list of thousands of segments costs neither
 * descriptors nor memory; what entry and count say stays. clip_segment_reopen() has to come before anything else is
 * read of it, and does nothing where it is open; false with errno, as clip_segment_open. Segments that were adopted
 * stay open.
 */
void clip_segment_release(struct clip_segment *segment);
bool clip_segment_reopen(struct clip_segment *segment);

/* Safe on a zeroed one. Keeps the descriptor of the .mp4 open where `keep_fd`: somebody else owns it now. */
void clip_segment_close(struct clip_segment *segment, bool keep_fd);

/* Reads the sample entry into `entry`, where out->entry then points, and what else the init segment says. */
bool clip_segment_read_init(const struct clip_segment *segment, uint8_t entry[MP4_ENTRY_MAX], struct mp4_init *out);

/* Reads up to `count` records from number `first`; fewer at the end, or where neither the .idx nor the .mp4 has them.
 */
size_t clip_segment_read(const struct clip_segment *segment, uint64_t first, size_t count, struct index_record *out);

/* Number of the first record with wall_us >= wall_us; segment->count where there is none. Binary search. */
uint64_t clip_segment_find(const struct clip_segment *segment, int64_t wall_us);

/* The last key frame at or before record `number`; the first behind it where there is none; count where there is none
 * at all. */
uint64_t clip_segment_key_frame(const struct clip_segment *segment, uint64_t number);

#endif
