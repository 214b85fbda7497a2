/* segment_walk.c - reads the fragments of a segment, and finds where they continue after damage. */
#include "shared/segment/segment.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/big_endian.h"
#include "shared/base/clock.h"
#include "shared/base/crc32c.h"

/*
 * Of each fragment only the moof, the header of the mdat and the first bytes of the frame are read, unless every byte
 * has to be checked. They are read through a window, which holds several fragments if frames are small. Large frames
 * are skipped unread.
 */

#define WINDOW_BYTES       16384u
#define MOOF_MAX           4096u /* FFmpeg's with one sample are about 100 bytes */
#define FRAGMENT_BYTES_MIN 64u
#define ZEROS_MAX          15u /* in a row in H.264 */
#define TYPE_AVC1          MP4_TYPE('a', 'v', 'c', '1')

struct window {
	uint64_t at;
	size_t length;
	uint8_t bytes[WINDOW_BYTES];
};

struct walk {
	int fd;
	const struct segment_layout *layout;
	const struct segment_scan_options *options;
	uint64_t limit; /* nothing is read from here on */
	int64_t last_decode_time, last_sequence;
	bool failed;         /* errno says why */
	bool more_fragments; /* segment_scan_result.more_fragments */
	bool marked;         /* a free box of the repair covers the damage */
	struct window window;
	struct window scan_window; /* of find_moof() */
};

/* A fragment and the index record that it would get. */
struct walk_fragment {
	struct mp4_fragment parsed;
	struct index_record record; /* not sealed */
	uint32_t sequence;
	uint16_t check; /* 0: it has none */
	uint64_t at, end;
};

/* Returns `bytes` bytes at `at`, valid until the next call. NULL if the media ends before or if reading failed. */
static const uint8_t *read_window(struct walk *walk, struct window *window, uint64_t at, size_t bytes)
{
	if (at > walk->limit || walk->limit - at < bytes)
		return NULL;
	if (at >= window->at && at - window->at <= window->length && window->length - (at - window->at) >= bytes)
		return window->bytes + (at - window->at);

	window->at = at;
	window->length = 0;
	while (window->length < bytes) {
		uint64_t left = walk->limit - at - window->length;
		size_t room = WINDOW_BYTES - window->length;
		ssize_t got = pread(walk->fd, window->bytes + window->length, left < room ? (size_t)left : room,
				    (off_t)(at + window->length));
		if (got < 0 && errno == EINTR)
			continue;
		walk->failed |= got < 0;
		if (got <= 0)
			return NULL;
		window->length += (size_t)got;
	}
	return window->bytes;
}

static const uint8_t *peek(struct walk *walk, uint64_t at, size_t bytes)
{
	return read_window(walk, &walk->window, at, bytes);
}

static bool peek_box(struct walk *walk, uint64_t at, uint32_t type, struct mp4_box *out)
{
	size_t bytes = 8;
	const uint8_t *data = peek(walk, at, bytes);

	if (data && be32_get(data) == 1)
		data = peek(walk, at, bytes = 16);
	return data && mp4_box_header(data, bytes, 0, out) == MP4_OK && out->type == type;
}

/* No frame begins with zeros. Space that was allocated but not written before a power cut reads as zeros. */
static bool has_data(struct walk *walk, uint64_t at, uint32_t size)
{
	static const uint8_t zeros[4];
	size_t bytes = size < sizeof(zeros) ? size : sizeof(zeros);
	const uint8_t *data = peek(walk, at, bytes);

	return data && memcmp(data, zeros, bytes) != 0;
}

static void count_zeros(const uint8_t *data, size_t length, size_t *row, size_t *longest)
{
	for (size_t i = 0; i < length; i++) {
		*row = data[i] ? 0 : *row + 1;
		if (*row > *longest)
			*longest = *row;
	}
}

/* Reads every byte of the fragment and verifies its checksum, or, if it has none, that H.264 has no run of zeros. */
static bool passes_check(struct walk *walk, const struct walk_fragment *fragment)
{
	uint64_t at = fragment->record.offset;
	size_t head_bytes = (size_t)(at - fragment->at), row = 0, longest = 0;
	const uint8_t *data = peek(walk, fragment->at, head_bytes);

	if (!data)
		return false;
	uint32_t crc =
		segment_checksum_begin(data, head_bytes, fragment->parsed.flags_at, walk->layout->info.segment_no);
	while (at < fragment->end) {
		size_t bytes = fragment->end - at < WINDOW_BYTES ? (size_t)(fragment->end - at) : WINDOW_BYTES;
		data = peek(walk, at, bytes);
		if (!data)
			return false;
		crc = crc32c(crc, data, bytes);
		if (!fragment->check && walk->layout->init.codec == TYPE_AVC1)
			count_zeros(data, bytes, &row, &longest);
		at += bytes;
	}
	return fragment->check ? fragment->check == segment_checksum_end(crc) : longest <= ZEROS_MAX;
}

