/*
 * segment_walk.c - goes through the fragments of a segment, and finds where they go on behind damaged ones. Of each
 * only the moof, the mdat's header and the first bytes of the frame are looked at, unless it is to be done thoroughly:
 * they are read through a window, several at once where frames are small, and large frames are passed over unread.
 */
#include "shared/segment/segment.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/big_endian.h"
#include "shared/base/clock.h"
#include "shared/base/crc32c.h"

#define WINDOW_BYTES       16384u
#define MOOF_MAX           4096u /* FFmpeg's with one sample are about 100 bytes */
#define FRAGMENT_BYTES_MIN 64u
#define ZEROS_MAX          15u /* of H.264 in a row */
#define TYPE_AVC1          MP4_TYPE('a', 'v', 'c', '1')

struct window {
	uint64_t at;
	size_t length;
	uint8_t bytes[WINDOW_BYTES];
};

struct walk {
	int fd;
	const struct segment_layout *layout;
	const struct segment_scan_options *search;
	uint64_t limit; /* nothing is read from here on */
	int64_t last_decode_time, last_sequence;
	bool failed; /* errno says why */
	bool more;   /* segment_scan_result.more */
	bool marked; /* segment_scan_result.marked */
	struct window window;
	struct window scanned; /* for what is searched through */
};

/* A fragment, and what its record would be. */
struct piece {
	struct mp4_fragment fragment;
	struct index_record record; /* not sealed */
	uint32_t sequence;
	uint16_t check; /* 0: it has none */
	uint64_t at, end;
};

/* `bytes` bytes at `at`, valid until the next call; NULL where the media ends before them, or reading failed. */
static const uint8_t *look_through(struct walk *walk, struct window *window, uint64_t at, size_t bytes)
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

static const uint8_t *look(struct walk *walk, uint64_t at, size_t bytes)
{
	return look_through(walk, &walk->window, at, bytes);
}

static bool peek_box(struct walk *walk, uint64_t at, uint32_t type, struct mp4_box *out)
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

static void count_zeros(const uint8_t *data, size_t length, size_t *row, size_t *longest)
{
	for (size_t i = 0; i < length; i++) {
		*row = data[i] ? 0 : *row + 1;
		if (*row > *longest)
			*longest = *row;
	}
}

/* Reads the whole fragment, from its moof to its end. */
static bool is_undamaged(struct walk *walk, const struct piece *piece)
{
	uint64_t at = piece->record.offset;
	size_t head_bytes = (size_t)(at - piece->at), row = 0, longest = 0;
	const uint8_t *data = look(walk, piece->at, head_bytes);

	if (!data)
		return false;
	uint32_t crc =
		segment_checksum_begin(data, head_bytes, piece->fragment.flags_at, walk->layout->info.segment_no);
	while (at < piece->end) {
		size_t bytes = piece->end - at < WINDOW_BYTES ? (size_t)(piece->end - at) : WINDOW_BYTES;
		data = look(walk, at, bytes);
		if (!data)
			return false;
		crc = crc32c(crc, data, bytes);
		if (!piece->check && walk->layout->init.codec == TYPE_AVC1)
			count_zeros(data, bytes, &row, &longest);
		at += bytes;
	}
	return piece->check ? piece->check == segment_checksum_end(crc) : longest <= ZEROS_MAX;
}

/* The whole fragment at `at`, wherever in the order of frames it belongs. */
static bool read_piece(struct walk *walk, uint64_t at, struct piece *out)
{
	struct mp4_fragment *fragment = &out->fragment;
	struct mp4_box moof, mdat;

	if (!peek_box(walk, at, MP4_TYPE('m', 'o', 'o', 'f'), &moof) || moof.size > MOOF_MAX)
		return false;
	const uint8_t *data = look(walk, at, (size_t)moof.size);
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

static bool is_whole(struct walk *walk, const struct piece *piece)
{
	return !walk->search->thorough || is_undamaged(walk, piece);
}

static bool continues(const struct walk *walk, const struct piece *piece)
{
	return piece->sequence == walk->last_sequence + 1 &&
	       (int64_t)piece->fragment.decode_time >= walk->last_decode_time;
}

/* It can stand behind damaged frames, as far as number and time tell. */
static bool continues_later(const struct walk *walk, const struct piece *piece)
{
	return piece->sequence > walk->last_sequence + 1 &&
	       (int64_t)piece->fragment.decode_time > walk->last_decode_time;
}

/* The frames that are missing between hole_at and this one had room there. */
static bool has_room_before(const struct walk *walk, const struct piece *piece, uint64_t hole_at)
{
	int64_t missing = piece->sequence - walk->last_sequence - 1;

	return (int64_t)((piece->at - hole_at) / FRAGMENT_BYTES_MIN) >= missing;
}

/* The .idx has records of that time, and none is this one. */
static bool is_contradicted(const struct walk *walk, const struct index_record *record)
{
	const struct index_reader *index = walk->search->witness;
	uint64_t low = 0, high = index ? index_reader_count(index) : 0;
	struct index_record told;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (index_reader_read(index, middle, 1, &told) != 1)
			high = middle; /* damaged from there on, or before */
		else if (told.wall_us < record->wall_us)
			low = middle + 1;
		else
			high = middle;
	}
	while (index && index_reader_read(index, low, 1, &told) == 1) {
		if (told.wall_us == record->wall_us && told.offset == record->offset && told.size == record->size)
			return false;
		if (told.wall_us != record->wall_us)
			return true;
		low++;
	}
	return false;
}

