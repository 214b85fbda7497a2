/*
 * segment.h - the layout of a segment file, recordings/recording_YYYYMMDD_HHMMSS.mp4, and how to read it.
 *
 * A segment is an ISO base media file (ISO/IEC 14496-12). While it is being recorded, it has the open form:
 *
 *     ftyp | uuid | free (16 B) | moov | moof mdat | moof mdat | …          one fragment per frame, as FFmpeg made them
 *
 * Finishing it in place gives the complete form:
 *
 *     ftyp | uuid | mdat (64-bit size, over the free box) ……………………………… | moov
 *
 * So it is first a fragmented MP4, then a plain one in which any player can seek, and no frame ever moves. The moov of
 * the open form remains inside the mdat, so the fragments can still be read one by one: they follow the 16 bytes at
 * `free_at` and that moov in both forms.
 *
 * Finishing: append the moov, fdatasync, overwrite the 16 bytes, fdatasync. A crash in between leaves the open form
 * with a moov, or part of one, after the fragments, which recovery cuts off. A file whose mdat header is not followed
 * by a whole moov counts as open and is finished again.
 *
 * The timescale is 1,000,000. In each file tfdt counts from 0 and mfhd from 1. The uuid box has the wall time of the
 * first frame, so the wall time of a frame is first_wall_us + tfdt.
 *
 * Checksum: the low 16 bits of the flags of a fragment's sample (sample_degradation_priority, which no player uses)
 * hold a CRC-32C of its moof (with these bits 0) and its mdat, seeded with the low 32 bits of the segment number, both
 * halves XORed, and 1 instead of 0. So old bytes of another segment and frames that are only partly there are detected.
 * 0 means that there is no checksum: older recorders wrote none.
 *
 * A fragment is good if its moof and mdat are whole, its mfhd is one more than that of the fragment before, its tfdt
 * does not decrease, and its frame does not begin with zeros (space that was allocated but not written before a power
 * cut). The repair also requires the checksum to be right. If there is none, H.264 with 16 zeros in a row is damaged,
 * since H.264 never has three.
 *
 * A hole is what lies between two good fragments and is none itself. The frames after it cannot be decoded before the
 * next key frame, so the hole ends there: at the first good fragment of a key frame with a right checksum, a tfdt later
 * than the last good one's, and an mfhd at least two higher (the damaged frames had numbers too). Without a checksum,
 * there must be 64 bytes of room for each missing number, and the .idx must not contradict. The key frame's index
 * record is marked (INDEX_AFTER_HOLE). In the final moov, the frame before the hole lasts until then.
 *
 * The repair puts a free box over each hole that has bytes, without changing the bytes after the box's header. So
 * players skip it, and from then on everybody finds the same frames. If no such key frame follows, the segment ends.
 * The rest is cut off, or, if it holds whole fragments or is longer than a torn one can be, put into a free box that
 * ends with the media.
 *
 * The uuid box (type 'uuid', extended type 'SCRsegment-info1') is described in segment_info.c.
 */
#ifndef SHARED_SEGMENT_SEGMENT_H
#define SHARED_SEGMENT_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/buffer.h"
#include "shared/media/mp4_box.h"
#include "shared/ring/state.h"
#include "shared/segment/index.h"

#define SEGMENT_FILE_BYTES 64

enum segment_flags {
	SEGMENT_CLOCK_SYNCHRONISED = 1u << 0, /* its boot's clock had been synchronised when the segment began */
	SEGMENT_CLOCK_DOUBTFUL = 1u << 1, /* the clock seemed wrong: the times may be corrected (archive_redate.c) */
	SEGMENT_EXPIRED = 1u << 2, /* only in lists that recorder-fetch makes: the store no longer has the segment */
	SEGMENT_PARTIAL = 1u << 3, /* the same: FILE.mp4.blocks says what of the .mp4 is there (block_map.h) */
	SEGMENT_STORED_FLAGS = SEGMENT_CLOCK_SYNCHRONISED | SEGMENT_CLOCK_DOUBTFUL, /* that a segment itself can have */
};

/* What nothing else in the file says. */
struct segment_info {
	uint64_t segment_no; /* counts up over the life of the archive: the order of recording */
	uint64_t run_no;     /* counts up too; segments of one run follow each other without a break */
	int64_t first_wall_us;
	int64_t first_mono_us; /* by the clock of boot_id */
	int64_t last_wall_us;  /* end of the segment before, where a gap before this one begins; 0: there is none */
	int32_t utc_offset_s;  /* at first_wall_us; positive east of Greenwich */
	uint32_t gap_cause;    /* enum gap_cause */
	uint16_t flags;        /* enum segment_flags */
	uint16_t source;       /* enum frame_source */
	uint8_t boot_id[16];
	char camera[32];
};

