/*
 * test_transcode_plan.c - what has to be encoded for a clip: frames that only the ring has, segments of JPEGs, other
 * picture sizes; and stills.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi/clip/clip_final.h"
#include "fcgi/transcode/still.h"
#include "fcgi/transcode/transcode_plan.h"
#include "recorderd/ring/ring_writer.h"
#include "tests/unit/support/clip_cases.h"
#include "tests/unit/support/in_range.h"

#define RING_ENTRIES 1024u

static struct config config = {.record = {.encoder = "libx264", .preset = "ultrafast", .quality = 10}};

/* A ring that holds the stream's pictures as JPEGs, at the stream's times. */
static struct ring_writer *ring_of(size_t frames_per_epoch, struct ring_reader **reader)
{
	struct buffer jpegs =
		output_of("ffmpeg -v error -f lavfi -i testsrc=size=96x64:rate=10 -frames:v %u -c:v mjpeg "
			  "-pix_fmt yuvj420p -f mjpeg pipe:1",
			  MEDIA_FRAMES);
	char name[64];
	struct ring_request request = {
		.name = name, .data_bytes = 4 << 20, .index_entries = RING_ENTRIES, .keep_us = INT64_MAX / 2};
	uint64_t data_bytes, adopted, memory_bytes;
	struct reason why;
	const uint8_t *at = jpegs.data, *end = jpegs.data + jpegs.length;

	snprintf(name, sizeof(name), "/recorder.test-clip-%d", (int)getpid());
	struct ring_writer *ring = ring_writer_open(&request, &data_bytes, &adopted, &why);
	assert_non_null(ring);
	for (size_t i = 0; i < MEDIA_FRAMES; i++) {
		const uint8_t *eoi = memmem(at, (size_t)(end - at), "\xff\xd9", 2);
		assert_non_null(eoi);
		struct iovec part = {(void *)(uintptr_t)at, (size_t)(eoi + 2 - at)};
		struct ring_meta meta = {.wall_us = media_wall_us(i),
					 .mono_us = media_time_us(i) + 1,
					 .epoch = (uint32_t)(i / frames_per_epoch) + 1,
					 .width = 96,
					 .height = 64};
		assert_int_equal(ring_writer_put(ring, &meta, &part, 1), i + 1);
		at = eoi + 2;
	}
	buffer_free(&jpegs);
	const void *memory = ring_writer_memory(ring, &memory_bytes);
	*reader = ring_reader_attach(memory, memory_bytes, &why);
	assert_non_null(*reader);
	return ring;
}

/* Index of the slice that pretends to have another picture size, so that it has to be scaled. */
static size_t other_size = SIZE_MAX;

/* Plans a clip, encodes what is not in the index, and builds it. */
static struct clip joined_clip(const struct ring_reader *ring, int64_t from_us, int64_t to_us)
{
	struct clip_plan plan;
	struct transcode transcode = {.config = &config};
	struct clip clip;

	assert_int_equal(clip_plan_make(clip_folder, from_us, to_us, &plan), PLAN_OK);
	if (other_size < plan.count)
		plan.slices[other_size].segment.entry.width = 48;
	assert_true(transcode_plan_add_missing(&plan, ring, true, &transcode));
	assert_true(transcode_plan_add_mismatched(&plan, &transcode));
	assert_true(transcode.count > 0);
	assert_true(transcode_prepare(&transcode));
	assert_int_equal(transcode_run(&transcode), 0);
	assert_true(transcode_adopt(&transcode, &plan));
	assert_false(transcode.frames_missing);
	assert_true(clip_build(&plan, 1, &clip));
	transcode_free(&transcode);
	clip_plan_free(&plan);
	return clip;
}

static void assert_times_from(const struct clip *clip, size_t first, size_t count)
{
	static struct decoded got[MEDIA_FRAMES * 2];
	char path[PATH_BYTES];

	write_clip(clip, path);
	assert_int_equal(decode(path, got), count);
	for (size_t i = 0; i < count; i++)
		assert_int_in_range(got[i].time_us - (media_time_us(first + i) - media_time_us(first)) + 12, 0, 24);
}

static void what_was_never_recorded_comes_from_the_ring(void **state)
{
	struct ring_reader *reader;
	struct ring_writer *ring = ring_of(MEDIA_FRAMES, &reader);

	(void)state;
	archive_of_parts(NULL, 0);
	struct clip clip = joined_clip(reader, RUN_US, media_wall_us(MEDIA_FRAMES));
	assert_string_equal(clip.source, "memory");
	assert_times_from(&clip, 0, MEDIA_FRAMES);
	clip_free(&clip);
	ring_reader_close(reader);
	ring_writer_close(ring);
}

