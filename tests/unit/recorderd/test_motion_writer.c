/* test_motion_writer.c - records go beside the segment that has the first frame of their second, early or late. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shared/motion/motion_record.h"
#include "tests/unit/fakes/fake_clock.h"
#include "tests/unit/support/pushed_media.h"

#define MONO_US (INT64_C(1) << 44) /* of second 0: later than that of any machine */
#define SECOND  (MEDIA_WALL_US / US_PER_S)
#define RECORDS 64

static _Atomic bool motion_refused; /* writes to .motion files fail */
static _Atomic bool motion_hangs;   /* they wait */
static _Atomic bool motion_waits;   /* one does */

static bool is_motion(int fd)
{
	char link[64], path[PATH_MAX] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return readlink(link, path, sizeof(path) - 1) > 0 && strstr(path, ".motion");
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t at)
{
	const struct iovec piece = {(void *)(uintptr_t)data, bytes};

	if (atomic_load(&motion_refused) && is_motion(fd))
		return errno = EIO, -1;
	while (atomic_load(&motion_hangs) && is_motion(fd)) {
		atomic_store(&motion_waits, true);
		usleep(1000);
	}
	return syscall(SYS_pwritev, fd, &piece, 1, (long)at, (long)(at >> 32));
}

static int64_t set_back; /* seconds by which the wall clock was set back */

/* The monotonic clock of so many microseconds after the second begins. */
static int64_t mono_at(int64_t second, int64_t us)
{
	return MONO_US + (second + set_back) * US_PER_S + us;
}

static void push_in_second(int64_t second, int64_t us)
{
	push_frame_at(0, (SECOND + second) * US_PER_S + us, mono_at(second, us));
}

static int start_case(void **state)
{
	atomic_store(&motion_refused, false);
	set_back = 0;
	if (rig_set_up(state) != 0)
		return -1;
	rig.config.record.segment_seconds = 2;
	rig_start_storage();
	push_run(GAP_NONE);
	return 0;
}

/* The record of a second comes when the next one has begun. */
static void push_second(int64_t second)
{
	struct motion_record record = {.second = SECOND + second, .frames = 5};

	atomic_fetch_add(&fake_clock.mono_ahead_us, mono_at(second + 1, 50000) - mono_now().us);

	motion_record_seal(&record, 0);
	storage_push_motion(rig.storage, &record);
}

/* Key frames of these seconds. Each segment has two seconds. */
static void push_keys(int64_t first, int64_t end)
{
	for (int64_t second = first; second < end; second++)
		push_in_second(second, 100000);
}

/* Reads the records beside a segment; returns how many there are, or -1 without a file. */
static int records_of(size_t segment, struct motion_record out[RECORDS])
{
	const struct catalogue_entry *entry = &rig.segments[segment];
	struct motion_reader reader;
	char name[SEGMENT_FILE_BYTES];
	int folder = rig_folder();

	assert_true(motion_file_name(entry->file, name, sizeof(name)));
	enum motion_outcome outcome = motion_reader_open(folder, name, entry->segment_no, &reader);
	close(folder);
	if (outcome == MOTION_MISSING)
		return -1;
	assert_int_equal(outcome, MOTION_OK);
	size_t count = motion_reader_read(&reader, 0, RECORDS, out);
	assert_int_equal(count, motion_reader_count(&reader));
	motion_reader_close(&reader);
	return (int)count;
}

/* Fails unless the records beside the segment are those of `count` seconds from `first` on. */
static void assert_seconds(size_t segment, int64_t first, int count)
{
	struct motion_record records[RECORDS];

	assert_int_equal(records_of(segment, records), count);
	for (int i = 0; i < count; i++)
		assert_int_equal(records[i].second, SECOND + first + i);
}

static void stop_and_read(size_t segments)
{
	rig_stop();
	rig_read_folder();
	assert_int_equal(rig.segment_count, segments);
}

static void records_wait_for_the_frames_of_their_seconds(void **state)
{
	(void)state;
	for (int second = 0; second < 6; second++)
		push_second(second);
	push_keys(0, 6);
	wait_for(6);
	stop_and_read(3);
	for (size_t i = 0; i < 3; i++)
		assert_seconds(i, 2 * (int64_t)i, 2);
}

static void a_segment_that_has_ended_takes_the_record_of_its_last_second(void **state)
{
	(void)state;
	push_keys(0, 3);
	wait_for(3);
	for (int second = 0; second < 3; second++)
		push_second(second);
	push_keys(3, 4);
	wait_for(4);
	stop_and_read(2);
	assert_seconds(0, 0, 2);
	assert_seconds(1, 2, 1);
}

static void a_second_belongs_to_the_segment_of_its_first_frame(void **state)
{
	(void)state;
	push_in_second(0, 100000);
	push_in_second(1, 100000);
	push_run(GAP_ENCODER);
	push_in_second(1, 400000);
	push_run(GAP_ENCODER);
	push_in_second(1, 700000);
	push_in_second(2, 100000);
	wait_for(5);
	for (int second = 0; second < 3; second++)
		push_second(second);
	stop_and_read(3);
	assert_seconds(0, 0, 2);
	assert_seconds(1, 0, -1);
	assert_seconds(2, 2, 1);
}

