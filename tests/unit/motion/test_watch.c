/* test_watch.c - which records come of the frames of a ring. The records are those that recorder-motion writes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <jpeglib.h>

#include "motion/watch.h"
#include "recorderd/ring/ring_writer.h"
#include "shared/motion/motion_record.h"

#define SECOND      INT64_C(1780000000)
#define FPS         10
#define PATIENCE_MS 20000

struct picture {
	uint8_t *data; /* libjpeg's */
	unsigned long length;
	uint16_t width, height;
};

struct rig {
	struct ring_writer *ring;
	char name[64];
	struct picture picture, other;
	int64_t offset_us; /* wall - mono */
	pid_t watcher;
	int records;
	uint32_t source;
};

static struct picture grey_picture(uint16_t width, uint16_t height)
{
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr errors;
	struct picture out = {.width = width, .height = height};
	uint8_t row[640];

	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_compress(&jpeg);
	jpeg_mem_dest(&jpeg, &out.data, &out.length);
	jpeg.image_width = width;
	jpeg.image_height = height;
	jpeg.input_components = 1;
	jpeg.in_color_space = JCS_GRAYSCALE;
	jpeg_set_defaults(&jpeg);
	jpeg_start_compress(&jpeg, TRUE);
	for (unsigned x = 0; x < width; x++)
		row[x] = (uint8_t)(60 + x % 100);
	for (unsigned y = 0; y < height; y++)
		jpeg_write_scanlines(&jpeg, &(JSAMPROW){row}, 1);
	jpeg_finish_compress(&jpeg);
	jpeg_destroy_compress(&jpeg);
	return out;
}

static int setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	uint64_t bytes, adopted;
	struct reason why;

	snprintf(rig->name, sizeof(rig->name), "/recorder.test-watch-%d", (int)getpid());
	rig->ring = ring_writer_open(&(struct ring_request){.name = rig->name,
							    .data_bytes = 16 << 20,
							    .index_entries = 1024,
							    .keep_us = 60 * US_PER_S,
							    .exact = true},
				     &bytes, &adopted, &why);
	rig->picture = grey_picture(320, 180);
	rig->other = grey_picture(160, 120);
	/* The frames are of the future, so time that passes while a test runs ends no second. */
	rig->offset_us = SECOND * US_PER_S - mono_now().us - 1000 * US_PER_S;
	*state = rig;
	return rig->ring ? 0 : -1;
}

static int wait_for_watcher(struct rig *rig)
{
	int status;

	assert_int_equal(waitpid(rig->watcher, &status, 0), rig->watcher);
	rig->watcher = 0;
	close(rig->records);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	if (rig->watcher > 0) {
		kill(rig->watcher, SIGKILL);
		waitpid(rig->watcher, NULL, 0);
		close(rig->records);
	}
	ring_writer_close(rig->ring);
	free(rig->picture.data);
	free(rig->other.data);
	free(rig);
	return 0;
}

/* Starts watch_run() in a child, whose exit status is its outcome. */
static void start(struct rig *rig)
{
	int ends[2];
	struct reason why;

	assert_int_equal(pipe(ends), 0);
	rig->records = ends[0];
	rig->watcher = fork();
	assert_true(rig->watcher >= 0);
	if (rig->watcher == 0) {
		close(ends[0]);
		signal(SIGPIPE, SIG_IGN);
		struct ring_reader *ring = ring_reader_open(rig->name, &why);
		struct watch *watch = ring ? watch_create(ring, 5) : NULL;
		_exit(watch ? (int)watch_run(watch, ends[1]) : 99);
	}
	close(ends[1]);
}

/* A frame at that many milliseconds after SECOND. */
static void put(struct rig *rig, const struct picture *picture, int64_t ms)
{
	struct iovec part = {picture->data, picture->length};
	int64_t wall_us = SECOND * US_PER_S + ms * US_PER_MS;
	struct ring_meta meta = {.wall_us = wall_us,
				 .mono_us = wall_us - rig->offset_us,
				 .epoch = 1,
				 .source = rig->source,
				 .width = picture->width,
				 .height = picture->height};

	assert_true(ring_writer_put(rig->ring, &meta, &part, 1) > 0);
}

static void put_seconds(struct rig *rig, const struct picture *picture, int first, int count)
{
	for (int i = first * FPS; i < (first + count) * FPS; i++)
		put(rig, picture, (int64_t)i * 1000 / FPS);
}

static struct motion_record next_record(struct rig *rig)
{
	struct pollfd ready = {.fd = rig->records, .events = POLLIN};
	struct motion_record record;

	assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
	assert_int_equal(read(rig->records, &record, sizeof(record)), sizeof(record));
	assert_true(motion_record_valid(&record, 0));
	return record;
}

static void expect_record(struct rig *rig, int second, uint8_t flags)
{
	struct motion_record record = next_record(rig);

	assert_int_equal(record.second, SECOND + second);
	assert_int_equal(record.flags, flags);
}

static void expect_records(struct rig *rig, int first, int count, uint8_t flags)
{
	for (int second = first; second < first + count; second++)
		expect_record(rig, second, flags);
}

static void test_a_second_is_told_when_a_frame_of_the_next_one_comes(void **state)
{
	struct rig *rig = *state;

	start(rig);
	put_seconds(rig, &rig->picture, 0, 7);
	put(rig, &rig->picture, 7000);
	expect_records(rig, 0, 5, MOTION_LEARNING);
	expect_records(rig, 5, 2, 0);
}

