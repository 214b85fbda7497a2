/*
 * salvage_cases.h - what the tests of damaged segments share: a segment of several hundred frames as the recorder
 * writes it, its neighbour, damage in blocks as a disk knows them, and what can be kept at best.
 */
#ifndef TESTS_UNIT_SUPPORT_SALVAGE_CASES_H
#define TESTS_UNIT_SUPPORT_SALVAGE_CASES_H

#include "recorderd/repair/segment_repair.h"
#include "shared/base/crc32c.h"
#include "shared/base/log.h"
#include "tests/unit/support/segment_cases.h"

#define MEDIA_FILE    "recording_20270115_080000.mp4"
#define INDEX_FILE    "recording_20270115_080000.idx"
#define NEXT_FILE     "recording_20270115_081000.mp4"
#define ASIDE_FILE    "damaged_" MEDIA_FILE
#define REPEATS       8u
#define LONG_FRAMES   (REPEATS * MEDIA_FRAMES)
#define REPEAT_US     INT64_C(8300000)
#define NEXT_FIRST_US (REPEATS * REPEAT_US)

static struct reason why;
static int directory;

struct placed {
	size_t at, bytes;
	bool key;
};

/* An open segment of LONG_FRAMES frames, and its index. */
struct long_segment {
	struct buffer media, index;
	struct placed frames[LONG_FRAMES];
};

static struct long_segment whole, next;

static inline void long_index_add(struct long_segment *segment, size_t frame, const struct mp4_fragment *fragment,
				  int64_t wall_us, uint64_t segment_no)
{
	struct index_record record = {
		.wall_us = wall_us,
		.offset = segment->frames[frame].at + fragment->data_offset,
		.size = fragment->size,
		.duration_us = fragment->duration,
		.flags = fragment->key ? INDEX_KEY : 0,
	};

	index_record_seal(&record, segment_no);
	buffer_append(&segment->index, &record, sizeof record);
}

/* The stream again and again, each fragment with its check. */
static inline void long_make(struct long_segment *out, uint64_t segment_no, int64_t first_us)
{
	struct buffer head = segment_of(&h264, 0, 0, segment_no);
	struct segment_info info = {.segment_no = segment_no, .run_no = 3, .camera = "bench"};
	struct index_header header = {.segment_no = segment_no, .first_wall_us = MEDIA_WALL_US + first_us};

	index_header_seal(&header);
	buffer_append(&out->index, &header, sizeof header);
	info.first_wall_us = MEDIA_WALL_US + first_us;
	info.last_wall_us = info.first_wall_us;
	buffer_append(&out->media, head.data, h264.ftyp.bytes);
	segment_info_encode(&info, &out->media);
	buffer_append(&out->media, head.data + out->media.length, head.length - out->media.length);
	buffer_finish(&head);
	for (size_t i = 0; i < LONG_FRAMES; i++) {
		const struct piece *piece = &h264.fragments[i % MEDIA_FRAMES];
		uint64_t time_us =
			(uint64_t)((int64_t)(i / MEDIA_FRAMES) * REPEAT_US + media_time_us(i % MEDIA_FRAMES));
		struct mp4_fragment fragment;
		size_t at = out->media.length;

		buffer_append(&out->media, h264.data.data + piece->at, piece->bytes);
		uint8_t *data = out->media.data + at;
		assert_true(mp4_parse_fragment(data, moof_bytes(data), &fragment));
		assert_true(mp4_rewrite_fragment(data, &fragment, (uint32_t)i + 1, time_us));
		segment_check_seal(data, piece->bytes, &fragment, segment_no);
		out->frames[i] = (struct placed){at, piece->bytes, fragment.key};
		long_index_add(out, i, &fragment, info.first_wall_us + (int64_t)time_us, segment_no);
	}
	assert_false(out->media.failed || out->index.failed);
}

static inline void put_file(const char *name, const void *data, size_t length)
{
	char path[PATH_BYTES];

	file_write(path_of(name, path), data, length);
}

static inline struct buffer get_file(const char *name)
{
	char path[PATH_BYTES];

	return file_read(path_of(name, path));
}

