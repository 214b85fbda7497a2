/* test_video_ring.c - the ring with the newest video: its records, its size, and its name. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "recorderd/ring/leftovers.h"
#include "recorderd/ring/video_writer.h"
#include "shared/ring/shm_name.h"
#include "shared/ring/video_ring.h"
#include "tests/unit/support/ring_cases.h"

#define FRAME_US   (US_PER_S / 30)
#define MOOF_BYTES 100u
#define BEGIN_US   (1000 * US_PER_S)

static const uint8_t init_segment[800] = "ftyp and moov";
static char camera[CONFIG_NAME_BYTES], ring_name[64], video_name[VIDEO_RING_NAME_BYTES];

/* ring_case.name is that of the video ring. */
static int name_rings(void **state)
{
	(void)state;
	snprintf(camera, sizeof(camera), "video-%d", (int)getpid());
	snprintf(ring_name, sizeof(ring_name), "/recorder.%s", camera);
	video_ring_name(ring_name, video_name);
	snprintf(ring_case.name, sizeof(ring_case.name), "%s", video_name);
	return 0;
}

static struct video_writer *open_video(void)
{
	struct video_writer *writer = video_writer_open(ring_name, 0);
	assert_non_null(writer);
	return writer;
}

/* Puts one of 30 frames per second; each 30th is a key frame. Its bytes are those of make_frame(number). */
static void put_video(struct video_writer *writer, uint32_t number, size_t bytes)
{
	uint8_t *data = malloc(bytes);

	assert_non_null(data);
	make_frame(data, bytes, number);
	video_writer_put(writer, &(struct video_fragment){
					 .wall_us = BEGIN_US + number * FRAME_US,
					 .mono_us = BEGIN_US + number * FRAME_US,
					 .run_mono_us = BEGIN_US,
					 .width = 64,
					 .height = 48,
					 .key = number % 30 == 0,
					 .init = init_segment,
					 .init_bytes = sizeof(init_segment),
					 .data = data,
					 .moof_bytes = MOOF_BYTES,
					 .total_bytes = bytes,
				 });
	free(data);
}

/* Checks the frame of the ring, and returns its number in the run. */
static uint32_t assert_record(const struct ring_reader *reader, uint64_t seq)
{
	struct ring_frame frame;
	struct video_parts parts;

	assert_true(ring_reader_get(reader, seq, &frame));
	assert_true(video_record_split(frame.data, frame.meta.length, &parts));
	assert_int_equal(parts.record.moof_bytes, MOOF_BYTES);
	assert_int_equal(parts.record.run_mono_us, BEGIN_US);
	assert_int_equal(frame.meta.mono_us, BEGIN_US + parts.record.number * FRAME_US);
	assert_int_equal(parts.init != NULL, parts.record.number % 30 == 0);
	if (parts.init)
		assert_memory_equal(parts.init, init_segment, sizeof(init_segment));
	assert_true(frame_is_intact(parts.fragment, parts.fragment_bytes));
	return parts.record.number;
}

static void a_key_frame_has_everything_to_begin_with(void **state)
{
	(void)state;
	struct video_writer *writer = open_video();
	for (uint32_t i = 0; i < 61; i++)
		put_video(writer, i, 1000 + i);
	struct ring_reader *reader = open_reader();
	assert_int_equal(ring_reader_head(reader), 61);
	for (uint32_t i = 0; i < 61; i++)
		assert_int_equal(assert_record(reader, i + 1), i);
	ring_reader_close(reader);
	video_writer_close(writer);
	assert_null(ring_reader_open(video_name, &ring_case.why));
}

/* The time that its frames cover once two minutes of them were put. */
static int64_t held_us(size_t frame_bytes, uint64_t *data_bytes)
{
	struct ring_frame oldest, newest;
	struct video_writer *writer = open_video();
	for (uint32_t i = 0; i < 3600; i++)
		put_video(writer, i, frame_bytes);
	struct ring_reader *reader = open_reader();
	*data_bytes = video_writer_data_bytes(writer);
	assert_int_equal(*data_bytes, ring_reader_data_bytes(reader));
	uint64_t tail = ring_reader_tail(reader), head = ring_reader_head(reader);
	assert_true(ring_reader_get(reader, tail, &oldest) && ring_reader_get(reader, head, &newest));
	assert_int_equal(assert_record(reader, head), 3599);
	ring_reader_close(reader);
	video_writer_close(writer);
	return newest.meta.mono_us - oldest.meta.mono_us;
}

static void it_holds_four_seconds_and_is_no_larger_than_that_needs(void **state)
{
	(void)state;
	uint64_t bytes;
	assert_true(held_us(2000, &bytes) >= VIDEO_RING_HOLD_US);
	assert_int_equal(bytes, 2 * MIB);
	assert_true(held_us(100000, &bytes) >= VIDEO_RING_HOLD_US); /* 24 Mbit/s */
	assert_int_equal(bytes, 16 * MIB);
}

/* A frame fills at most a quarter of a ring. */
static void a_large_key_frame_makes_it_grow(void **state)
{
	(void)state;
	struct video_writer *writer = open_video();
	put_video(writer, 0, 3 * MIB);
	assert_int_equal(video_writer_data_bytes(writer), 16 * MIB);
	struct ring_reader *reader = open_reader();
	assert_int_equal(assert_record(reader, 1), 0);
	put_video(writer, 1, 60 * MIB);
	put_video(writer, 2, 1000);
	assert_int_equal(ring_reader_head(reader), 2);
	assert_int_equal(assert_record(reader, 2), 2); /* so a reader knows that one is missing */
	ring_reader_close(reader);
	video_writer_close(writer);
}

