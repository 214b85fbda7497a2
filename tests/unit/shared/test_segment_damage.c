/* test_segment_damage.c - walks over segments that are cut, zeroed, half finished, mixed up or damaged. */
#include <fcntl.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "tests/unit/support/segment_cases.h"

/* The end of the last whole fragment within `length`, and how many there are. */
static uint64_t whole_until(const struct stream *stream, uint64_t fragments_at, size_t length, size_t *count)
{
	uint64_t end = fragments_at;

	for (*count = 0; *count < SMALL && end + stream->fragments[*count].bytes <= length; (*count)++)
		end += stream->fragments[*count].bytes;
	return end;
}

static void a_cut_at_any_byte_leaves_the_whole_fragments_before_it(void **state)
{
	(void)state;
	struct buffer segment = segment_of(&streams.h264, 0, SMALL, SEGMENT_NO);
	int fd = file_of(segment.data, segment.length);
	struct segment_layout layout;
	struct walked walked;
	size_t count;

	assert_int_equal(examine(fd, &layout, &walked), SEGMENT_OK);
	uint64_t fragments_at = layout.fragments_at;
	segment_layout_free(&layout);
	for (size_t length = segment.length + 1; length-- > 0;) {
		assert_int_equal(ftruncate(fd, (off_t)length), 0);
		enum segment_outcome outcome = examine(fd, &layout, &walked);
		assert_int_equal(outcome, length < fragments_at ? SEGMENT_EMPTY : SEGMENT_OK);
		if (outcome == SEGMENT_OK) {
			assert_int_equal(walked.outcome, SEGMENT_OK);
			assert_int_equal(walked.good_end, whole_until(&streams.h264, fragments_at, length, &count));
			assert_int_equal(walked.count, count);
		}
		segment_layout_free(&layout);
	}
	close(fd);
	buffer_free(&segment);
}

static void the_rest_after_a_cut_plays(void **state)
{
	(void)state;
	struct buffer segment = segment_of(&streams.h264, 0, SMALL, SEGMENT_NO);
	struct segment_layout layout;
	struct walked walked;

	assert_int_equal(examine_bytes(segment.data, segment.length - 1, &layout, &walked), SEGMENT_OK);
	segment.length = (size_t)walked.good_end;
	assert_decodes(&segment, &streams.h264, 0, SMALL - 1, 0);
	complete_segment(&segment);
	assert_decodes(&segment, &streams.h264, 0, SMALL - 1, 12);
	segment_layout_free(&layout);
	buffer_free(&segment);
}

static void zeros_from_any_byte_on_end_the_walk(void **state)
{
	(void)state;
	struct buffer segment = segment_of(&streams.h264, 0, SMALL, SEGMENT_NO);
	int fd = file_of(segment.data, segment.length);
	struct segment_layout layout;
	struct walked walked;
	size_t count;

	assert_int_equal(examine(fd, &layout, &walked), SEGMENT_OK);
	uint64_t fragments_at = layout.fragments_at;
	segment_layout_free(&layout);
	for (size_t from = segment.length; from-- > fragments_at;) {
		assert_int_equal(pwrite(fd, "", 1, (off_t)from), 1);
		assert_int_equal(examine(fd, &layout, &walked), SEGMENT_OK);
		uint64_t end = whole_until(&streams.h264, fragments_at, from, &count);
		/* A frame passes if its beginning is there: only its moof and its first bytes are read. */
		uint64_t seen = count < SMALL ? end + streams.h264.fragments[count].bytes : end;
		assert_true(walked.good_end == end || walked.good_end == seen);
		if (count < SMALL && from <= end + moof_bytes(segment.data + end) + 8)
			assert_int_equal(walked.good_end, end);
		segment_layout_free(&layout);
	}
	close(fd);
	buffer_free(&segment);
}

static void a_file_of_zeros_is_empty(void **state)
{
	(void)state;
	static const uint8_t zeros[100000];
	struct segment_layout layout;
	struct walked walked;

	assert_int_equal(examine_bytes(zeros, sizeof(zeros), &layout, &walked), SEGMENT_EMPTY);
	assert_int_equal(examine_bytes(zeros, 20, &layout, &walked), SEGMENT_EMPTY);
	assert_int_equal(examine_bytes(zeros, 0, &layout, &walked), SEGMENT_EMPTY);
}

