/*
 * segment_walk.c - goes through the fragments of a segment. Of each only the moof, the mdat's header and the first
 * bytes of the frame are looked at: they are read through a window, several at once where frames are small, and large
 * frames are passed over unread.
 */
#include "shared/segment.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "shared/big_endian.h"
#include "shared/clock.h"

#define WINDOW_BYTES 16384u
#define MOOF_MAX     4096u /* FFmpeg's with one sample are about 100 bytes */

struct walk {
	int fd;
	const struct segment_info *info;
	uint64_t limit; /* nothing is read from here on */
	uint64_t last_decode_time;
	uint32_t last_sequence;
	bool failed; /* errno says why */

	uint64_t window_at;
	size_t window_length;
	uint8_t window[WINDOW_BYTES];
};

/* `bytes` bytes at `at`, valid until the next call; NULL where the media ends before them, or reading failed. */
static const uint8_t *look(struct walk *walk, uint64_t at, size_t bytes)
{
	if (at > walk->limit || walk->limit - at < bytes)
		return NULL;
	if (at >= walk->window_at && at - walk->window_at <= walk->window_length &&
	    walk->window_length - (at - walk->window_at) >= bytes)
		return walk->window + (at - walk->window_at);

	walk->window_at = at;
	walk->window_length = 0;
	while (walk->window_length < bytes) {
		uint64_t left = walk->limit - at - walk->window_length;
		size_t room = WINDOW_BYTES - walk->window_length;
		ssize_t got = pread(walk->fd, walk->window + walk->window_length, left < room ? (size_t)left : room,
				    (off_t)(at + walk->window_length));
		if (got < 0 && errno == EINTR)
			continue;
		walk->failed = got < 0;
		if (got <= 0)
			return NULL;
		walk->window_length += (size_t)got;
	}
	return walk->window;
}

static bool look_box(struct walk *walk, uint64_t at, uint32_t type, struct mp4_box *out)
{
	size_t bytes = 8;
	const uint8_t *data = look(walk, at, bytes);

	if (data && be32_get(data) == 1)
		data = look(walk, at, bytes = 16);
	return data && mp4_box_header(data, bytes, 0, out) == MP4_OK && out->type == type;
}

/* Space that was given to the file but not yet written when the power went reads as zeros; no frame begins so. */
static bool has_data(struct walk *walk, uint64_t at, uint32_t size)
{
	static const uint8_t zeros[4];
	size_t bytes = size < sizeof(zeros) ? size : sizeof(zeros);
	const uint8_t *data = look(walk, at, bytes);

	return data && memcmp(data, zeros, bytes) != 0;
}

/* The fragment at `at`: its record, and where it ends. False where there is no whole one that continues the last. */
static bool next_fragment(struct walk *walk, uint64_t at, struct index_record *record, uint64_t *end)
{
	struct mp4_box moof, mdat;
	struct mp4_fragment fragment;

	if (!look_box(walk, at, MP4_TYPE('m', 'o', 'o', 'f'), &moof) || moof.size > MOOF_MAX)
		return false;
	const uint8_t *data = look(walk, at, (size_t)moof.size);
	if (!data || !mp4_parse_fragment(data, (size_t)moof.size, &fragment))
		return false;
	if (be32_get(data + fragment.sequence_at) != walk->last_sequence + 1)
		return false;
	if (fragment.decode_time < walk->last_decode_time || fragment.decode_time >= CLOCK_MAX_US)
		return false;
	int64_t wall_us = walk->info->first_wall_us + (int64_t)fragment.decode_time;
	if (!clock_believable(wall_us))
		return false;

	uint64_t mdat_at = at + moof.size;
	if (!look_box(walk, mdat_at, MP4_TYPE('m', 'd', 'a', 't'), &mdat))
		return false;
	if (fragment.data_offset != moof.size + mdat.header_bytes ||
	    mdat.size != (uint64_t)mdat.header_bytes + fragment.size)
		return false;
	if (fragment.size == 0 || fragment.size > INDEX_SIZE_MAX || mdat.size > walk->limit - mdat_at ||
	    !has_data(walk, at + fragment.data_offset, fragment.size))
		return false;

	*record = (struct index_record){
		.wall_us = wall_us,
		.offset = at + fragment.data_offset,
		.size = fragment.size,
		.duration_us = fragment.duration,
		.flags = fragment.key ? INDEX_KEY : 0,
	};
	index_record_seal(record, walk->info->segment_no);
	walk->last_decode_time = fragment.decode_time;
	walk->last_sequence++;
	*end = mdat_at + mdat.size;
	return true;
}

enum segment_outcome segment_walk(int fd, const struct segment_layout *layout, segment_each *each, void *context,
				  uint64_t *good_end)
{
	struct walk walk = {.fd = fd, .info = &layout->info, .limit = layout->media_end};
	struct index_record record;
	uint64_t end;

	*good_end = layout->fragments_at;
	while (next_fragment(&walk, *good_end, &record, &end)) {
		*good_end = end;
		if (!each(&record, context))
			break;
	}
	return walk.failed ? SEGMENT_ERROR : SEGMENT_GOOD;
}
