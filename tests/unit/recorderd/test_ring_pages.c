/* test_ring_pages.c - pages are allocated while the ring is in use, even if /dev/shm fills up meanwhile. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/ring/ring_layout.h"
#include "tests/unit/support/ring_cases.h"

#define RING_BYTES  (200 * MIB)
#define FRAME_BYTES (900 * 1024)

#define SMALL_FRAME_BYTES 3000u /* less than a page */

static struct ring_header *map_header(void)
{
	int fd = shm_open(ring_case.name, O_RDWR, 0);
	void *header = mmap(NULL, sizeof(struct ring_header), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	close(fd);
	assert_true(header != MAP_FAILED);
	return header;
}

static void pause_ms(long ms)
{
	struct timespec pause = {.tv_nsec = ms * 1000000};

	nanosleep(&pause, NULL);
}

/* Waits until the ring has that many bytes, at most 30 s. */
static bool wait_for_bytes(const struct ring_reader *reader, uint64_t bytes)
{
	for (int i = 0; ring_reader_data_bytes(reader) < bytes && i < 3000; i++)
		pause_ms(10);
	return ring_reader_data_bytes(reader) == bytes;
}

static void a_large_ring_takes_frames_at_once_while_its_pages_are_allocated(void **state)
{
	(void)state;
	uint64_t adopted;
	struct ring_writer *writer = open_writer_of(RING_BYTES, 4096, &adopted);
	struct ring_reader *reader = open_reader();
	assert_int_equal(ring_put(writer, FRAME_BYTES, 1, 1), 1);
	assert_true(wait_for_bytes(reader, RING_BYTES));
	struct stat status;
	int fd = shm_open(ring_case.name, O_RDONLY, 0);
	assert_int_equal(fstat(fd, &status), 0);
	close(fd);
	assert_true((uint64_t)status.st_blocks * 512 >= RING_BYTES);
	ring_reader_close(reader);
	ring_writer_close(writer);
}

/* Gives this process a small /dev/shm of its own; 77 if it cannot. In a chroot only /dev/shm may be a mount point. */
static int enter_small_shm(const char *options)
{
	bool alone = unshare(CLONE_NEWNS) == 0 && (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ||
						   mount(NULL, "/dev/shm", NULL, MS_PRIVATE, NULL) == 0);

	return alone && mount("tmpfs", "/dev/shm", "tmpfs", 0, options) == 0 ? 0 : 77;
}

/* What a writer leaves that dies while pages are being allocated: 64 MiB are usable, and no pages follow. */
static int make_ring_with_few_pages(void)
{
	struct ring_layout layout;
	pid_t pid = fork();

	if (pid == 0) {
		uint64_t adopted;
		open_writer_of(RING_BYTES, 4096, &adopted);
		raise(SIGKILL);
	}
	waitpid(pid, NULL, 0);
	int fd = shm_open(ring_case.name, O_RDWR, 0);
	struct ring_header *header = map_header();
	ring_layout_init(4096, RING_BYTES, &layout);
	header->usable = 64 * MIB;
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(layout.data_offset + 64 * MIB),
			 (off_t)(RING_BYTES - 64 * MIB));
}

/* Fills all but `left` bytes. */
static int fill_shm(off_t left)
{
	struct stat status;
	int fd = open("/dev/shm/others", O_WRONLY | O_CREAT | O_EXCL, 0600);

	for (off_t bytes = left; posix_fallocate(fd, 0, bytes) == 0; bytes += (off_t)MIB)
		if (fstat(fd, &status) != 0)
			return 1;
	return ftruncate(fd, status.st_size - left);
}

/* All frames are whole, and their age grows evenly, also across the skipped end of the data. */
static bool is_whole(const struct ring_reader *reader)
{
	struct ring_frame frame;
	double younger = 0;

	for (uint64_t seq = ring_reader_head(reader); seq >= ring_reader_tail(reader); seq--) {
		if (!ring_reader_get(reader, seq, &frame) || !frame_is_intact(frame.data, frame.meta.length))
			return false;
		double age = ring_reader_age(reader, &frame);
		if (age <= younger || age > younger + 0.05)
			return false;
		younger = age;
	}
	return younger > 0.9;
}

static bool stays_whole_while_wrapping(struct ring_writer *writer, const struct ring_reader *reader)
{
	for (uint32_t i = 1; i <= 400; i++) {
		if (ring_put(writer, FRAME_BYTES, i, i) != i)
			return false;
		if (i >= 100 && i % 30 == 0 && !is_whole(reader))
			return false;
	}
	return true;
}