static void a_torn_moov_is_cut_off(void **state)
{
	(void)state;
	struct buffer segment = segment_of(&streams.h264, 0, SMALL, SEGMENT_NO);
	struct segment_layout layout;
	struct walked walked;
	size_t end = complete_segment(&segment);

	memcpy(segment.data + 28 + 128, MEDIA_FREE, 16); /* as before the last step of finishing */
	for (size_t length = end; length <= segment.length; length++) {
		assert_int_equal(examine_bytes(segment.data, length, &layout, &walked), SEGMENT_OK);
		assert_int_equal(layout.form, SEGMENT_OPEN);
		assert_int_equal(walked.outcome, SEGMENT_OK);
		assert_int_equal(walked.good_end, end);
		assert_int_equal(walked.count, SMALL);
		segment_layout_free(&layout);
	}
	buffer_free(&segment);
}

static void a_complete_segment_that_lost_its_end_counts_as_open(void **state)
{
	(void)state;
	struct buffer segment = segment_of(&streams.h264, 0, SMALL, SEGMENT_NO);
	struct segment_layout layout;
	struct walked walked;
	size_t end = complete_segment(&segment), count;

	for (size_t length = segment.length - 1; length > end - 300; length--) {
		assert_int_equal(examine_bytes(segment.data, length, &layout, &walked), SEGMENT_OK);
		assert_int_equal(layout.form, SEGMENT_OPEN);
		assert_int_equal(walked.good_end, whole_until(&streams.h264, layout.fragments_at, length, &count));
		segment_layout_free(&layout);
	}
	buffer_free(&segment);
}

static void fragments_of_another_file_end_the_walk(void **state)
{
	(void)state;
	struct buffer segment = segment_of(&streams.h264, 0, 4, SEGMENT_NO);
	size_t end = segment.length;
	const struct piece *stale = &streams.h264.fragments[4];
	struct segment_layout layout;
	struct walked walked;

	/* A fragment with the right number is accepted; one that repeats or skips a number is not. */
	buffer_append(&segment, streams.h264.data.data + stale[1].at, stale[1].bytes);
	assert_int_equal(examine_bytes(segment.data, segment.length, &layout, &walked), SEGMENT_OK);
	assert_int_equal(walked.good_end, end);
	segment_layout_free(&layout);
	segment.length = end;
	buffer_append(&segment, streams.h264.data.data + stale->at, stale->bytes);
	assert_int_equal(examine_bytes(segment.data, segment.length, &layout, &walked), SEGMENT_OK);
	assert_int_equal(walked.good_end, segment.length);
	segment_layout_free(&layout);
	buffer_free(&segment);
}

/* Without checksums, as older recorders wrote them. */
static void the_walk_continues_at_the_next_key_frame(void **state)
{
	(void)state;
	const struct stream *both[] = {&streams.h264, &streams.mjpeg};

	for (size_t i = 0; i < 2; i++) {
		struct buffer segment = segment_of(both[i], 0, MEDIA_FRAMES, SEGMENT_NO);
		size_t at = segment.length, next = 4;
		struct segment_layout layout;
		struct walked walked;

		for (size_t frame = MEDIA_FRAMES; frame-- > 3;)
			at -= both[i]->fragments[frame].bytes;
		memset(segment.data + at, 0, 40);
		while (both[i] == &streams.h264 && !media_key(next))
			next++;
		assert_int_equal(examine_bytes(segment.data, segment.length, &layout, &walked), SEGMENT_OK);
		assert_int_equal(walked.count, 3 + MEDIA_FRAMES - next);
		assert_int_equal(walked.records[3].wall_us, MEDIA_WALL_US + media_time_us(next));
		assert_int_equal(walked.records[3].flags, INDEX_KEY | INDEX_AFTER_HOLE);
		assert_false(walked.records[4].flags & INDEX_AFTER_HOLE);
		assert_int_equal(walked.good_end, segment.length);
		segment_layout_free(&layout);
		buffer_free(&segment);
	}
}

static struct walked walk_beside(const struct buffer *segment, const struct index_reader *index)
{
	int fd = file_of(segment->data, segment->length);
	struct segment_layout layout;
	struct walked walked = {.count = 0};
	struct segment_scan_options search = {
		.thorough = true, .known_index = index, .on_record = take_record, .context = &walked};
	struct segment_scan_result found;

	assert_int_equal(segment_read_layout(fd, &layout), SEGMENT_OK);
	assert_int_equal(segment_scan_fragments(fd, &layout, &search, &found), SEGMENT_OK);
	segment_layout_free(&layout);
	close(fd);
	return walked;
}