/* Parses the fragment at `at`. False if there is no whole one. Its place in the order of frames is not checked. */
static bool read_fragment(struct walk *walk, uint64_t at, struct walk_fragment *out)
{
	struct mp4_fragment *fragment = &out->parsed;
	struct mp4_box moof, mdat;

	if (!peek_box(walk, at, MP4_TYPE('m', 'o', 'o', 'f'), &moof) || moof.size > MOOF_MAX)
		return false;
	const uint8_t *data = peek(walk, at, (size_t)moof.size);
	if (!data || !mp4_parse_fragment(data, (size_t)moof.size, fragment))
		return false;
	out->sequence = be32_get(data + fragment->sequence_at);
	out->check = be16_get(data + fragment->flags_at + 2);
	if (fragment->decode_time >= CLOCK_MAX_US)
		return false;
	int64_t wall_us = walk->layout->info.first_wall_us + (int64_t)fragment->decode_time;
	uint64_t mdat_at = at + moof.size;
	if (!clock_is_plausible(wall_us) || !peek_box(walk, mdat_at, MP4_TYPE('m', 'd', 'a', 't'), &mdat))
		return false;
	if (fragment->data_offset != moof.size + mdat.header_bytes ||
	    mdat.size != (uint64_t)mdat.header_bytes + fragment->size)
		return false;
	if (fragment->size == 0 || fragment->size > INDEX_SIZE_MAX || mdat.size > walk->limit - mdat_at ||
	    !has_data(walk, at + fragment->data_offset, fragment->size))
		return false;

	out->at = at;
	out->end = mdat_at + mdat.size;
	out->record = (struct index_record){
		.wall_us = wall_us,
		.offset = at + fragment->data_offset,
		.size = fragment->size,
		.duration_us = fragment->duration,
		.flags = fragment->key ? INDEX_KEY : 0,
	};
	return true;
}

static bool is_good(struct walk *walk, const struct walk_fragment *fragment)
{
	return !walk->options->thorough || passes_check(walk, fragment);
}

static bool follows(const struct walk *walk, const struct walk_fragment *fragment)
{
	return fragment->sequence == walk->last_sequence + 1 &&
	       (int64_t)fragment->parsed.decode_time >= walk->last_decode_time;
}

/* True if, by its number and time, it can follow damaged frames. */
static bool follows_damage(const struct walk *walk, const struct walk_fragment *fragment)
{
	return fragment->sequence > walk->last_sequence + 1 &&
	       (int64_t)fragment->parsed.decode_time > walk->last_decode_time;
}

/* True if the missing frames fit between hole_at and this fragment. */
static bool has_room_before(const struct walk *walk, const struct walk_fragment *fragment, uint64_t hole_at)
{
	int64_t missing = fragment->sequence - walk->last_sequence - 1;

	return (int64_t)((fragment->at - hole_at) / FRAGMENT_BYTES_MIN) >= missing;
}

/* True if the .idx has records of that time, but not this one. */
static bool contradicts_index(const struct walk *walk, const struct index_record *record)
{
	const struct index_reader *index = walk->options->known_index;
	uint64_t low = 0, high = index ? index_reader_count(index) : 0;
	struct index_record found;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (index_reader_read(index, middle, 1, &found) != 1)
			high = middle; /* the index is damaged there or earlier */
		else if (found.wall_us < record->wall_us)
			low = middle + 1;
		else
			high = middle;
	}
	while (index && index_reader_read(index, low, 1, &found) == 1) {
		if (found.wall_us == record->wall_us && found.offset == record->offset && found.size == record->size)
			return false;
		if (found.wall_us != record->wall_us)
			return true;
		low++;
	}
	return false;
}

/*
 * True if the segment continues after the hole with the fragment at `at`. If that is whole but no key frame, sets
 * walk->more_fragments. A checksum proves that the fragment belongs to this segment. Without one, everything else has
 * to agree, unless an earlier repair has found this out already (`marked`). If the beginning of the file is damaged,
 * the segment number that the checksum depends on is not known; then any fragment will do.
 */