static void the_ring_fills_the_gaps_of_the_index(void **state)
{
	size_t two = next_key(24);
	const struct part parts[] = {{&streams.h264, two, 10, GAP_OFF, true}};
	struct ring_reader *reader;
	struct ring_writer *ring = ring_of(MEDIA_FRAMES, &reader);

	(void)state;
	archive_of_parts(parts, 1);
	struct clip clip = joined_clip(reader, RUN_US, media_wall_us(MEDIA_FRAMES));
	assert_string_equal(clip.source, "disk, memory");
	assert_times_from(&clip, 0, MEDIA_FRAMES);
	clip_free(&clip);
	ring_reader_close(reader);
	ring_writer_close(ring);
}

/* As of a camera that was unplugged and plugged in all day; the ring has the last frames. */
static void a_gap_after_many_recordings_is_found(void **state)
{
	static struct clip_slice slices[300];
	struct ring_reader *reader;
	struct ring_writer *ring = ring_of(MEDIA_FRAMES, &reader);
	struct transcode transcode = {.config = &config};
	struct clip_plan plan = {.from_us = RUN_US - 301 * US_PER_S,
				 .to_us = media_wall_us(MEDIA_FRAMES),
				 .slices = slices,
				 .count = 300};

	(void)state;
	for (size_t i = 0; i < plan.count; i++) {
		slices[i].head.wall_us = plan.from_us + (int64_t)i * US_PER_S;
		slices[i].tail = slices[i].head;
		slices[i].tail.duration_us = 1000;
	}
	assert_true(transcode_plan_add_missing(&plan, reader, true, &transcode));
	assert_int_equal(transcode.count, 1);
	assert_int_equal(transcode.parts[0].position, plan.count);
	assert_int_equal(transcode.parts[0].last_seq - transcode.parts[0].first_seq + 1, MEDIA_FRAMES);
	ring_reader_close(reader);
	ring_writer_close(ring);
}

static void more_parts_than_are_allowed_are_refused(void **state)
{
	const struct clip_plan plan = {.from_us = RUN_US, .to_us = media_wall_us(MEDIA_FRAMES)};
	struct ring_reader *reader;
	struct ring_writer *ring = ring_of(1, &reader);
	struct transcode transcode = {.config = &config};

	(void)state;
	assert_true(MEDIA_FRAMES > TRANSCODE_PARTS_MAX);
	assert_false(transcode_plan_add_missing(&plan, reader, true, &transcode));
	assert_int_equal(transcode.count, TRANSCODE_PARTS_MAX);
	ring_reader_close(reader);
	ring_writer_close(ring);
}

/* The limit is for all parts together: here the second of two does not fit. */
static void what_takes_too_much_memory_is_refused(void **state)
{
	const struct clip_plan plan = {.from_us = RUN_US, .to_us = media_wall_us(MEDIA_FRAMES)};
	struct ring_reader *reader;
	struct ring_writer *ring = ring_of(MEDIA_FRAMES / 2, &reader);
	struct transcode transcode = {.config = &config};
	struct stat one, both;

	(void)state;
	assert_true(transcode_plan_add_missing(&plan, reader, true, &transcode) &&
		    transcode_plan_add_mismatched(&plan, &transcode));
	assert_int_equal(transcode.count, 2);
	assert_true(transcode_prepare(&transcode));
	assert_int_equal(transcode_run(&transcode), 0);
	assert_int_equal(fstat(transcode.parts[0].memory_fd, &one), 0);
	assert_int_equal(fstat(transcode.parts[1].memory_fd, &both), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(ftruncate(transcode.parts[i].memory_fd, 0), 0);
		lseek(transcode.parts[i].memory_fd, 0, SEEK_SET);
	}
	transcode.bytes_max = (uint64_t)(one.st_size + both.st_size / 2);
	assert_int_equal(transcode_run(&transcode), TRANSCODE_TOO_LARGE);
	transcode_free(&transcode);
	ring_reader_close(reader);
	ring_writer_close(ring);
}