/*
 * The fragment at `at` is one with which the segment goes on behind the hole; else walk->more where it is whole. A
 * check proves whose it is; without one everything else has to fit, unless the repair found that before (`marked`).
 * Where the beginning is damaged nobody knows the number for the check: then any fragment is one.
 */
static bool resumes_at(struct walk *walk, uint64_t at, uint64_t hole_at, bool marked, struct piece *out)
{
	if (!read_piece(walk, at, out) || !continues_later(walk, out))
		return false;
	bool headless = walk->search->headless;
	if (!headless && !out->check && !marked &&
	    (!has_room_before(walk, out, hole_at) || is_contradicted(walk, &out->record)))
		return false;
	if (!headless && !is_undamaged(walk, out))
		return false;
	walk->more |= !out->fragment.key;
	return out->fragment.key;
}

/* The next place from *at on where a moof may begin. */
static bool scan(struct walk *walk, uint64_t *at)
{
	static const uint8_t type[] = {'m', 'o', 'o', 'f'};

	while (walk->limit - *at >= FRAGMENT_BYTES_MIN) {
		uint64_t left = walk->limit - *at;
		size_t bytes = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;
		const uint8_t *data = look_through(walk, &walk->scanned, *at, FRAGMENT_BYTES_MIN);
		if (!data)
			return false;
		bytes = walk->scanned.length - (size_t)(data - walk->scanned.bytes);
		const uint8_t *found = memmem(data + 4, bytes - 4, type, sizeof(type));
		if (found) {
			*at += (uint64_t)(found - 4 - data);
			return true;
		}
		*at += bytes - 7;
	}
	return false;
}

/* A free box that the repair put over a hole: where it ends; 0 where there is none. */
static uint64_t marked_end(struct walk *walk, uint64_t at)
{
	struct mp4_box box;

	if (!peek_box(walk, at, MP4_TYPE('f', 'r', 'e', 'e'), &box) || box.size > walk->limit - at)
		return 0;
	return at + box.size;
}

/* Finds where the segment goes on behind the damage at hole_at. */
static bool resume(struct walk *walk, uint64_t hole_at, struct piece *out)
{
	uint64_t free_end = marked_end(walk, hole_at), at = free_end ? free_end : hole_at;

	walk->more = false;
	walk->marked = free_end == walk->limit && free_end > hole_at;
	if (walk->marked)
		return false;
	if (free_end && resumes_at(walk, free_end, hole_at, true, out)) {
		walk->marked = true;
		return true;
	}
	for (; at < walk->limit && scan(walk, &at); at++) {
		bool more = walk->more;
		walk->more = false;
		if (resumes_at(walk, at, hole_at, false, out))
			return true;
		if (walk->more)
			at = out->end - 1; /* a whole one: nothing begins inside of it */
		walk->more |= more;
	}
	return false;
}

enum segment_outcome segment_scan_fragments(int fd, const struct segment_layout *layout,
					    const struct segment_scan_options *search,
					    struct segment_scan_result *found)
{
	struct walk walk = {
		.fd = fd,
		.layout = layout,
		.search = search,
		.limit = layout->media_end,
		.last_decode_time = -1,
		.last_sequence = search->headless ? -1 : 0,
	};
	struct piece piece;

	*found = (struct segment_scan_result){.good_end = layout->fragments_at};
	while (found->good_end < walk.limit) {
		uint64_t hole_at = found->good_end;
		if (!read_piece(&walk, hole_at, &piece) || !continues(&walk, &piece) || !is_whole(&walk, &piece)) {
			if (walk.failed || !resume(&walk, hole_at, &piece))
				break;
			piece.record.flags |= INDEX_AFTER_HOLE;
			if (!walk.marked && search->hole && piece.at > hole_at)
				search->hole(hole_at, piece.at, search->context);
		}
		index_record_seal(&piece.record, layout->info.segment_no);
		walk.last_decode_time = (int64_t)piece.fragment.decode_time;
		walk.last_sequence = piece.sequence;
		walk.more = walk.marked = false;
		found->good_end = piece.end;
		if (!search->each(&piece.record, search->context))
			break;
	}
	found->more = walk.more;
	found->marked = walk.marked;
	return walk.failed ? SEGMENT_ERROR : SEGMENT_OK;
}

enum segment_outcome segment_walk(int fd, const struct segment_layout *layout, segment_record_fn *each, void *context,
				  uint64_t *good_end)
{
	const struct segment_scan_options search = {.each = each, .context = context};
	struct segment_scan_result found;
	enum segment_outcome outcome = segment_scan_fragments(fd, layout, &search, &found);

	*good_end = found.good_end;
	return outcome;
}
