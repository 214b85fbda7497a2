/* test_ring_left.c - rings that are left to the next writer, that are freed, or that are not trusted. */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recorderd/ring/ring_object.h"
#include "tests/unit/support/ring_cases.h"

#define FRAMES 300u

static uint64_t held_bytes(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	return (uint64_t)status.st_blocks * 512;
}

static void a_writer_that_detaches_leaves_its_frames_to_the_next(void **state)
{
	(void)state;
	uint64_t adopted;
	struct ring_writer *writer = open_writer();
	struct ring_reader *reader = open_reader();
	put_frames(writer, 1, 10);
	ring_writer_detach(writer);
	assert_true(ring_reader_is_current(reader, ring_case.name));
	assert_int_equal(assert_newest(reader, 10), 10);
	writer = open_writer_of(MIB, 64, &adopted);
	assert_int_equal(adopted, 10);
	put_frames(writer, 11, 5);
	assert_int_equal(assert_newest(reader, 15), 15);
	ring_reader_close(reader);
	ring_writer_close(writer);
}

/* Of a ring that is closed, a reader keeps the newest frame, which it may be using, and no other. */
static void a_closed_ring_frees_its_memory_even_while_it_is_mapped(void **state)
{
	(void)state;
	uint64_t adopted;
	struct ring_frame frame, before;
	struct ring_writer *writer = open_writer_of(16 * MIB, 1024, &adopted);
	put_frames(writer, 1, 100);
	struct ring_reader *reader = open_reader();
	int fd = shm_open(ring_case.name, O_RDONLY, 0);
	assert_true(ring_reader_get(reader, 100, &frame));
	assert_true(ring_reader_get(reader, 99, &before));
	assert_true(held_bytes(fd) >= 16 * MIB);
	ring_writer_close(writer);
	assert_true(held_bytes(fd) < MIB);
	assert_true(ring_reader_is_intact(reader, &frame));
	assert_int_equal(assert_newest(reader, 100), 1);
	assert_false(ring_reader_is_intact(reader, &before));
	for (uint64_t seq = 1; seq < 100; seq++)
		assert_false(ring_reader_get(reader, seq, &frame));
	assert_false(ring_reader_is_current(reader, ring_case.name));
	close(fd);
	ring_reader_close(reader);
}

static struct ring_writer *open_masked(uint64_t mask, uint64_t *adopted)
{
	const struct ring_request request = {
		.name = ring_case.name, .data_bytes = MIB, .index_entries = 64, .keep_us = INT64_MAX / 2, .mask = mask};
	uint64_t bytes;
	struct ring_writer *writer = ring_writer_open(&request, &bytes, adopted, &ring_case.why);

	assert_non_null(writer);
	return writer;
}

static void expect_emptied(struct ring_reader *reader, const struct ring_frame *newest)
{
	struct ring_frame frame;

	assert_true(ring_reader_is_emptied(reader));
	assert_false(ring_reader_is_intact(reader, newest));
	for (uint64_t seq = 1; seq <= 10; seq++)
		assert_false(ring_reader_get(reader, seq, &frame));
	assert_false(ring_reader_is_current(reader, ring_case.name));
}

static void frames_of_another_mask_are_not_taken_over_and_nobody_can_read_them(void **state)
{
	struct ring_frame newest;
	uint64_t adopted;

	(void)state;
	struct ring_writer *writer = open_masked(7, &adopted);
	put_frames(writer, 1, 10);
	struct ring_reader *reader = open_reader();
	assert_true(ring_reader_mask(reader) == 7);
	assert_true(ring_reader_get(reader, 10, &newest));
	ring_writer_detach(writer);
	writer = open_masked(7, &adopted);
	assert_int_equal(adopted, 10);
	assert_false(ring_reader_is_emptied(reader));
	ring_writer_detach(writer);
	writer = open_masked(8, &adopted);
	assert_int_equal(adopted, 0);
	expect_emptied(reader, &newest);
	ring_reader_close(reader);
	reader = open_reader();
	assert_true(ring_reader_mask(reader) == 8);
	ring_reader_close(reader);
	ring_writer_close(writer);
}

