/* test_segment.c - segments in all their states, read by FFmpeg and by the walk. */
#include "tests/unit/support/segment_cases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/big_endian.h"

static void every_state_of_a_segment_plays(const struct stream *stream, size_t first)
{
	size_t count = MEDIA_FRAMES - first;
	struct buffer segment = segment_of(stream, first, count, SEGMENT_NO);
	struct segment_layout layout;
	struct walked walked;

	assert_decodes(&segment, stream, first, count, 0);
	assert_int_equal(examine_bytes(segment.data, segment.length, &layout, &walked), SEGMENT_OK);
	struct buffer moov = final_moov(&layout, &walked);
	size_t end = segment.length;
	buffer_append(&segment, moov.data, moov.length);
	assert_decodes(&segment, stream, first, count, 0);
	hide_fragments(&segment, &layout, end);
	assert_decodes(&segment, stream, first, count, 12);
	buffer_free(&moov);
	buffer_free(&segment);
	segment_layout_free(&layout);
}

static void open_half_finished_and_complete_segments_play_alike(void **state)
{
	(void)state;
	every_state_of_a_segment_plays(&streams.h264, 0);
	every_state_of_a_segment_plays(&streams.mjpeg, 0);
}

static size_t second_key(void)
{
	size_t frame = 1;

	while (!media_key(frame))
		frame++;
	return frame;
}

static void a_segment_from_within_a_run_starts_at_zero(void **state)
{
	(void)state;
	every_state_of_a_segment_plays(&streams.h264, second_key());
}

static void the_layout_describes_the_head(void **state)
{
	(void)state;
	struct buffer segment = segment_of(&streams.h264, 0, SMALL, SEGMENT_NO);
	struct segment_layout layout;
	struct walked walked;

	assert_int_equal(examine_bytes(segment.data, segment.length, &layout, &walked), SEGMENT_OK);
	assert_int_equal(layout.form, SEGMENT_OPEN);
	assert_int_equal(layout.info.segment_no, SEGMENT_NO);
	assert_int_equal(layout.info.first_wall_us, MEDIA_WALL_US);
	assert_memory_equal(segment.data + layout.free_at + 4, "free", 4);
	assert_int_equal(layout.media_at, layout.free_at + 16);
	assert_memory_equal(segment.data + layout.media_at + 4, "moov", 4);
	assert_memory_equal(segment.data + layout.fragments_at + 4, "moof", 4);
	assert_int_equal(layout.media_end, segment.length);
	assert_int_equal(layout.init.codec, MP4_TYPE('a', 'v', 'c', '1'));
	assert_ptr_equal(layout.init.entry, layout.entry_bytes);
	assert_int_equal(layout.head.length, layout.fragments_at);
	assert_memory_equal(layout.head.data, segment.data, layout.head.length);
	/*
	 * The 16 bytes that are overwritten at the end are in one sector, so they are written as a whole or not at all.
	 */
	assert_int_equal(layout.free_at / 512, (layout.free_at + 15) / 512);
	segment_layout_free(&layout);
	segment_layout_free(&layout);
	buffer_free(&segment);
}

static void a_walk_gives_a_sealed_record_for_each_frame(void **state)
{
	(void)state;
	struct buffer segment = segment_of(&streams.h264, 0, MEDIA_FRAMES, SEGMENT_NO);
	struct segment_layout layout;
	struct walked walked;

	assert_int_equal(examine_bytes(segment.data, segment.length, &layout, &walked), SEGMENT_OK);
	assert_int_equal(walked.outcome, SEGMENT_OK);
	assert_int_equal(walked.count, MEDIA_FRAMES);
	assert_int_equal(walked.good_end, segment.length);
	for (size_t i = 0; i < MEDIA_FRAMES; i++) {
		const struct index_record *record = &walked.records[i];
		assert_true(index_record_valid(record, SEGMENT_NO));
		assert_int_equal(record->wall_us, MEDIA_WALL_US + media_time_us(i));
		assert_int_equal(record->flags, media_key(i) ? INDEX_KEY : 0);
		assert_memory_equal(segment.data + record->offset - 4, "mdat", 4);
		if (i + 1 < MEDIA_FRAMES)
			assert_int_equal(record->wall_us + record->duration_us, walked.records[i + 1].wall_us);
	}
	segment_layout_free(&layout);
	buffer_free(&segment);
}

static void the_complete_form_walks_to_the_same_records(void **state)
{
	(void)state;
	const struct stream *both[] = {&streams.h264, &streams.mjpeg};

	for (size_t s = 0; s < 2; s++) {
		struct buffer segment = segment_of(both[s], 0, MEDIA_FRAMES, SEGMENT_NO);
		struct segment_layout open_layout, layout;
		struct walked open, complete;
		assert_int_equal(examine_bytes(segment.data, segment.length, &open_layout, &open), SEGMENT_OK);
		size_t end = complete_segment(&segment);
		assert_int_equal(examine_bytes(segment.data, segment.length, &layout, &complete), SEGMENT_OK);
		assert_int_equal(layout.form, SEGMENT_COMPLETE);
		assert_int_equal(layout.media_end, end);
		assert_int_equal(complete.good_end, end);
		assert_int_equal(complete.count, MEDIA_FRAMES);
		assert_memory_equal(complete.records, open.records, sizeof(open.records));
		assert_int_equal(layout.fragments_at, open_layout.fragments_at);
		segment_layout_free(&layout);
		segment_layout_free(&open_layout);
		buffer_free(&segment);
	}
}