/* Writes to the ring until that many of its first frames are gone. */
static void overwrite(struct ring_writer *ring, const struct ring_reader *reader, uint64_t frames)
{
	uint8_t byte = 0;
	struct iovec part = {&byte, 1};
	struct ring_meta meta = {
		.wall_us = media_wall_us(MEDIA_FRAMES) + 60 * US_PER_S, .epoch = 9, .width = 96, .height = 64};

	while (ring_reader_head(reader) < RING_ENTRIES + frames) {
		meta.mono_us = meta.wall_us += 1000;
		assert_true(ring_writer_put(ring, &meta, &part, 1) > 0);
	}
}

static void frames_overwritten_before_the_start_are_reported(void **state)
{
	struct clip_plan plan = {.from_us = RUN_US, .to_us = media_wall_us(MEDIA_FRAMES)};
	struct ring_reader *reader;
	struct ring_writer *ring = ring_of(MEDIA_FRAMES, &reader);
	struct transcode transcode = {.config = &config};
	struct clip clip;

	(void)state;
	assert_true(transcode_plan_add_missing(&plan, reader, true, &transcode) &&
		    transcode_plan_add_mismatched(&plan, &transcode));
	overwrite(ring, reader, 5);
	assert_true(transcode_prepare(&transcode));
	assert_int_equal(transcode_run(&transcode), 0);
	assert_true(transcode_adopt(&transcode, &plan));
	assert_true(transcode.frames_missing);
	assert_true(clip_build(&plan, 1, &clip));
	assert_times_from(&clip, 5, MEDIA_FRAMES - 5);
	assert_int_equal(clip.start_us, media_wall_us(5));
	clip_free(&clip);
	transcode_free(&transcode);
	clip_plan_free(&plan);
	ring_reader_close(reader);
	ring_writer_close(ring);
}

static void a_range_that_is_overwritten_entirely_is_refused(void **state)
{
	const struct clip_plan plan = {.from_us = RUN_US, .to_us = media_wall_us(MEDIA_FRAMES)};
	struct ring_reader *reader;
	struct ring_writer *ring = ring_of(MEDIA_FRAMES, &reader);
	struct transcode transcode = {.config = &config};

	(void)state;
	assert_true(transcode_plan_add_missing(&plan, reader, true, &transcode) &&
		    transcode_plan_add_mismatched(&plan, &transcode));
	overwrite(ring, reader, MEDIA_FRAMES);
	assert_true(transcode_prepare(&transcode));
	assert_int_equal(transcode_run(&transcode), TRANSCODE_OVERWRITTEN);
	transcode_free(&transcode);
	ring_reader_close(reader);
	ring_writer_close(ring);
}

static void segments_of_jpegs_are_transcoded(void **state)
{
	const struct part parts[] = {
		{&streams.mjpeg, 0, 16, GAP_START, true},
		{&streams.h264, next_key(16), 8, GAP_FORMAT, true},
	};

	(void)state;
	archive_of_parts(parts, 1);
	struct clip clip = joined_clip(NULL, RUN_US, media_wall_us(16));
	assert_string_equal(clip.source, "transcoded");
	assert_times_from(&clip, 0, 16);
	clip_free(&clip);
	archive_of_parts(parts, 2);
	clip = joined_clip(NULL, RUN_US, media_wall_us(MEDIA_FRAMES));
	assert_int_equal(clip.frames, 24);
	clip_free(&clip);
}

static void a_slice_of_another_size_is_scaled(void **state)
{
	size_t one = next_key(10), two = next_key(20);
	const struct part parts[] = {
		{&streams.h264, 0, one, GAP_START, true},
		{&streams.h264, one, two - one, GAP_FORMAT, true},
		{&streams.h264, two, MEDIA_FRAMES - two, GAP_FORMAT, true},
	};

	(void)state;
	archive_of_parts(parts, 3);
	other_size = 1;
	struct clip clip = joined_clip(NULL, RUN_US, media_wall_us(MEDIA_FRAMES));
	other_size = SIZE_MAX;
	assert_string_equal(clip.source, "transcoded");
	assert_times_from(&clip, 0, MEDIA_FRAMES);
	clip_free(&clip);
}

static void a_key_frame_becomes_a_still(void **state)
{
	const struct part parts[] = {{&streams.h264, 0, MEDIA_FRAMES, GAP_START, true}};
	struct still still;
	size_t key = next_key(12);

	(void)state;
	archive_of_parts(parts, 1);
	still_init(&still);
	still.width = 48;
	assert_true(still_from_archive(&still, clip_folder, media_wall_us(key) + 1000));
	assert_int_equal(still.wall_us, media_wall_us(key));
	assert_true(still_needs_ffmpeg(&still));
	still.memory_fd = memfd_create("still", MFD_CLOEXEC);
	assert_int_equal(still_run(&still), 0);
	assert_true(still_adopt(&still));
	assert_memory_equal(still.jpeg.data, "\xff\xd8", 2);
	still_free(&still);
}

