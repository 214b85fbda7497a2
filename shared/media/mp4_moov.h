/*
 * mp4_moov.h - builds the ftyp and moov of a progressive MP4 (ISO/IEC 14496-12) for frames in existing files.
 *
 * A frame takes 4 bytes for its size; 8 for its duration, unless that is the one of the frame before; and, unless it
 * directly follows that frame, 4 for its offset, or 8 in a file of more than 4 GiB. So a clip of which players skip the
 * fragment headers between frames costs about 16 bytes per frame, and one that has only frames, which may be shown a
 * little late, little more than 4 (mp4_chunks.h, mp4_durations.h).
 */
#ifndef SHARED_MEDIA_MP4_MOOV_H
#define SHARED_MEDIA_MP4_MOOV_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/buffer.h"

#define MP4_CLIP_TIMESCALE 90000u /* ticks per second, unless a sample lasts longer than 6.6 hours */

struct mp4_moov;

struct mp4_moov_spec {
	uint16_t width, height;
	const uint8_t *entry; /* the sample entry (avc1 with avcC, …) for stsd; copied by mp4_moov_create() */
	uint32_t entry_bytes;
	int64_t created_wall_us; /* for mvhd, tkhd and mdhd; not the current time: equal clips are equal bytes */
	int64_t late_us;         /* how much later than its time a sample may be shown (mp4_durations.h); 0: exact */
	size_t samples;          /* how many are expected: memory is reserved for them */
};

/* Returns NULL if memory is short. Destroying NULL is safe. */
struct mp4_moov *mp4_moov_create(const struct mp4_moov_spec *spec);
void mp4_moov_destroy(struct mp4_moov *moov);

/*
 * Adds a sample. `time_us` is its presentation time from the start of the clip; it never decreases, and is rounded to
 * the timescale as a whole, so that errors do not add up. `payload_offset` counts from the first byte of the payload.
 * The first sample is shown from the start of the clip, whatever its time.
 *
 * A duration in stts has 32 bits (8.6.1.2), and some players take the highest one for a sign. If a sample lasts longer
 * than 2^31 - 1 ticks (6.6 hours at MP4_CLIP_TIMESCALE), the clip gets a coarser timescale: the largest divisor of
 * MP4_CLIP_TIMESCALE in which the longest duration fits (22,500 for 20 hours, 3,000 for a week). A sample of more than
 * 68 years cannot be represented, and writing the moov fails.
 */
void mp4_moov_add_sample(struct mp4_moov *moov, int64_t time_us, uint64_t payload_offset, uint32_t size, bool key);

/*
 * Appends the moov; can be called once. `end_us` is when the last sample ends, and `payload_at` the file offset of
 * payload_offset 0. Returns false if memory is short or no sample was added.
 */
bool mp4_moov_write(struct mp4_moov *moov, int64_t end_us, uint64_t payload_at, struct buffer *out);

/*
 * Appends ftyp, moov and the header of an mdat with `payload_bytes` bytes; the payload follows at once, so the offsets
 * include the length of what is written here. Can be called once. Returns false if memory is short or no sample was
 * added.
 */
bool mp4_moov_write_clip_header(struct mp4_moov *moov, int64_t end_us, uint64_t payload_bytes, struct buffer *out);

/* Offset in the buffer where the table of sizes was written: 32 bits per sample, big-endian. */
size_t mp4_moov_sizes_at(const struct mp4_moov *moov);

#endif