/* Appends the whole box. */
void segment_info_encode(const struct segment_info *info, struct buffer *out);

/* `data` is a whole uuid box. Returns false if it is damaged or not of this type. */
bool segment_info_decode(const uint8_t *data, size_t length, struct segment_info *out);

/* recording_YYYYMMDD_HHMMSS.mp4 (n <= 1) or recording_YYYYMMDD_HHMMSS_n.mp4, local time. */
void segment_file_name(int64_t wall_us, unsigned n, char out[SEGMENT_FILE_BYTES]);

/* True of exactly such names. No other file in the folder is ours, and clients can reach no other. */
bool segment_file_valid(const char *name);

enum segment_form {
	SEGMENT_OPEN,     /* fragmented */
	SEGMENT_COMPLETE, /* finished in place */
};

struct segment_layout {
	struct segment_info info;
	enum segment_form form;
	uint64_t free_at;      /* of the 16 bytes of the free box, or of the mdat's header */
	uint64_t media_at;     /* = free_at + 16: the init moov, then the fragments */
	uint64_t fragments_at; /* of the first moof */
	uint64_t media_end;    /* complete: the end of the mdat, where the final moov begins; open: the file's size */
	struct mp4_init init;  /* from the init moov; init.entry points into entry_bytes */
	uint8_t entry_bytes[MP4_ENTRY_MAX];
	struct buffer head; /* the file's bytes from 0 to fragments_at */
};

enum segment_outcome {
	SEGMENT_OK,
	SEGMENT_EMPTY,   /* it ends, or turns to zeros, before its first fragment: nothing in it can be used */
	SEGMENT_INVALID, /* not a segment of ours, or damaged at the beginning */
	SEGMENT_ERROR,   /* see errno */
};

/* Reads the beginning of a segment. Call segment_layout_free() afterwards, which is safe on a zeroed one. */
enum segment_outcome segment_read_layout(int fd, struct segment_layout *out);

/*
 * The same without what the end of the file says: media_end is 0, and the form is that of the 16 bytes. Reads only the
 * first SEGMENT_HEAD_MAX bytes.
 */
#define SEGMENT_HEAD_MAX 16384u /* far more than ftyp, uuid and an init moov ever are */
enum segment_outcome segment_read_head(int fd, struct segment_layout *out);
void segment_layout_free(struct segment_layout *layout);

/*
 * Reads the fragments and passes the sealed index record of each frame to `on_record`, in order. It may stop the walk
 * by returning false. *good_end gets the end of the last good fragment.
 */
typedef bool segment_record_fn(const struct index_record *record, void *context);
enum segment_outcome segment_walk(int fd, const struct segment_layout *layout, segment_record_fn *on_record,
				  void *context, uint64_t *good_end);

/* Reports a hole without a free box: bytes [from, to) of the file. */
typedef void segment_hole_fn(uint64_t from, uint64_t to, void *context);

/* The same for the repair, which also wants to know of damage. */
struct segment_scan_options {
	bool thorough;                          /* read every byte and verify the checksums */
	bool unknown_head;                      /* the beginning is damaged: accept fragments of any segment */
	const struct index_reader *known_index; /* the .idx as it was found; NULL: none */
	segment_record_fn *on_record;
	segment_hole_fn *on_hole; /* may be NULL */
	void *context;            /* of both */
};

struct segment_scan_result {
	uint64_t good_end;   /* end of the last good fragment */
	bool more_fragments; /* whole fragments follow, but none of them can be decoded */
	bool tail_marked;    /* one free box follows, up to the end of the media */
};

enum segment_outcome segment_scan_fragments(int fd, const struct segment_layout *layout,
					    const struct segment_scan_options *options,
					    struct segment_scan_result *result);

/* Writes the checksum into a fragment of `bytes` bytes (moof and mdat). Everything else in it must be final. */
void segment_checksum_seal(uint8_t *data, size_t bytes, const struct mp4_fragment *fragment, uint64_t segment_no);

/* Begins the checksum with the moof. Continue over the mdat with crc32c(); _end folds the result to 16 bits. */
uint32_t segment_checksum_begin(const uint8_t *moof, size_t bytes, uint32_t flags_at, uint64_t segment_no);
uint16_t segment_checksum_end(uint32_t crc);

/* Appends the moov that finishes a segment, made from its first `count` index records. False if one is invalid. */
struct index_reader;
bool segment_build_moov(const struct segment_layout *layout, const struct index_reader *index, uint64_t count,
			struct buffer *out);

#endif
