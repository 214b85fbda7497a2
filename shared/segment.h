/*
 * segment.h - a segment file, recordings/recording_YYYYMMDD_HHMMSS.mp4: its layout and how it is read back.
 *
 * ISO base media file (ISO/IEC 14496-12). While it is open:
 *
 *     ftyp | uuid | free (16 B) | moov | moof mdat | moof mdat | …          one frame a fragment, as FFmpeg made them
 *
 * and when it is complete, finished in place:
 *
 *     ftyp | uuid | mdat (64-bit size, over the free box) ……………………………… | moov
 *
 * so it is first a fragmented MP4 and then a plain one in which any player seeks, and no frame ever moves. moov of the
 * first form stays inside the mdat; the fragments can still be walked: they start 16 bytes behind `free_at` in both
 * forms.
 *
 * Finishing: append the moov, fdatasync, overwrite the 16 bytes, fdatasync. A crash in between leaves the first form
 * with a moov behind the fragments (or a part of one), which recovery cuts off.
 *
 * Timescale 1,000,000. tfdt counts from 0 at the first frame of the file, mfhd from 1; the uuid box holds that frame's
 * wall time, so wall time of a frame = first_wall_us + tfdt. Recovery cuts behind the last whole moof + mdat.
 *
 * A fragment is good where its moof and mdat are whole, its mfhd continues the count, its tfdt does not decrease and
 * its frame does not begin in zeros (space that was given to the file but not written when the power went). The first
 * that is not ends the segment. An mdat in front without a whole moov behind it counts as the first form: finish it
 * anew.
 *
 * The uuid box (type 'uuid', extended type 'SCRsegment-info1'), all big-endian: see segment_info.c.
 */
#ifndef SHARED_SEGMENT_H
#define SHARED_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/index.h"
#include "shared/mp4_box.h"
#include "shared/state.h"

#define SEGMENT_FILE_BYTES 64

/* What nothing else in the file tells. */
struct segment_info {
	uint64_t segment_no; /* counts up over the life of the archive: the order of recording */
	uint64_t run_no;     /* likewise; segments of one run follow each other without a break */
	int64_t first_wall_us;
	int64_t first_mono_us; /* of boot_id's clock */
	int64_t last_wall_us;  /* end of the segment before it, 0: none; a gap reaches from there to first_wall_us */
	int32_t utc_offset_s;  /* east positive, at first_wall_us */
	uint32_t gap_cause;    /* enum gap_cause */
	uint32_t source;       /* enum frame_source */
	uint8_t boot_id[16];
	char camera[32];
};

/* Appends the whole box. */
void segment_info_encode(const struct segment_info *info, struct buffer *out);

/* `data` is a whole uuid box; false where it is another one, or damaged. */
bool segment_info_decode(const uint8_t *data, size_t length, struct segment_info *out);

/* recording_YYYYMMDD_HHMMSS.mp4 (n <= 1) or recording_YYYYMMDD_HHMMSS_n.mp4, local time. */
void segment_file_name(int64_t wall_us, unsigned n, char out[SEGMENT_FILE_BYTES]);

/* True for exactly such names: nothing else in the folder is ours, and no client reaches anything else. */
bool segment_file_valid(const char *name);

enum segment_form {
	SEGMENT_OPEN,     /* fragmented */
	SEGMENT_COMPLETE, /* finished in place */
};

struct segment_layout {
	struct segment_info info;
	enum segment_form form;
	uint64_t free_at;      /* of the 16 bytes that are `free`, or the mdat's header */
	uint64_t media_at;     /* = free_at + 16: the init moov, then the fragments */
	uint64_t fragments_at; /* of the first moof */
	uint64_t media_end;    /* complete: of the mdat, where the final moov stands; open: the file's size */
	struct mp4_init init;  /* from the init moov; init.entry points into entry_bytes */
	uint8_t entry_bytes[MP4_ENTRY_MAX];
	struct buffer head; /* the file's bytes from 0 to fragments_at */
};

enum segment_outcome {
	SEGMENT_GOOD,
	SEGMENT_EMPTY, /* no whole beginning (cut, or zeros): nothing in it can be used */
	SEGMENT_BAD,   /* a whole file, but not one of ours */
	SEGMENT_ERROR, /* errno says which */
};

/* Reads the beginning of a segment. Free with segment_layout_finish (safe on a zeroed one). */
enum segment_outcome segment_read_layout(int fd, struct segment_layout *out);
void segment_layout_finish(struct segment_layout *layout);

/*
 * Walks the fragments and gives each frame's sealed index record, in order, to `each` (which may stop the walk by
 * returning false). *good_end gets the offset behind the last whole fragment.
 */
typedef bool segment_each(const struct index_record *record, void *context);
enum segment_outcome segment_walk(int fd, const struct segment_layout *layout, segment_each *each, void *context,
				  uint64_t *good_end);

/* Appends the moov that finishes a segment, made of its first `count` index records. False where one is no good. */
struct index_reader;
bool segment_final_moov(const struct segment_layout *layout, const struct index_reader *index, uint64_t count,
			struct buffer *out);

#endif
