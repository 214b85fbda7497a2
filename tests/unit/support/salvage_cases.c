/* salvage_cases.c - damaged segments, and which of their frames can be kept at best. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/crc32c.h"
#include "shared/base/log.h"
#include "tests/unit/support/salvage_cases.h"

struct long_segments long_segments;

#define REPEAT_US     INT64_C(8300000)
#define NEXT_FIRST_US (REPEATS * REPEAT_US)

static void long_index_add(struct long_segment *segment, size_t frame, const struct mp4_fragment *fragment,
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
	buffer_append(&segment->index, &record, sizeof(record));
}

/* The stream repeated, each fragment with its checksum. */
static void long_make(struct long_segment *out, uint64_t segment_no, int64_t first_us)
{
	struct buffer head = segment_of(&streams.h264, 0, 0, segment_no);
	struct segment_info info = {.segment_no = segment_no, .run_no = 3, .camera = "front"};
	struct index_header header = {.segment_no = segment_no, .first_wall_us = MEDIA_WALL_US + first_us};

	index_header_seal(&header);
	buffer_append(&out->index, &header, sizeof(header));
	info.first_wall_us = MEDIA_WALL_US + first_us;
	info.last_wall_us = info.first_wall_us;
	buffer_append(&out->media, head.data, streams.h264.ftyp.bytes);
	segment_info_encode(&info, &out->media);
	buffer_append(&out->media, head.data + out->media.length, head.length - out->media.length);
	buffer_free(&head);
	for (size_t i = 0; i < LONG_FRAMES; i++) {
		const struct piece *piece = &streams.h264.fragments[i % MEDIA_FRAMES];
		uint64_t time_us =
			(uint64_t)((int64_t)(i / MEDIA_FRAMES) * REPEAT_US + media_time_us(i % MEDIA_FRAMES));
		struct mp4_fragment fragment;
		size_t at = out->media.length;

		buffer_append(&out->media, streams.h264.data.data + piece->at, piece->bytes);
		uint8_t *data = out->media.data + at;
		assert_true(mp4_parse_fragment(data, moof_bytes(data), &fragment));
		assert_true(mp4_rewrite_fragment(data, &fragment, (uint32_t)i + 1, time_us));
		segment_checksum_seal(data, piece->bytes, &fragment, segment_no);
		out->frames[i] = (struct placed){at, piece->bytes, fragment.key};
		long_index_add(out, i, &fragment, info.first_wall_us + (int64_t)time_us, segment_no);
	}
	assert_false(out->media.failed || out->index.failed);
}

void put_file(const char *name, const void *data, size_t length)
{
	char path[PATH_BYTES];

	file_write(path_of(name, path), data, length);
}

struct buffer get_file(const char *name)
{
	char path[PATH_BYTES];

	return file_read(path_of(name, path));
}

int make_long_segments(void **state)
{
	setenv("TMPDIR", "/dev/shm", 0);
	log_set_level(LOG_ERROR);
	if (make_streams(state) != 0)
		return -1;
	long_segments.directory = open(media_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long_make(&long_segments.whole, SEGMENT_NO, 0);
	long_make(&long_segments.next, SEGMENT_NO + 1, NEXT_FIRST_US);
	return 0;
}

int drop_long_segments(void **state)
{
	buffer_free(&long_segments.whole.media);
	buffer_free(&long_segments.whole.index);
	buffer_free(&long_segments.next.media);
	buffer_free(&long_segments.next.index);
	close(long_segments.directory);
	return drop_streams(state);
}

/* Where a frame is now. */
static size_t place_of(const struct damaged *damaged, size_t frame)
{
	size_t at = long_segments.whole.frames[frame].at;

	return at >= damaged->removed_at + damaged->removed ? at - damaged->removed : at;
}

void damage_begin(struct damaged *out)
{
	*out = (struct damaged){0};
	buffer_append(&out->media, long_segments.whole.media.data, long_segments.whole.media.length);
	buffer_append(&out->index, long_segments.whole.index.data, long_segments.whole.index.length);
}

void damage_judge(struct damaged *out)
{
	for (size_t i = 0; i < LONG_FRAMES; i++) {
		const struct placed *frame = &long_segments.whole.frames[i];
		size_t at = place_of(out, i);

		out->intact[i] =
			at + frame->bytes <= out->media.length &&
			memcmp(out->media.data + at, long_segments.whole.media.data + frame->at, frame->bytes) == 0;
		out->decodable[i] = out->intact[i] && (frame->key || (i > 0 && out->decodable[i - 1]));
		out->intact_count += out->intact[i];
		out->decodable_count += out->decodable[i];
	}
}

void damage_finish(struct damaged *damaged)
{
	buffer_free(&damaged->media);
	buffer_free(&damaged->index);
}

/* The number of the frame that a record describes; LONG_FRAMES if there is none. */
static size_t frame_of(const struct damaged *damaged, const struct index_record *record)
{
	const struct index_record *records = (const void *)(long_segments.whole.index.data + INDEX_RECORD_BYTES);

	for (size_t i = 0; i < LONG_FRAMES; i++)
		if (records[i].offset + place_of(damaged, i) - long_segments.whole.frames[i].at == record->offset &&
		    records[i].size == record->size && records[i].wall_us == record->wall_us)
			return i;
	return LONG_FRAMES;
}

static void look_at_index(const struct damaged *damaged, struct salvaged *out)
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
	buffer_free(&index);
}

void salvage(const struct damaged *damaged, bool with_index, struct salvaged *out)
{
	*out = (struct salvaged){0};
	unlinkat(long_segments.directory, ASIDE_FILE, 0);
	put_file(MEDIA_FILE, damaged->media.data, damaged->media.length);
	unlinkat(long_segments.directory, INDEX_FILE, 0);
	if (with_index)
		put_file(INDEX_FILE, damaged->index.data, damaged->index.length);
	out->outcome = segment_repair(long_segments.directory, MEDIA_FILE, &out->entry, NULL, &long_segments.why);
	if (out->outcome == REPAIR_DONE)
		look_at_index(damaged, out);
}