static void of_an_emptied_ring_not_even_the_newest_frame_is_left(void **state)
{
	struct ring_frame newest;

	(void)state;
	struct ring_writer *writer = open_writer();
	put_frames(writer, 1, 10);
	struct ring_reader *reader = open_reader();
	assert_true(ring_reader_get(reader, 10, &newest));
	ring_writer_empty(writer);
	expect_emptied(reader, &newest);
	ring_reader_close(reader);
}

/* From a ring with 300 frames in 16 MiB to other sizes and numbers of entries. */
static void another_size_gets_the_newest_frames_that_fit(void **state)
{
	static const struct {
		uint64_t bytes, entries, min, max;
	} sizes[] = {
		{32 * MIB, 1024, FRAMES, FRAMES}, {40 * MIB, 2048, FRAMES, FRAMES}, {4 * MIB, 1024, 70, 80},
		{16 * MIB, 100, 99, 100},         {16 * MIB, 4096, FRAMES, FRAMES}, {MIB, 16, 15, 16},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t adopted;
		struct ring_writer *writer = open_writer_of(16 * MIB, 1024, &adopted);
		put_frames(writer, 1, FRAMES);
		ring_writer_set_state(writer, &(struct recorder_state){.camera = "front", .bus = "usb-1"});
		struct ring_reader *before = open_reader();
		ring_writer_detach(writer);
		writer = open_writer_of(sizes[i].bytes, sizes[i].entries, &adopted);
		if (!writer)
			fail_msg("%s", ring_case.why.text);
		assert_false(ring_reader_is_current(before, ring_case.name));
		ring_reader_close(before);
		struct ring_reader *reader = open_reader();
		assert_int_equal(adopted, ring_reader_head(reader));
		uint64_t count = assert_newest(reader, FRAMES);
		assert_in_range(count, sizes[i].min, sizes[i].max);
		struct recorder_state state_before;
		assert_true(ring_reader_state(reader, &state_before));
		assert_string_equal(state_before.bus, "usb-1");
		put_frames(writer, FRAMES + 1, 200);
		assert_newest(reader, FRAMES + 200);
		ring_reader_close(reader);
		ring_writer_close(writer);
	}
}

/* A crash while frames are being copied leaves an unfinished copy. */
static void an_unfinished_copy_is_removed(void **state)
{
	(void)state;
	uint64_t adopted;
	char name[80];
	struct ring_writer *writer = open_writer();
	put_frames(writer, 1, 10);
	ring_writer_detach(writer);
	snprintf(name, sizeof(name), "%s.new", ring_case.name);
	int fd = shm_open(name, O_RDWR | O_CREAT, 0640);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	close(fd);
	writer = open_writer_of(2 * MIB, 64, &adopted);
	assert_int_equal(adopted, 10);
	ring_writer_close(writer);
	assert_int_equal(shm_open(name, O_RDONLY, 0), -1);
}

/* If a recorder is killed while it copies frames, the next one still has the newest of them. */
static void a_kill_during_copying_loses_no_newest_frame(void **state)
{
	uint32_t seed = 5;

	(void)state;
	for (int round = 0; round < 12; round++) {
		uint64_t adopted;
		struct ring_writer *writer = open_writer_of(64 * MIB, 2048, &adopted);
		put_frames(writer, 1, 1000);
		ring_writer_detach(writer);
		pid_t pid = fork();
		if (pid == 0) {
			open_writer_of(80 * MIB, 2048, &adopted);
			pause(); /* until it is killed */
		}
		struct timespec while_us = {.tv_nsec = 1000 * (long)(ring_random(&seed) % 40000)};
		nanosleep(&while_us, NULL);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		writer = open_writer_of(64 * MIB, 2048, &adopted);
		assert_non_null(writer);
		struct ring_reader *reader = open_reader();
		assert_true(adopted > 0);
		assert_true(assert_newest(reader, 1000) >= 1);
		ring_reader_close(reader);
		ring_writer_close(writer);
	}
}