static void the_final_moov_lists_the_key_frames(void **state)
{
	(void)state;
	struct buffer segment = segment_of(&streams.h264, 0, MEDIA_FRAMES, SEGMENT_NO);
	size_t end = complete_segment(&segment);
	const uint8_t *stss = memmem(segment.data + end, segment.length - end, "stss", 4);
	uint32_t keys = 0;

	assert_non_null(stss);
	for (size_t i = 0; i < MEDIA_FRAMES; i++)
		if (media_key(i))
			assert_int_equal(be32_get(stss + 12 + 4 * keys++), i + 1);
	assert_int_equal(be32_get(stss + 8), keys);
	buffer_free(&segment);
}

static void an_unreadable_file_is_an_error(void **state)
{
	(void)state;
	struct segment_layout layout;
	int fd = open(media_folder, O_RDONLY | O_DIRECTORY);

	assert_int_equal(segment_read_layout(fd, &layout), SEGMENT_ERROR);
	assert_int_equal(errno, EISDIR);
	segment_layout_free(&layout);

	struct buffer segment = segment_of(&streams.h264, 0, SMALL, SEGMENT_NO);
	struct walked walked;
	assert_int_equal(examine_bytes(segment.data, segment.length, &layout, &walked), SEGMENT_OK);
	assert_int_equal(segment_walk(fd, &layout, take_record, &walked, &walked.good_end), SEGMENT_ERROR);
	assert_int_equal(walked.good_end, layout.fragments_at);
	segment_layout_free(&layout);
	buffer_free(&segment);
	close(fd);
}

static void a_walk_can_be_stopped(void **state)
{
	(void)state;
	struct buffer segment = segment_of(&streams.h264, 0, SMALL, SEGMENT_NO);
	struct walked walked = {.stop_at = 2};
	struct segment_layout layout;
	int fd = file_of(segment.data, segment.length);

	assert_int_equal(segment_read_layout(fd, &layout), SEGMENT_OK);
	assert_int_equal(segment_walk(fd, &layout, take_record, &walked, &walked.good_end), SEGMENT_OK);
	assert_int_equal(walked.count, 2);
	assert_int_equal(walked.good_end,
			 layout.fragments_at + streams.h264.fragments[0].bytes + streams.h264.fragments[1].bytes);
	segment_layout_free(&layout);
	close(fd);
	buffer_free(&segment);
}

static void the_uuid_box_keeps_every_field(void **state)
{
	(void)state;
	struct segment_info info = {
		.segment_no = 0x1122334455667788,
		.run_no = 9,
		.first_wall_us = MEDIA_WALL_US,
		.first_mono_us = 12345678,
		.last_wall_us = MEDIA_WALL_US - 5,
		.utc_offset_s = -12600,
		.gap_cause = GAP_UNPLUGGED,
		.source = SOURCE_TEST,
		.boot_id = {1, 2, 3, 250},
		.camera = "workshop-door_2",
	};
	struct segment_info got;
	struct buffer box = {0};

	segment_info_encode(&info, &box);
	assert_true(segment_info_decode(box.data, box.length, &got));
	assert_memory_equal(&got, &info, offsetof(struct segment_info, camera) + sizeof(info.camera));
	for (size_t at = 0; at < box.length * 8; at++) {
		box.data[at / 8] ^= (uint8_t)(1u << at % 8);
		assert_false(segment_info_decode(box.data, box.length, &got));
		box.data[at / 8] ^= (uint8_t)(1u << at % 8);
	}
	assert_false(segment_info_decode(box.data, box.length - 1, &got));
	buffer_free(&box);
}

static void names_are_local_times_and_no_other_name_is_valid(void **state)
{
	(void)state;
	static const char *const good[] = {"recording_20260517_102300.mp4", "recording_20260517_102300_2.mp4",
					   "recording_20260517_102300_10.mp4"};
	static const char *const bad[] = {"",
					  "recording_",
					  "recording_20260517_102300",
					  "recording_20260517_102300.idx",
					  "recording_20260517_102300.mp4 ",
					  "recording_20260517_102300_1.mp4",
					  "recording_20260517_102300_02.mp4",
					  "recording_20260517_102300_.mp4",
					  "recording_2026051_1102300.mp4",
					  "../recording_20260517_102300.mp4",
					  "recording_20260517_102300_1234567890.mp4",
					  "recording_20260517-102300.mp4",
					  "recording_20260517_102300.mp4/x",
					  "recording_index.json"};
	char name[SEGMENT_FILE_BYTES];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(segment_file_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(segment_file_valid(bad[i]));
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	segment_file_name(INT64_C(1779006180999999), 0, name);
	assert_string_equal(name, "recording_20260517_102300.mp4");
	segment_file_name(INT64_C(1779006180000000), 1, name);
	assert_string_equal(name, "recording_20260517_102300.mp4");
	segment_file_name(INT64_C(1779006180000000), 2, name);
	assert_string_equal(name, "recording_20260517_102300_2.mp4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_half_finished_and_complete_segments_play_alike),
		cmocka_unit_test(a_segment_from_within_a_run_starts_at_zero),
		cmocka_unit_test(the_layout_describes_the_head),
		cmocka_unit_test(a_walk_gives_a_sealed_record_for_each_frame),
		cmocka_unit_test(the_complete_form_walks_to_the_same_records),
		cmocka_unit_test(the_final_moov_lists_the_key_frames),
		cmocka_unit_test(an_unreadable_file_is_an_error),
		cmocka_unit_test(a_walk_can_be_stopped),
		cmocka_unit_test(the_uuid_box_keeps_every_field),
		cmocka_unit_test(names_are_local_times_and_no_other_name_is_valid),
	};

	return cmocka_run_group_tests(tests, make_streams, drop_streams);
}