static void the_next_recorder_takes_it_over(void **state)
{
	(void)state;
	struct video_writer *writer = open_video();
	for (uint32_t i = 0; i < 10; i++)
		put_video(writer, i, 1000);
	video_writer_detach(writer);
	writer = open_video();
	struct ring_reader *reader = open_reader();
	assert_int_equal(assert_record(reader, 10), 9);
	ring_reader_close(reader);
	video_writer_detach(writer);
	video_writer_remove_leftover(ring_name);
	assert_null(ring_reader_open(video_name, &ring_case.why));
}

static void a_removed_name_is_created_again(void **state)
{
	(void)state;
	struct video_writer *writer = open_video();
	put_video(writer, 0, 1000);
	video_writer_check(writer);
	assert_int_equal(shm_unlink(video_name), 0);
	video_writer_check(writer);
	put_video(writer, 30, 1000);
	struct ring_reader *reader = open_reader();
	assert_int_equal(ring_reader_head(reader), 1);
	ring_reader_close(reader);
	video_writer_close(writer);
}

/* The object at that name is not this user's, and stays as it is. */
static void an_object_of_another_user_only_costs_the_name(void **state)
{
	char path[SHM_NAME_BYTES];
	struct stat status;

	(void)state;
	if (geteuid() != 0)
		skip();
	shm_name_path(video_name, path);
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR, 0666);
	assert_true(fd >= 0 && fchown(fd, 12345, 12345) == 0);
	close(fd);
	struct video_writer *writer = open_video();
	for (uint32_t i = 0; i < 200; i++)
		put_video(writer, i, 200000); /* it grows as well */
	struct ring_reader *reader = open_reader();
	assert_record(reader, ring_reader_head(reader));
	ring_reader_close(reader);
	video_writer_close(writer);
	assert_int_equal(lstat(path, &status), 0);
	assert_int_equal(status.st_uid, 12345);
	assert_int_equal(status.st_size, 0);
}

static size_t listed(void)
{
	struct leftover *all;
	size_t count = leftovers_find(&all), found = 0;

	for (size_t i = 0; i < count; i++)
		found += strcmp(all[i].camera, camera) == 0;
	free(all);
	return found;
}

static void it_is_freed_with_the_ring_or_alone(void **state)
{
	struct leftover left;
	uint64_t bytes;

	(void)state;
	for (int with_ring = 1; with_ring >= 0; with_ring--) {
		if (with_ring) {
			snprintf(ring_case.name, sizeof(ring_case.name), "%s", ring_name);
			ring_writer_detach(open_writer());
			snprintf(ring_case.name, sizeof(ring_case.name), "%s", video_name);
		}
		video_writer_detach(open_video());
		assert_int_equal(leftover_find(camera, &left), with_ring);
		if (with_ring)
			assert_true(left.bytes >= 3 * MIB);
		assert_int_equal(listed(), 1);
		assert_int_equal(leftover_free(camera, &bytes, &ring_case.why), LEFTOVER_FREED);
		assert_true(bytes >= (with_ring ? 3 : 2) * MIB);
		assert_int_equal(listed(), 0);
		assert_int_equal(shm_open(video_name, O_RDONLY, 0), -1);
	}
}

static void sizes_that_do_not_add_up_are_refused(void **state)
{
	uint8_t bytes[200] = {0};
	struct video_record record = {VIDEO_RECORD_MAGIC, 0, 1, 50, 20, 98, 0};
	struct video_parts parts;

	(void)state;
	memcpy(bytes, &record, sizeof(record));
	assert_true(video_record_split(bytes, 200, &parts));
	assert_ptr_equal(parts.init, bytes + 32);
	assert_ptr_equal(parts.fragment, bytes + 82);
	assert_int_equal(parts.fragment_bytes, 118);
	assert_false(video_record_split(bytes, 199, &parts));
	assert_false(video_record_split(bytes, 31, &parts));
	static const struct video_record bad[] = {
		{0, 0, 1, 50, 20, 98, 0},
		{VIDEO_RECORD_MAGIC, 0, 1, 50, 0, 118, 0},
		{VIDEO_RECORD_MAGIC, 0, 1, 50, 118, 0, 0},
		{VIDEO_RECORD_MAGIC, 0, 1, 50, 20, 99, 0},
		{VIDEO_RECORD_MAGIC, 0, 1, UINT32_MAX, 20, 98, 0},
		{VIDEO_RECORD_MAGIC, 0, 1, 50, UINT32_MAX, 119, 0},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(bytes, &bad[i], sizeof(bad[i]));
		assert_false(video_record_split(bytes, 200, &parts));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_CASE(a_key_frame_has_everything_to_begin_with),
		RING_CASE(it_holds_four_seconds_and_is_no_larger_than_that_needs),
		RING_CASE(a_large_key_frame_makes_it_grow),
		RING_CASE(the_next_recorder_takes_it_over),
		RING_CASE(a_removed_name_is_created_again),
		RING_CASE(it_is_freed_with_the_ring_or_alone),
		RING_CASE(an_object_of_another_user_only_costs_the_name),
		cmocka_unit_test(sizes_that_do_not_add_up_are_refused),
	};

	return cmocka_run_group_tests(tests, name_rings, remove_ring);
}