static inline bool file_is_there(const char *name)
{
	return faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline int make_long_segments(void **state)
{
	setenv("TMPDIR", "/dev/shm", 0);
	log_set_level(LOG_ERROR);
	if (make_streams(state) != 0)
		return -1;
	directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long_make(&whole, SEGMENT_NO, 0);
	long_make(&next, SEGMENT_NO + 1, NEXT_FIRST_US);
	return 0;
}

static inline int drop_long_segments(void **state)
{
	buffer_finish(&whole.media);
	buffer_finish(&whole.index);
	buffer_finish(&next.media);
	buffer_finish(&next.index);
	close(directory);
	return drop_streams(state);
}

/* What damage has left of the long segment. */
struct damaged {
	struct buffer media, index;
	bool intact[LONG_FRAMES];    /* every byte of the fragment is there */
	bool decodable[LONG_FRAMES]; /* and every byte of those that it is decoded from */
	size_t intact_count, decodable_count;
	size_t removed_at, removed; /* so many bytes from there on are missing, and what is behind them moved up */
};

/* Where a frame stands now. */
static inline size_t place_of(const struct damaged *damaged, size_t frame)
{
	size_t at = whole.frames[frame].at;

	return at >= damaged->removed_at + damaged->removed ? at - damaged->removed : at;
}

static inline void damage_begin(struct damaged *out)
{
	*out = (struct damaged){0};
	buffer_append(&out->media, whole.media.data, whole.media.length);
	buffer_append(&out->index, whole.index.data, whole.index.length);
}

static inline void damage_judge(struct damaged *out)
{
	for (size_t i = 0; i < LONG_FRAMES; i++) {
		const struct placed *frame = &whole.frames[i];
		size_t at = place_of(out, i);

		out->intact[i] = at + frame->bytes <= out->media.length &&
				 memcmp(out->media.data + at, whole.media.data + frame->at, frame->bytes) == 0;
		out->decodable[i] = out->intact[i] && (frame->key || (i > 0 && out->decodable[i - 1]));
		out->intact_count += out->intact[i];
		out->decodable_count += out->decodable[i];
	}
}

static inline void damage_finish(struct damaged *damaged)
{
	buffer_finish(&damaged->media);
	buffer_finish(&damaged->index);
}

/* Number of the frame of which a record tells; LONG_FRAMES where there was none such. */
static inline size_t frame_of(const struct damaged *damaged, const struct index_record *record)
{
	const struct index_record *records = (const void *)(whole.index.data + INDEX_RECORD_BYTES);

	for (size_t i = 0; i < LONG_FRAMES; i++)
		if (records[i].offset + place_of(damaged, i) - whole.frames[i].at == record->offset &&
		    records[i].size == record->size && records[i].wall_us == record->wall_us)
			return i;
	return LONG_FRAMES;
}

/* What a repair made of it. */
struct salvaged {
	enum repair_outcome outcome;
	struct catalogue_entry entry;
	size_t kept;  /* frames, every byte of which is the camera's, that can be decoded */
	size_t wrong; /* frames that are damaged, or stand behind one in their group of pictures */
	bool shown[LONG_FRAMES];
};

static inline void look_at_index(const struct damaged *damaged, struct salvaged *out)
{
	struct buffer index = get_file(INDEX_FILE);
	const struct index_record *records = (const void *)(index.data + INDEX_RECORD_BYTES);
	size_t count = index.length / INDEX_RECORD_BYTES - 1;

	for (size_t i = 0; i < count; i++) {
		size_t frame = frame_of(damaged, &records[i]);
		bool good = frame < LONG_FRAMES && damaged->decodable[frame];

		if (good)
			out->shown[frame] = true;
		out->kept += good;
		out->wrong += !good;
	}
	buffer_finish(&index);
}

static inline void salvage(const struct damaged *damaged, bool with_index, struct salvaged *out)
{
	*out = (struct salvaged){0};
	unlinkat(directory, ASIDE_FILE, 0);
	put_file(MEDIA_FILE, damaged->media.data, damaged->media.length);
	unlinkat(directory, INDEX_FILE, 0);
	if (with_index)
		put_file(INDEX_FILE, damaged->index.data, damaged->index.length);
	out->outcome = segment_repair(directory, MEDIA_FILE, &out->entry, NULL, &why);
	if (out->outcome == REPAIR_DONE)
		look_at_index(damaged, out);
}

#endif