static bool resumes_at(struct walk *walk, uint64_t at, uint64_t hole_at, bool marked, struct walk_fragment *out)
{
	if (!read_fragment(walk, at, out) || !follows_damage(walk, out))
		return false;
	bool unknown_head = walk->options->unknown_head;
	if (!unknown_head && !out->check && !marked &&
	    (!has_room_before(walk, out, hole_at) || contradicts_index(walk, &out->record)))
		return false;
	if (!unknown_head && !passes_check(walk, out))
		return false;
	walk->more_fragments |= !out->parsed.key;
	return out->parsed.key;
}

/* Moves *at to the next place where a moof may begin. False if there is none. */
static bool find_moof(struct walk *walk, uint64_t *at)
{
	static const uint8_t type[] = {'m', 'o', 'o', 'f'};

	while (walk->limit - *at >= FRAGMENT_BYTES_MIN) {
		uint64_t left = walk->limit - *at;
		size_t bytes = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;
		const uint8_t *data = read_window(walk, &walk->scan_window, *at, FRAGMENT_BYTES_MIN);
		if (!data)
			return false;
		bytes = walk->scan_window.length - (size_t)(data - walk->scan_window.bytes);
		const uint8_t *found = memmem(data + 4, bytes - 4, type, sizeof(type));
		if (found) {
			*at += (uint64_t)(found - 4 - data);
			return true;
		}
		*at += bytes - 7;
	}
	return false;
}

/* The end of the free box that the repair put over a hole; 0: there is none. */
static uint64_t free_box_end(struct walk *walk, uint64_t at)
{
	struct mp4_box box;

	if (!peek_box(walk, at, MP4_TYPE('f', 'r', 'e', 'e'), &box) || box.size > walk->limit - at)
		return 0;
	return at + box.size;
}

/* Finds the fragment with which the segment continues after the damage at hole_at. */
static bool resume(struct walk *walk, uint64_t hole_at, struct walk_fragment *out)
{
	uint64_t free_end = free_box_end(walk, hole_at), at = free_end ? free_end : hole_at;

	walk->more_fragments = false;
	walk->marked = free_end == walk->limit && free_end > hole_at;
	if (walk->marked)
		return false;
	if (free_end && resumes_at(walk, free_end, hole_at, true, out)) {
		walk->marked = true;
		return true;
	}
	for (; at < walk->limit && find_moof(walk, &at); at++) {
		bool more = walk->more_fragments;
		walk->more_fragments = false;
		if (resumes_at(walk, at, hole_at, false, out))
			return true;
		if (walk->more_fragments)
			at = out->end - 1; /* skip the whole fragment: no other begins inside it */
		walk->more_fragments |= more;
	}
	return false;
}

enum segment_outcome segment_scan_fragments(int fd, const struct segment_layout *layout,
					    const struct segment_scan_options *options,
					    struct segment_scan_result *result)
{
	struct walk walk = {
		.fd = fd,
		.layout = layout,
		.options = options,
		.limit = layout->media_end,
		.last_decode_time = -1,
		.last_sequence = options->unknown_head ? -1 : 0,
	};
	struct walk_fragment fragment;

	*result = (struct segment_scan_result){.good_end = layout->fragments_at};
	while (result->good_end < walk.limit) {
		uint64_t hole_at = result->good_end;
		if (!read_fragment(&walk, hole_at, &fragment) || !follows(&walk, &fragment) ||
		    !is_good(&walk, &fragment)) {
			if (walk.failed || !resume(&walk, hole_at, &fragment))
				break;
			fragment.record.flags |= INDEX_AFTER_HOLE;
			if (!walk.marked && options->on_hole && fragment.at > hole_at)
				options->on_hole(hole_at, fragment.at, options->context);
		}
		index_record_seal(&fragment.record, layout->info.segment_no);
		walk.last_decode_time = (int64_t)fragment.parsed.decode_time;
		walk.last_sequence = fragment.sequence;
		walk.more_fragments = walk.marked = false;
		result->good_end = fragment.end;
		if (!options->on_record(&fragment.record, options->context))
			break;
	}
	result->more_fragments = walk.more_fragments;
	result->tail_marked = walk.marked;
	return walk.failed ? SEGMENT_ERROR : SEGMENT_OK;
}

enum segment_outcome segment_walk(int fd, const struct segment_layout *layout, segment_record_fn *on_record,
				  void *context, uint64_t *good_end)
{
	const struct segment_scan_options options = {.on_record = on_record, .context = context};
	struct segment_scan_result result;
	enum segment_outcome outcome = segment_scan_fragments(fd, layout, &options, &result);

	*good_end = result.good_end;
	return outcome;
}
