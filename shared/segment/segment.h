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
 * wall time, so wall time of a frame = first_wall_us + tfdt. An mdat in front without a whole moov behind it counts as
 * the first form: finish it anew.
 *
 * Check: the low 16 bits of the flags of a fragment's sample (sample_degradation_priority, which no player looks at)
 * hold a CRC-32C of its moof (with these bits 0) and its mdat, seeded with the low 32 bits of the segment number, both
 * halves XORed, 1 where that is 0. So old bytes of another segment and frames of which a part is missing are told. 0:
 * there is no check, as older recorders wrote it.
 *
 * A fragment is good where its moof and mdat are whole, its mfhd is one more than that of the fragment before, its tfdt
 * does not decrease and its frame does not begin in zeros (space that was given to the file but not written when the
 * power went). Who looks thoroughly (the repair) wants its check to be right, too; without one, H.264 with 16 zeros in
 * a row is damaged, since it never has three.
 *
 * Damage: what stands between two good fragments and is none is a hole. Frames behind it cannot be decoded before the
 * next key frame, so that is where it ends: at the first good fragment of a key frame whose mfhd is at least two more
 * than the last good one's (what was damaged had numbers, too), whose tfdt is later, and whose check is right. One
 * without a check has to leave 64 bytes for each missing number, and not to contradict the .idx where that has a record
 * of its time. Its index record is marked
 * (INDEX_AFTER_HOLE); in the final moov the frame before the hole stands until then.
 * The repair makes one `free` box of each hole that has bytes, with what is in it unchanged behind the box's header, so
 * that players pass over it and everybody finds the same frames from then on. Where no such key frame follows, the
 * segment ends: the rest is cut off, or becomes a `free` box up to the end of the media where it holds whole fragments,
 * or more than a torn one can be.
 *
 * The uuid box (type 'uuid', extended type 'SCRsegment-info1'), all big-endian: see segment_info.c.
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
	SEGMENT_OK,
	SEGMENT_EMPTY,   /* no whole beginning (cut, or zeros): nothing in it can be used */
	SEGMENT_INVALID, /* a whole file, but not one of ours */
	SEGMENT_ERROR,   /* errno says which */
};

/* Reads the beginning of a segment. Free with segment_layout_free (safe on a zeroed one). */
enum segment_outcome segment_read_layout(int fd, struct segment_layout *out);
void segment_layout_free(struct segment_layout *layout);

/*
 * Walks the fragments and gives each frame's sealed index record, in order, to `each` (which may stop the walk by
 * returning false). *good_end gets the offset behind the last good fragment.
 */
typedef bool segment_record_fn(const struct index_record *record, void *context);
enum segment_outcome segment_walk(int fd, const struct segment_layout *layout, segment_record_fn *each, void *context,
				  uint64_t *good_end);

/* Bytes [from, to) of the file are a hole over which no free box stands. */
typedef void segment_hole_fn(uint64_t from, uint64_t to, void *context);

/* The same, for the repair. */
struct segment_scan_options {
	bool thorough;                      /* reads every frame */
	bool headless;                      /* the beginning is damaged: whose the fragments are is not known */
	const struct index_reader *witness; /* the .idx as it was found; NULL: none */
	segment_record_fn *each;
	segment_hole_fn *hole;
	void *context; /* of both */
};

struct segment_scan_result {
	uint64_t good_end;
	bool more;   /* behind it stand whole fragments, of which none can be decoded */
	bool marked; /* behind it stands one free box up to the end of the media */
};

enum segment_outcome segment_scan_fragments(int fd, const struct segment_layout *layout,
					    const struct segment_scan_options *search,
					    struct segment_scan_result *found);

/* Puts the check into a fragment of `bytes` bytes (moof and mdat), once all else in it is final. */
void segment_checksum_seal(uint8_t *data, size_t bytes, const struct mp4_fragment *fragment, uint64_t segment_no);

/* The check of a moof so far; crc32c() goes on with the mdat, and _end makes the 16 bits of it. */
uint32_t segment_checksum_begin(const uint8_t *moof, size_t bytes, uint32_t flags_at, uint64_t segment_no);
uint16_t segment_checksum_end(uint32_t crc);

/* Appends the moov that finishes a segment, made of its first `count` index records. False where one is no good. */
struct index_reader;
bool segment_build_moov(const struct segment_layout *layout, const struct index_reader *index, uint64_t count,
			struct buffer *out);

#endif