static void test_a_second_is_told_when_no_frame_comes(void **state)
{
	struct rig *rig = *state;

	start(rig);
	put_seconds(rig, &rig->picture, 0, 1);
	put(rig, &rig->picture, 1000);
	expect_record(rig, 0, MOTION_LEARNING);
	rig->offset_us = (SECOND + 2) * US_PER_S - mono_now().us;
	put_seconds(rig, &rig->picture, 2, 1);
	expect_record(rig, 1, MOTION_LEARNING | MOTION_FEW_FRAMES);
	expect_record(rig, 2, MOTION_LEARNING);
}

static void test_seconds_that_were_over_at_the_start_are_only_learnt_from(void **state)
{
	struct rig *rig = *state;

	/* Seconds 0 to 7 are over, and second 8 is not, however long the start takes. */
	rig->offset_us = (SECOND + 9) * US_PER_S - mono_now().us;
	put_seconds(rig, &rig->picture, 0, 8);
	rig->offset_us -= 5 * US_PER_S;
	start(rig);
	put(rig, &rig->picture, 8600);
	put(rig, &rig->picture, 9000);
	expect_record(rig, 8, MOTION_FEW_FRAMES);
}

static void test_a_closed_ring_ends_it(void **state)
{
	struct rig *rig = *state;

	start(rig);
	put_seconds(rig, &rig->picture, 0, 1);
	put(rig, &rig->picture, 1000);
	expect_record(rig, 0, MOTION_LEARNING);
	ring_writer_close(rig->ring);
	rig->ring = NULL;
	assert_int_equal(wait_for_watcher(rig), WATCH_CLOSED);
}

static void test_it_ends_when_nobody_reads_the_records(void **state)
{
	struct rig *rig = *state;

	start(rig);
	close(rig->records);
	rig->records = open("/dev/null", O_RDONLY);
	put_seconds(rig, &rig->picture, 0, 2);
	assert_int_equal(wait_for_watcher(rig), WATCH_NO_READER);
}

static void test_another_size_or_source_is_learnt_anew(void **state)
{
	struct rig *rig = *state;

	start(rig);
	put_seconds(rig, &rig->picture, 0, 7);
	expect_records(rig, 0, 5, MOTION_LEARNING);
	put_seconds(rig, &rig->other, 7, 7);
	expect_records(rig, 5, 2, 0);
	rig->source = 1;
	put_seconds(rig, &rig->other, 14, 2);
	expect_records(rig, 7, 5, MOTION_LEARNING);
	expect_records(rig, 12, 2, 0);
	expect_records(rig, 14, 1, MOTION_LEARNING);
}

static void test_a_stalled_camera_gives_no_records_and_is_learnt_anew(void **state)
{
	struct rig *rig = *state;

	start(rig);
	put_seconds(rig, &rig->picture, 0, 7);
	expect_records(rig, 0, 5, MOTION_LEARNING);
	put_seconds(rig, &rig->picture, 40, 2);
	expect_records(rig, 5, 2, 0);
	expect_record(rig, 40, MOTION_LEARNING);
}

static void test_a_clock_that_is_set_back_repeats_seconds(void **state)
{
	struct rig *rig = *state;

	start(rig);
	put_seconds(rig, &rig->picture, 10, 6);
	rig->offset_us -= 12 * US_PER_S;
	put_seconds(rig, &rig->picture, 4, 2);
	expect_records(rig, 10, 5, MOTION_LEARNING);
	expect_record(rig, 15, 0);
	expect_record(rig, 4, 0);
}

static void test_damaged_pictures_are_passed_over(void **state)
{
	struct rig *rig = *state;
	struct picture damaged = rig->picture;

	damaged.length /= 2;
	start(rig);
	put_seconds(rig, &rig->picture, 0, 6);
	put(rig, &damaged, 6000);
	put(rig, &rig->picture, 6200);
	put(rig, &damaged, 7000);
	put(rig, &rig->picture, 8000);
	put(rig, &rig->picture, 9000);
	expect_records(rig, 0, 5, MOTION_LEARNING);
	expect_record(rig, 5, 0);
	expect_record(rig, 6, MOTION_FEW_FRAMES);
	expect_record(rig, 8, MOTION_FEW_FRAMES);
}

static void test_only_damaged_pictures_end_it(void **state)
{
	struct rig *rig = *state;
	struct picture damaged = rig->picture;

	damaged.length /= 2;
	start(rig);
	put_seconds(rig, &rig->picture, 0, 2);
	put_seconds(rig, &damaged, 2, 6);
	assert_int_equal(wait_for_watcher(rig), WATCH_UNUSABLE);
}

#define rig_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_a_second_is_told_when_a_frame_of_the_next_one_comes),
		rig_test(test_a_second_is_told_when_no_frame_comes),
		rig_test(test_seconds_that_were_over_at_the_start_are_only_learnt_from),
		rig_test(test_a_closed_ring_ends_it),
		rig_test(test_it_ends_when_nobody_reads_the_records),
		rig_test(test_another_size_or_source_is_learnt_anew),
		rig_test(test_a_stalled_camera_gives_no_records_and_is_learnt_anew),
		rig_test(test_a_clock_that_is_set_back_repeats_seconds),
		rig_test(test_damaged_pictures_are_passed_over),
		rig_test(test_only_damaged_pictures_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