/* A kill during copying leaves a ring with missing pages. Writing to them would be a SIGBUS if /dev/shm is full. */
static void a_ring_with_holes_gets_its_pages_before_it_is_written(void **state)
{
	(void)state;
	uint64_t adopted;
	struct ring_writer *writer = open_writer_of(16 * MIB, 1024, &adopted);
	put_frames(writer, 1, 20);
	ring_writer_detach(writer);
	int fd = shm_open(ring_case.name, O_RDWR, 0);
	assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4 * MIB, 8 * MIB), 0);
	assert_true(held_bytes(fd) < 16 * MIB);
	close(fd);
	writer = open_writer_of(16 * MIB, 1024, &adopted);
	assert_non_null(writer);
	assert_int_equal(adopted, 20);
	fd = shm_open(ring_case.name, O_RDONLY, 0);
	assert_true(held_bytes(fd) >= 16 * MIB);
	close(fd);
	struct ring_reader *reader = open_reader();
	assert_int_equal(assert_newest(reader, 20), 20);
	ring_reader_close(reader);
	ring_writer_close(writer);
}

static void a_ring_of_another_version_is_not_taken_over(void **state)
{
	(void)state;
	uint64_t adopted = 1;
	uint32_t version = RING_VERSION + 1;
	assert_int_equal(in_child(write_ten_and_die), 0);
	int fd = shm_open(ring_case.name, O_RDWR, 0);
	assert_int_equal(pwrite(fd, &version, 4, offsetof(struct ring_header, version)), 4);
	close(fd);
	struct ring_object object;
	assert_int_equal(ring_object_open(ring_case.name, geteuid(), &object, &ring_case.why), RING_OBJECT_FOUND);
	assert_false(ring_object_can_take_over(&object, &ring_case.why));
	assert_non_null(strstr(ring_case.why.text, "version"));
	ring_object_close(&object);
	struct ring_writer *writer = open_writer_of(MIB, 64, &adopted);
	assert_non_null(writer);
	assert_int_equal(adopted, 0);
	ring_writer_close(writer);
}

static void a_ring_that_others_may_write_to_is_not_taken_over(void **state)
{
	static const mode_t modes[] = {0660, 0642, 0666};
	static const mode_t good[] = {0640, 0600, 0644};

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		uint64_t adopted;
		assert_int_equal(in_child(write_ten_and_die), 0);
		int fd = shm_open(ring_case.name, O_RDWR, 0);
		assert_int_equal(fchmod(fd, i < 3 ? modes[i] : good[i - 3]), 0);
		struct ring_writer *writer = open_writer_of(MIB, 64, &adopted);
		assert_non_null(writer);
		assert_int_equal(adopted, i < 3 ? 0 : 10);
		close(fd);
		struct stat status;
		fd = shm_open(ring_case.name, O_RDONLY, 0);
		assert_int_equal(fstat(fd, &status), 0);
		assert_int_equal(status.st_mode & 07777, 0640);
		close(fd);
		ring_writer_close(writer);
	}
}

static void a_ring_that_others_may_access_is_not_read(void **state)
{
	static const mode_t modes[] = {0644, 0660, 0666, 0641};
	char path[100];

	(void)state;
	struct ring_writer *writer = open_writer();
	put_frames(writer, 1, 3);
	snprintf(path, sizeof(path), RING_FOLDER "%s", ring_case.name);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_null(ring_reader_open(ring_case.name, &ring_case.why));
		assert_non_null(strstr(ring_case.why.text, "not trusted"));
	}
	assert_int_equal(chmod(path, 0640), 0);
	ring_reader_close(open_reader());
	ring_writer_close(writer);
	assert_int_equal(mkfifo(path, 0640), 0); /* nobody writes to it: waiting for that would never end */
	assert_null(ring_reader_open(ring_case.name, &ring_case.why));
	assert_int_equal(unlink(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_CASE(a_writer_that_detaches_leaves_its_frames_to_the_next),
		RING_CASE(a_closed_ring_frees_its_memory_even_while_it_is_mapped),
		RING_CASE(frames_of_another_mask_are_not_taken_over_and_nobody_can_read_them),
		RING_CASE(of_an_emptied_ring_not_even_the_newest_frame_is_left),
		RING_CASE(another_size_gets_the_newest_frames_that_fit),
		RING_CASE(an_unfinished_copy_is_removed),
		RING_CASE(a_kill_during_copying_loses_no_newest_frame),
		RING_CASE(a_ring_with_holes_gets_its_pages_before_it_is_written),
		RING_CASE(a_ring_of_another_version_is_not_taken_over),
		RING_CASE(a_ring_that_others_may_write_to_is_not_taken_over),
		RING_CASE(a_ring_that_others_may_access_is_not_read),
	};
	return cmocka_run_group_tests_name("ring_left", tests, name_ring, remove_ring);
}
