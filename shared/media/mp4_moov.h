/*
 * mp4_moov.h - builds ftyp and moov of a progressive MP4 (ISO/IEC 14496-12) from frames that lie somewhere in files.
 * One chunk a sample, so that what stands between two frames (fragment headers) is skipped: about 20 bytes a frame.
 */
#ifndef SHARED_MEDIA_MP4_MOOV_H
#define SHARED_MEDIA_MP4_MOOV_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/buffer.h"

#define MP4_CLIP_TIMESCALE 90000u /* ticks a second, where no sample stands for longer than 6.6 hours */

struct mp4_moov;

struct mp4_moov_spec {
	uint16_t width, height;
	const uint8_t *entry; /* the sample entry (avc1 with avcC, …) as it goes into stsd; not kept after _create */
	uint32_t entry_bytes;
	int64_t created_wall_us; /* of mvhd/tkhd/mdhd: makes the bytes depend on the range only */
};

/* NULL where memory is short. */
struct mp4_moov *mp4_moov_create(const struct mp4_moov_spec *spec);
void mp4_moov_destroy(struct mp4_moov *header);

/*
 * Adds a sample: `time_us` of presentation from the clip's start (never decreasing; rounded to the timescale as a
 * whole, so that nothing drifts), where its bytes lie (relative to the first byte of the payload), its size, and
 * whether it is a key frame. The first sample stands from the clip's start, whatever its time.
 *
 * A duration in stts has 32 bits (8.6.1.2), of which some players take one for a sign. A sample that stands for longer
 * than 2^31 - 1 ticks, which is 6.6 hours at MP4_CLIP_TIMESCALE, gives the clip a coarser timescale: of the divisors
 * of MP4_CLIP_TIMESCALE the largest one in which the longest duration fits (22,500 for 20 hours, 3,000 for a week). A
 * sample of more than 68 years cannot be told: the moov is then refused.
 */
void mp4_moov_add_sample(struct mp4_moov *header, int64_t time_us, uint64_t payload_offset, uint32_t size, bool key);

/* Appends the moov. `end_us` is where the last sample ends; `payload_at` the file offset that payload_offset 0 stands
 * for. */
bool mp4_moov_write(struct mp4_moov *header, int64_t end_us, uint64_t payload_at, struct buffer *out);

/*
 * Appends ftyp + moov + the header of an mdat of payload_bytes: the payload follows. Solves for its own length. False
 * where memory was short or nothing was added.
 */
bool mp4_moov_write_clip_header(struct mp4_moov *header, int64_t end_us, uint64_t payload_bytes, struct buffer *out);

#endif
