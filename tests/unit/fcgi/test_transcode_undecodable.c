/*
 * test_transcode_undecodable.c - frames that are whole JPEGs, but that FFmpeg cannot decode, among those encoded for a
 * clip. They are dropped, and change neither the times nor the key frames of the others.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fcgi/transcode/transcode_plan.h"
#include "recorderd/ring/ring_writer.h"
#include "tests/unit/support/camera_jpegs.h"
#include "tests/unit/support/clip_cases.h"
#include "tests/unit/support/in_range.h"

static struct config config = {.record = {.encoder = "libx264", .preset = "ultrafast", .quality = 30}};

static void spoil(uint8_t *jpeg, size_t bytes)
{
	uint8_t *table = memmem(jpeg, bytes, "\xff\xdb", 2);

	assert_non_null(table);
	table[4] = 0xff; /* a quantisation table with an invalid precision */
}

/* A ring of frames at the stream's times, of which `count` from number `from` on are undecodable. */
static struct ring_writer *ring_without(size_t from, size_t count, struct ring_reader **reader)
{
	static uint8_t good[1 << 14], bad[1 << 14];
	size_t length = camera_jpeg_make(96, 64, good, sizeof(good));
	struct ring_request request = {.data_bytes = 4 << 20, .index_entries = 1024, .keep_us = INT64_MAX / 2};
	char name[64];
	uint64_t bytes, adopted;
	struct reason why;

	memcpy(bad, good, length);
	spoil(bad, length);
	snprintf(name, sizeof(name), "/recorder.test-undecodable-%d", (int)getpid());
	request.name = name;
	struct ring_writer *ring = ring_writer_open(&request, &bytes, &adopted, &why);
	assert_non_null(ring);
	for (size_t i = 0; i < MEDIA_FRAMES; i++) {
		struct iovec part = {i >= from && i < from + count ? bad : good, length};
		struct ring_meta meta = {.wall_us = media_wall_us(i),
					 .mono_us = media_time_us(i) + 1,
					 .epoch = 1,
					 .width = 96,
					 .height = 64};
		assert_int_equal(ring_writer_put(ring, &meta, &part, 1), i + 1);
	}
	const void *memory = ring_writer_memory(ring, &bytes);
	*reader = ring_reader_attach(memory, bytes, &why);
	assert_non_null(*reader);
	return ring;
}

/* Encodes what a plan needs, and adds it. */
static void encode_into(struct clip_plan *plan, const struct ring_reader *ring)
{
	struct transcode transcode = {.config = &config};

	assert_true(transcode_plan_add_missing(plan, ring, true, &transcode) &&
		    transcode_plan_add_mismatched(plan, &transcode));
	assert_true(transcode.count > 0);
	assert_true(transcode_prepare(&transcode));
	assert_int_equal(transcode_run(&transcode), 0);
	assert_true(transcode_adopt(&transcode, plan));
	transcode_free(&transcode);
}

static void encode_ring(size_t from, size_t count, struct clip_plan *plan)
{
	struct ring_reader *reader;
	struct ring_writer *ring = ring_without(from, count, &reader);

	*plan = (struct clip_plan){.from_us = RUN_US, .to_us = media_wall_us(MEDIA_FRAMES)};
	encode_into(plan, reader);
	ring_reader_close(reader);
	ring_writer_close(ring);
}

/* All other frames keep their microsecond, and the first of each second is a key frame. */
static void assert_only_missing(size_t from, size_t count)
{
	struct clip_plan plan;
	int64_t second = 0;
	size_t frame = 0;

	encode_ring(from, count, &plan);
	assert_int_equal(plan.count, 1);
	const struct segment_reader *segment = &plan.slices[0].segment;
	assert_int_equal(segment->count, MEDIA_FRAMES - count);
	for (size_t i = 0; i < segment->count; i++, frame++) {
		const struct index_record *record = &segment->records[i];
		if (frame == from)
			frame += count;
		assert_int_equal(record->wall_us, media_wall_us(frame));
		assert_int_equal((record->flags & INDEX_KEY) != 0, media_wall_us(frame) / US_PER_S != second);
		second = media_wall_us(frame) / US_PER_S;
	}
	clip_plan_free(&plan);
}

static void undecodable_frames_change_neither_times_nor_key_frames(void **state)
{
	(void)state;
	assert_only_missing(0, 0);
	assert_only_missing(0, 1);
	assert_only_missing(0, MEDIA_FRAMES / 3);
	assert_only_missing(next_key(8), 2);
	assert_only_missing(MEDIA_FRAMES - 3, 3);
}

static void undecodable_frames_alone_make_no_slice(void **state)
{
	struct clip_plan plan;

	(void)state;
	encode_ring(0, MEDIA_FRAMES, &plan);
	assert_int_equal(plan.count, 0);
	clip_plan_free(&plan);
}

static void recorded_frames_next_to_undecodable_ones_are_kept(void **state)
{
	size_t two = next_key(24);
	const struct part parts[] = {{&streams.h264, two, MEDIA_FRAMES - two, GAP_OFF, true}};
	struct ring_reader *reader;
	struct ring_writer *ring = ring_without(0, MEDIA_FRAMES, &reader);
	struct clip_plan plan;

	(void)state;
	archive_of_parts(parts, 1);
	assert_int_equal(clip_plan_make(clip_folder, RUN_US, media_wall_us(MEDIA_FRAMES), &plan), PLAN_OK);
	encode_into(&plan, reader);
	assert_int_equal(plan.count, 1);
	assert_int_equal(plan.slices[0].origin, CLIP_DISK);
	assert_int_equal(plan.slices[0].head.wall_us, media_wall_us(two));
	clip_plan_free(&plan);
	ring_reader_close(reader);
	ring_writer_close(ring);
}