/* Frames 10 and 11 are replaced by garbage and by frame 11, a few bytes after its place. */
static void a_fragment_without_a_checksum_that_the_index_contradicts_is_refused(void **state)
{
	(void)state;
	struct buffer segment = segment_of(&streams.mjpeg, 0, MEDIA_FRAMES, SEGMENT_NO), index = {0};
	struct index_header header = {.segment_no = SEGMENT_NO, .first_wall_us = MEDIA_WALL_US};
	struct walked walked = walk_beside(&segment, NULL);
	struct index_reader reader;
	char path[PATH_BYTES];

	assert_int_equal(walked.count, MEDIA_FRAMES);
	size_t bytes = streams.mjpeg.fragments[11].bytes,
	       at = (size_t)(walked.records[9].offset + walked.records[9].size);
	index_header_seal(&header);
	buffer_append(&index, &header, sizeof(header));
	buffer_append(&index, walked.records, walked.count * sizeof(walked.records[0]));
	file_write(path_of("a.idx", path), index.data, index.length);
	memmove(segment.data + at + 200, segment.data + at + streams.mjpeg.fragments[10].bytes, bytes);
	memset(segment.data + at, 0xee, 200);
	walked = walk_beside(&segment, NULL);
	assert_int_equal(walked.records[10].offset, at + 200 + moof_bytes(segment.data + at + 200) + 8);
	assert_int_equal(index_reader_open(AT_FDCWD, path, SEGMENT_NO, &reader), INDEX_OK);
	walked = walk_beside(&segment, &reader);
	assert_int_equal(walked.records[10].wall_us, MEDIA_WALL_US + media_time_us(12));
	index_reader_close(&reader);
	buffer_free(&index);
	buffer_free(&segment);
}

static void a_foreign_mp4_is_invalid(void **state)
{
	(void)state;
	struct buffer segment = segment_of(&streams.h264, 0, SMALL, SEGMENT_NO);
	struct segment_layout layout;
	struct walked walked;

	assert_int_equal(examine_bytes(streams.h264.data.data, streams.h264.data.length, &layout, &walked),
			 SEGMENT_INVALID);
	segment.data[28 + 100] ^= 1; /* within the uuid box */
	assert_int_equal(examine_bytes(segment.data, segment.length, &layout, &walked), SEGMENT_INVALID);
	buffer_free(&segment);
}

static void no_damaged_byte_misleads_the_walk(void **state)
{
	(void)state;
	uint32_t seed = 20260517;

	for (int form = 0; form < 2; form++) {
		struct buffer segment = segment_of(&streams.h264, 0, SMALL, SEGMENT_NO);
		if (form == 1)
			complete_segment(&segment);
		int fd = file_of(segment.data, segment.length);
		for (int round = 0; round < 10000; round++) {
			struct segment_layout layout;
			struct walked walked;
			off_t at = (off_t)(next_random(&seed) % (round % 2 ? 1200 : segment.length));
			uint8_t byte = (uint8_t)next_random(&seed);
			assert_int_equal(pwrite(fd, &byte, 1, at), 1);
			if (examine(fd, &layout, &walked) == SEGMENT_OK) {
				assert_true(walked.good_end <= segment.length);
				for (size_t i = 0; i < walked.count; i++)
					assert_true(walked.records[i].offset + walked.records[i].size <=
						    walked.good_end);
			}
			segment_layout_free(&layout);
			assert_int_equal(pwrite(fd, segment.data + at, 1, at), 1);
		}
		close(fd);
		buffer_free(&segment);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cut_at_any_byte_leaves_the_whole_fragments_before_it),
		cmocka_unit_test(the_rest_after_a_cut_plays),
		cmocka_unit_test(zeros_from_any_byte_on_end_the_walk),
		cmocka_unit_test(a_file_of_zeros_is_empty),
		cmocka_unit_test(a_torn_moov_is_cut_off),
		cmocka_unit_test(a_complete_segment_that_lost_its_end_counts_as_open),
		cmocka_unit_test(fragments_of_another_file_end_the_walk),
		cmocka_unit_test(the_walk_continues_at_the_next_key_frame),
		cmocka_unit_test(a_fragment_without_a_checksum_that_the_index_contradicts_is_refused),
		cmocka_unit_test(a_foreign_mp4_is_invalid),
		cmocka_unit_test(no_damaged_byte_misleads_the_walk),
	};

	return cmocka_run_group_tests(tests, make_streams, drop_streams);
}