static int write_in_a_full_shm(void)
{
	uint64_t adopted;
	int failed = enter_small_shm("size=300m");

	if (failed)
		return failed;
	if (make_ring_with_few_pages() != 0 || fill_shm(20 * (off_t)MIB) != 0)
		return 1;
	struct ring_writer *writer = open_writer_of(RING_BYTES, 4096, &adopted);
	struct ring_reader *reader = ring_reader_open(ring_case.name, &ring_case.why);
	/* 64 MiB, and one piece of 16 of the 20 that were left: 90 frames, or one less where the data wraps. */
	if (!writer || !reader || !wait_for_bytes(reader, 80 * MIB) || !stays_whole_while_wrapping(writer, reader))
		return 2;
	uint64_t held = ring_reader_head(reader) - ring_reader_tail(reader) + 1;
	if (ring_reader_data_bytes(reader) != 80 * MIB || held < 80 || held > 91)
		return 3;
	ring_reader_close(reader);
	ring_writer_close(writer);
	return 0;
}

static void a_ring_in_a_full_shm_continues_with_the_pages_that_it_has(void **state)
{
	(void)state;
	int status = in_child(write_in_a_full_shm);

	if (status == 77)
		skip();
	assert_int_equal(status, 0);
}

static int ask_for_too_much(void)
{
	uint64_t adopted;
	int failed = enter_small_shm("size=100m");

	if (failed)
		return failed;
	struct ring_writer *writer = open_writer_of(RING_BYTES, 4096, &adopted);
	struct ring_reader *reader = ring_reader_open(ring_case.name, &ring_case.why);
	if (!writer || !reader)
		return 1;
	wait_for_bytes(reader, 80 * MIB);
	if (ring_reader_data_bytes(reader) < 80 * MIB || ring_reader_data_bytes(reader) > 100 * MIB)
		return 2;
	ring_reader_close(reader);
	ring_writer_close(writer);
	return 0;
}

static int ask_for_more_than_nothing(void)
{
	uint64_t adopted;
	int failed = enter_small_shm("size=3m");

	if (failed)
		return failed;
	if (open_writer_of(RING_BYTES, 4096, &adopted) || !strstr(ring_case.why.text, "only 3 of its 3 MiB are free"))
		return 1;
	return shm_open(ring_case.name, O_RDONLY, 0) < 0 ? 0 : 2;
}

static void a_ring_that_does_not_fit_gets_what_there_is(void **state)
{
	(void)state;
	int status = in_child(ask_for_too_much);

	if (status == 77)
		skip();
	assert_int_equal(status, 0);
}

static void a_ring_without_room_is_refused_before_it_takes_a_page(void **state)
{
	(void)state;
	int status = in_child(ask_for_more_than_nothing);

	if (status == 77)
		skip();
	assert_int_equal(status, 0);
}

/* If there is no room for both rings at once, the new one begins with as many of the newest frames as fit. */
static int copy_without_room_for_both(uint32_t frames, uint64_t min_frames)
{
	uint64_t adopted;
	struct ring_writer *writer = open_writer_of(40 * MIB, 16384, &adopted);

	if (!writer)
		return 1;
	for (uint32_t i = 1; i <= frames; i++)
		ring_put(writer, SMALL_FRAME_BYTES, i, i);
	ring_writer_detach(writer);
	writer = open_writer_of(41 * MIB, 16384, &adopted);
	if (!writer || adopted < min_frames || adopted > frames)
		return 2;
	struct ring_reader *reader = open_reader();
	struct ring_frame frame;
	for (uint64_t seq = 1; seq <= adopted; seq++)
		if (!ring_reader_get(reader, seq, &frame) || !frame_is_intact(frame.data, frame.meta.length) ||
		    frame.meta.mono_us != (int64_t)(frames - adopted + seq))
			return 3;
	ring_reader_close(reader);
	ring_writer_close(writer);
	return 0;
}

static int copy_few_and_many(void)
{
	int failed = enter_small_shm("size=64m");

	if (failed)
		return failed;
	int status = copy_without_room_for_both(20, 20);
	return status ? status : copy_without_room_for_both(14000, 15 * MIB / SMALL_FRAME_BYTES) * 10;
}

static void a_ring_of_another_size_gets_the_frames_for_which_there_is_room(void **state)
{
	(void)state;
	int status = in_child(copy_few_and_many);

	if (status == 77)
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_CASE(a_large_ring_takes_frames_at_once_while_its_pages_are_allocated),
		RING_CASE(a_ring_in_a_full_shm_continues_with_the_pages_that_it_has),
		RING_CASE(a_ring_that_does_not_fit_gets_what_there_is),
		RING_CASE(a_ring_without_room_is_refused_before_it_takes_a_page),
		RING_CASE(a_ring_of_another_size_gets_the_frames_for_which_there_is_room),
	};
	return cmocka_run_group_tests_name("ring_pages", tests, name_ring, remove_ring);
}