/*
 * How many ranges of ring frames would be encoded for a plan from from_us to the end of the stream. The last segment
 * gives `cause` as the reason for the gap before it, and last_us as the end of the previous one.
 */
static size_t ranges_between(int64_t from_us, uint32_t cause, int64_t last_us)
{
	struct transcode transcode = {.config = &config};
	struct ring_reader *reader;
	struct ring_writer *ring = ring_without(10, next_key(24) - 10, &reader);
	struct clip_plan plan;

	assert_int_equal(clip_plan_make(clip_folder, from_us, media_wall_us(MEDIA_FRAMES), &plan), PLAN_OK);
	struct catalogue_entry *last = &plan.slices[plan.count - 1].segment.entry;
	last->gap_cause = (uint8_t)cause;
	last->last_wall_us = last_us;
	assert_true(transcode_plan_add_missing(&plan, reader, true, &transcode));
	clip_plan_free(&plan);
	ring_reader_close(reader);
	ring_writer_close(ring);
	return transcode.count;
}

/* Otherwise each clip would wait for an FFmpeg that cannot decode them either. */
static void frames_that_the_recorder_could_not_decode_are_not_encoded_again(void **state)
{
	size_t two = next_key(24);
	const struct part parts[] = {{&streams.h264, 0, 10, GAP_START, true},
				     {&streams.h264, two, MEDIA_FRAMES - two, GAP_ENCODER, true}};
	int64_t end_us = media_wall_us(10), inside_us = end_us + US_PER_S / 5;

	(void)state;
	archive_of_parts(parts, 2);
	assert_int_equal(ranges_between(RUN_US, GAP_ENCODER, end_us), 0);
	assert_int_equal(ranges_between(inside_us, GAP_ENCODER, end_us), 0);
	assert_int_equal(ranges_between(RUN_US, GAP_DISK, end_us), 1);
	assert_int_equal(ranges_between(RUN_US, GAP_ENCODER, 0), 1);
	/* The end of the first segment is lost, or another segment between them is. */
	assert_int_equal(ranges_between(RUN_US, GAP_ENCODER, media_wall_us(two) - US_PER_S / 5), 1);
	assert_int_equal(ranges_between(inside_us, GAP_ENCODER, media_wall_us(two) - US_PER_S / 5), 1);
}

/* Makes the first `count` JPEGs of the first segment undecodable. */
static void spoil_segment(size_t count)
{
	char path[PATH_BYTES];
	struct buffer media = file_read(path_of("recording_20270115_100000.mp4", path));
	uint8_t *at = media.data, *end = media.data + media.length;

	for (size_t i = 0; i < count; i++) {
		uint8_t *jpeg = memmem(at, (size_t)(end - at), "\xff\xd8\xff", 3);
		assert_non_null(jpeg);
		spoil(jpeg, (size_t)(end - jpeg));
		at = jpeg + 3;
	}
	file_write(path, media.data, media.length);
	buffer_free(&media);
}

static void undecodable_frames_of_jpeg_segments_are_dropped(void **state)
{
	const struct part parts[] = {{&streams.mjpeg, 0, 16, GAP_START, true},
				     {&streams.h264, next_key(16), 8, GAP_FORMAT, true}};
	struct clip_plan plan;

	(void)state;
	for (size_t count = 3; count <= 16; count += 13) {
		archive_of_parts(parts, 2);
		spoil_segment(count);
		assert_int_equal(clip_plan_make(clip_folder, RUN_US, media_wall_us(MEDIA_FRAMES), &plan), PLAN_OK);
		assert_int_equal(plan.count, 2);
		encode_into(&plan, NULL);
		assert_int_equal(plan.count, count == 16 ? 1 : 2);
		assert_int_equal(plan.slices[0].head.wall_us, media_wall_us(count == 16 ? next_key(16) : count));
		clip_plan_free(&plan);
	}
}

static void a_broken_ffmpeg_is_not_taken_for_undecodable_frames(void **state)
{
	const struct clip_plan plan = {.from_us = RUN_US, .to_us = media_wall_us(MEDIA_FRAMES)};
	struct transcode transcode = {.config = &config};
	struct ring_reader *reader;
	struct ring_writer *ring = ring_without(0, MEDIA_FRAMES, &reader);

	(void)state;
	snprintf(config.record.preset, sizeof(config.record.preset), "no-such-preset");
	assert_true(transcode_plan_add_missing(&plan, reader, true, &transcode) &&
		    transcode_plan_add_mismatched(&plan, &transcode));
	assert_true(transcode_prepare(&transcode));
	assert_int_not_equal(transcode_run(&transcode), 0);
	snprintf(config.record.preset, sizeof(config.record.preset), "ultrafast");
	transcode_free(&transcode);
	ring_reader_close(reader);
	ring_writer_close(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(undecodable_frames_change_neither_times_nor_key_frames),
		cmocka_unit_test(undecodable_frames_alone_make_no_slice),
		cmocka_unit_test(recorded_frames_next_to_undecodable_ones_are_kept),
		cmocka_unit_test(frames_that_the_recorder_could_not_decode_are_not_encoded_again),
		cmocka_unit_test(undecodable_frames_of_jpeg_segments_are_dropped),
		cmocka_unit_test(a_broken_ffmpeg_is_not_taken_for_undecodable_frames),
	};

	return cmocka_run_group_tests(tests, clip_folder_make, drop_streams);
}