static void a_second_that_is_not_recorded_has_no_record(void **state)
{
	(void)state;
	push_second(-1);
	push_second(0);
	push_keys(0, 1);
	push_run(GAP_OFF);
	push_second(1);
	push_second(2);
	push_second(3);
	push_keys(3, 4);
	wait_for(2);
	stop_and_read(2);
	assert_seconds(0, 0, 1);
	assert_seconds(1, 3, 1);
}

static void without_records_there_is_no_file(void **state)
{
	(void)state;
	push_keys(0, 4);
	wait_for(4);
	stop_and_read(2);
	assert_seconds(0, 0, -1);
	assert_seconds(1, 0, -1);
}

static void after_the_clock_is_set_back_records_go_to_the_newest_segment(void **state)
{
	(void)state;
	push_keys(8, 10);
	push_second(8);
	push_second(9);
	wait_for(2);
	push_run(GAP_CLOCK);
	set_back = 3;
	push_keys(7, 9);
	push_second(7);
	push_second(8);
	wait_for(4);
	stop_and_read(2);
	assert_seconds(0, 8, 2);
	assert_seconds(1, 7, 2);
}

static void waiting_records_are_bounded_and_the_oldest_go(void **state)
{
	(void)state;
	for (int second = 0; second < 2 * 2048; second++)
		push_second(second - 2 * 2048 + 10);
	push_keys(8, 10);
	wait_for(2);
	stop_and_read(1);
	assert_seconds(0, 8, 2);
}

static void a_disk_that_refuses_them_costs_records_and_no_frame(void **state)
{
	(void)state;
	push_keys(0, 2);
	push_second(0);
	wait_for(2);
	atomic_store(&motion_refused, true);
	push_second(1);
	push_keys(2, 6);
	push_second(2);
	push_second(3);
	push_keys(6, 7);
	wait_for(7);
	assert_int_equal(storage_dropped(rig.storage), 0);
	assert_false(storage_error(rig.storage, (char[64]){0}, 64));
	atomic_store(&motion_refused, false);
	push_second(6);
	push_keys(7, 8);
	wait_for(8);
	stop_and_read(4);
	assert_int_equal(rig.found, 8);
	assert_seconds(1, 0, -1);
	assert_seconds(3, 6, 1);
}

static void a_disk_that_hangs_blocks_nobody_who_pushes(void **state)
{
	(void)state;
	atomic_store(&motion_waits, false);
	atomic_store(&motion_hangs, true);
	push_keys(0, 4);
	push_second(0);
	for (int i = 0; !atomic_load(&motion_waits); i++) {
		assert_true(i < 60000);
		usleep(1000);
	}
	for (int second = 1; second < 3000; second++)
		push_second(second);
	push_keys(4, 6);
	assert_true(storage_unwritten(rig.storage) >= 2);
	atomic_store(&motion_hangs, false);
	wait_for(6);
	stop_and_read(3);
	assert_int_equal(rig.found, 6);
	assert_seconds(0, 0, 1);
}

static void records_that_go_back_are_dropped(void **state)
{
	(void)state;
	push_keys(0, 4);
	wait_for(4);
	push_second(1);
	push_second(0);
	push_second(1);
	rig_stop();
	rig_read_folder();
	struct motion_record records[RECORDS];
	assert_int_equal(records_of(0, records), 1); /* the keeper has joined the others */
	assert_int_equal(records[0].second, SECOND + 1);
	assert_int_equal(records[0].frames, 10);
}

static void the_name_of_a_file_that_outlived_its_segment_is_not_taken(void **state)
{
	char name[SEGMENT_FILE_BYTES], motion[SEGMENT_FILE_BYTES];
	int folder = rig_folder();

	(void)state;
	archive_set_motion_days(rig.archive, 1000);
	segment_file_name(SECOND * US_PER_S + 100000, 1, name);
	assert_true(motion_file_name(name, motion, sizeof(motion)));
	int fd = openat(folder, motion, O_WRONLY | O_CREAT, 0600);
	struct {
		struct motion_header header;
		struct motion_record record;
	} bytes = {.record = {.second = SECOND}};
	motion_header_init(&bytes.header, 77);
	motion_record_seal(&bytes.record, 77);
	assert_int_equal(write(fd, &bytes, sizeof(bytes)), sizeof(bytes));
	close(fd);
	push_keys(0, 1);
	wait_for(1);
	push_second(0);
	rig_stop();
	rig_read_folder();
	assert_string_not_equal(rig.segments[0].file, name);
	assert_seconds(0, 0, 1);
	close(folder);
}

static int end_case(void **state)
{
	atomic_store(&motion_hangs, false);
	return rig_tear_down(state);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_case, end_case)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(records_wait_for_the_frames_of_their_seconds),
		CASE(a_segment_that_has_ended_takes_the_record_of_its_last_second),
		CASE(a_second_belongs_to_the_segment_of_its_first_frame),
		CASE(a_second_that_is_not_recorded_has_no_record),
		CASE(without_records_there_is_no_file),
		CASE(after_the_clock_is_set_back_records_go_to_the_newest_segment),
		CASE(waiting_records_are_bounded_and_the_oldest_go),
		CASE(a_disk_that_refuses_them_costs_records_and_no_frame),
		CASE(a_disk_that_hangs_blocks_nobody_who_pushes),
		CASE(records_that_go_back_are_dropped),
		CASE(the_name_of_a_file_that_outlived_its_segment_is_not_taken),
	};

	return cmocka_run_group_tests(tests, pushed_media_make, pushed_media_drop);
}