static void a_segment_of_jpegs_has_every_frame_as_a_still(void **state)
{
	const struct part parts[] = {{&streams.mjpeg, 0, MEDIA_FRAMES, GAP_START, true}};
	struct still still;

	(void)state;
	archive_of_parts(parts, 1);
	for (size_t i = 0; i < MEDIA_FRAMES; i++) {
		still_init(&still);
		assert_true(still_from_archive(&still, clip_folder, media_wall_us(i)));
		assert_int_equal(still.wall_us, media_wall_us(i));
		assert_int_equal(still.newest, i + 1 == MEDIA_FRAMES);
		assert_false(still_needs_ffmpeg(&still));
		still_free(&still);
	}
}

static void the_still_of_an_instant_is_the_last_frame_before_it(void **state)
{
	struct ring_reader *reader;
	struct ring_writer *ring = ring_of(MEDIA_FRAMES, &reader);
	struct still still;

	(void)state;
	for (size_t i = 0; i + 1 < MEDIA_FRAMES; i++) {
		still_init(&still);
		assert_true(still_from_ring(&still, reader, media_wall_us(i)));
		assert_int_equal(still.wall_us, media_wall_us(i));
		assert_false(still.newest);
		still_free(&still);
	}
	assert_false(still_from_ring(&still, reader, media_wall_us(0) - 1));
	assert_true(still_from_ring(&still, reader, INT64_MAX));
	assert_int_equal(still.wall_us, media_wall_us(MEDIA_FRAMES - 1));
	assert_true(still.newest);
	still_free(&still);
	ring_reader_close(reader);
	ring_writer_close(ring);
}

/* The segments of these tests have the boot id 0, but the ring has the id of this boot. */
static void an_open_segment_of_another_boot_is_not_final_before_it_is_repaired(void **state)
{
	const struct part parts[] = {{&streams.h264, 0, MEDIA_FRAMES, GAP_START, false}};
	const struct recorder_state all_indexed = {.indexed_mono_us = CLOCK_MAX_US - 1};
	struct ring_reader *reader;
	struct ring_writer *ring = ring_of(MEDIA_FRAMES, &reader);
	struct clip_plan plan;
	uint64_t bytes;

	(void)state;
	archive_of_parts(parts, 1);
	assert_int_equal(clip_plan_make(clip_folder, RUN_US, media_wall_us(MEDIA_FRAMES - 1), &plan), PLAN_OK);
	assert_true(plan.is_open);
	assert_false(clip_is_final(&plan, reader, &all_indexed));
	uint8_t *header = (uint8_t *)(uintptr_t)ring_writer_memory(ring, &bytes);
	memset(header + offsetof(struct ring_header, boot_id), 0, 16);
	assert_true(clip_is_final(&plan, reader, &all_indexed));
	segment_reader_release(&plan.slices[0].segment);
	assert_true(clip_is_final(&plan, reader, &all_indexed));
	clip_plan_free(&plan);
	ring_reader_close(reader);
	ring_writer_close(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_never_recorded_comes_from_the_ring),
		cmocka_unit_test(the_ring_fills_the_gaps_of_the_index),
		cmocka_unit_test(a_gap_after_many_recordings_is_found),
		cmocka_unit_test(more_parts_than_are_allowed_are_refused),
		cmocka_unit_test(what_takes_too_much_memory_is_refused),
		cmocka_unit_test(frames_overwritten_before_the_start_are_reported),
		cmocka_unit_test(a_range_that_is_overwritten_entirely_is_refused),
		cmocka_unit_test(segments_of_jpegs_are_transcoded),
		cmocka_unit_test(a_slice_of_another_size_is_scaled),
		cmocka_unit_test(an_open_segment_of_another_boot_is_not_final_before_it_is_repaired),
		cmocka_unit_test(a_key_frame_becomes_a_still),
		cmocka_unit_test(a_segment_of_jpegs_has_every_frame_as_a_still),
		cmocka_unit_test(the_still_of_an_instant_is_the_last_frame_before_it),
	};

	return cmocka_run_group_tests(tests, clip_folder_make, drop_streams);
}
