/* test_clip_label.c - what a kept clip says about itself: its label, when it was filmed, and how long it plays. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/clip/clip_label.h"
#include "fcgi/clip/clip_times.h"
#include "fcgi/clip/kept_clips.h"
#include "shared/base/clock.h"
#include "shared/media/mp4_box.h"
#include "shared/media/mp4_write.h"
#include "tests/unit/support/clips_folder.h"

#define EPOCH_1904_S UINT64_C(2082844800)
#define MEDIA        "the clip itself, longer than any label: ........................................................."

/* A file in memory that begins with MEDIA and has that label. */
static int clip_with(const char *label)
{
	int fd = memfd_create("clip", MFD_CLOEXEC);

	assert_int_equal(write(fd, MEDIA, strlen(MEDIA)), strlen(MEDIA));
	if (*label)
		assert_true(clip_label_append(fd, label));
	return fd;
}

static void assert_label(int fd, const char *wanted)
{
	char got[CLIP_LABEL_BYTES], media[sizeof(MEDIA)] = "";

	assert_true(clip_label_read(fd, got));
	assert_string_equal(got, wanted);
	assert_int_equal(pread(fd, media, strlen(MEDIA), 0), strlen(MEDIA));
	assert_string_equal(media, MEDIA);
}

static off_t size_of(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	return status.st_size;
}

static void a_label_is_replaced_by_a_longer_and_a_shorter_one_and_removed(void **state)
{
	static const char *const labels[] = {"door", "Tür, hinten links",      "a", "", "x y",
					     "",     "the longest of them all"};
	int fd = clip_with("front");
	off_t size = size_of(fd);

	(void)state;
	assert_label(fd, "front");
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		assert_true(clip_label_replace(fd, labels[i]));
		assert_label(fd, labels[i]);
		assert_true(size_of(fd) >= size); /* whoever reads it meanwhile gets all of it */
		size = size_of(fd);
	}
	close(fd);
}

static void a_clip_without_a_label_gets_one(void **state)
{
	int fd = clip_with("");
	off_t size = size_of(fd);

	(void)state;
	assert_true(clip_label_replace(fd, ""));
	assert_int_equal(size_of(fd), size);
	assert_true(clip_label_replace(fd, "door"));
	assert_label(fd, "door");
	close(fd);
}

static void when_it_was_kept_stays_but_the_file_differs(void **state)
{
	const struct timespec kept[2] = {{1700000000, 0}, {1700000000, 999999500}};
	int fd = clip_with("door");
	struct stat status;

	(void)state;
	assert_int_equal(futimens(fd, kept), 0);
	assert_true(clip_label_replace(fd, "gate"));
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_mtim.tv_sec, 1700000001);
	assert_int_equal(status.st_mtim.tv_nsec, 500);
	close(fd);
}

static void only_a_file_of_the_folder_gets_a_label(void **state)
{
	struct kept_clip kept = {.folder = clips_folder.fd, .label = "door"};
	int fd = openat(clips_folder.fd, "there.mp4", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	(void)state;
	assert_int_equal(write(fd, MEDIA, strlen(MEDIA)), strlen(MEDIA));
	close(fd);
	assert_int_equal(symlinkat("there.mp4", clips_folder.fd, "link.mp4"), 0);
	assert_int_equal(mkdirat(clips_folder.fd, "folder.mp4", 0700), 0);
	assert_int_equal(mkfifoat(clips_folder.fd, "fifo.mp4", 0600), 0);
	static const char *const not_clips[] = {"link.mp4", "folder.mp4", "fifo.mp4", "missing.mp4"};
	for (size_t i = 0; i < sizeof(not_clips) / sizeof(not_clips[0]); i++) {
		strcpy(kept.name, not_clips[i]);
		assert_int_equal(kept_clip_relabel(&kept), KEPT_CLIP_NOT_FOUND);
	}
	strcpy(kept.name, "there.mp4");
	assert_int_equal(kept_clip_relabel(&kept), KEPT_CLIP_OK);
	fd = openat(clips_folder.fd, "there.mp4", O_RDONLY | O_CLOEXEC);
	assert_label(fd, "door");
	close(fd);
}

/* The beginning of a clip: ftyp, and moov with mvhd. */
static struct buffer head_with(uint64_t created, uint64_t duration)
{
	const struct mp4_times times = {.created = created, .duration = duration, .timescale = 90000};
	struct buffer out = {0};
	size_t box = mp4_box_begin(&out, MP4_TYPE('f', 't', 'y', 'p'));

	buffer_append(&out, "isom\0\0\0\0isom", 12);
	mp4_box_end(&out, box);
	box = mp4_box_begin(&out, MP4_TYPE('m', 'o', 'o', 'v'));
	mp4_put_mvhd(&out, &times);
	mp4_box_end(&out, box);
	assert_false(out.failed);
	return out;
}

static void the_header_says_when_a_clip_was_filmed(void **state)
{
	struct buffer shorter = head_with(EPOCH_1904_S + 1700000000, 90000 * 3 / 2),
		      longer = head_with(EPOCH_1904_S + 4300000000, UINT64_C(90000) * 80000);
	struct clip_times times;

	(void)state;
	assert_true(clip_times_parse(shorter.data, shorter.length, &times));
	assert_int_equal(times.start_us, 1700000000 * US_PER_S);
	assert_int_equal(times.duration_us, 1500000);
	assert_true(clip_times_parse(longer.data, longer.length, &times)); /* version 1 */
	assert_int_equal(times.start_us, 4300000000 * US_PER_S);
	assert_int_equal(times.duration_us, 80000 * US_PER_S);
	for (size_t length = 0; length < 60; length++)
		assert_false(clip_times_parse(shorter.data, length, &times));
	shorter.data[4] = 'x';
	assert_false(clip_times_parse(shorter.data, shorter.length, &times));
	buffer_free(&shorter);
	buffer_free(&longer);
}

static void a_header_without_a_time_says_nothing(void **state)
{
	static const uint64_t wrong[] = {0, 1, EPOCH_1904_S, EPOCH_1904_S + 8000000000, UINT64_MAX};
	struct clip_times times;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct buffer head = head_with(wrong[i], 90000);
		assert_false(clip_times_parse(head.data, head.length, &times));
		buffer_free(&head);
	}
	struct buffer endless = head_with(EPOCH_1904_S + 1700000000, UINT64_MAX);
	assert_false(clip_times_parse(endless.data, endless.length, &times));
	buffer_free(&endless);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_label_is_replaced_by_a_longer_and_a_shorter_one_and_removed),
		cmocka_unit_test(a_clip_without_a_label_gets_one),
		cmocka_unit_test(when_it_was_kept_stays_but_the_file_differs),
		cmocka_unit_test(only_a_file_of_the_folder_gets_a_label),
		cmocka_unit_test(the_header_says_when_a_clip_was_filmed),
		cmocka_unit_test(a_header_without_a_time_says_nothing),
	};

	return cmocka_run_group_tests(tests, make_clips_folder, drop_clips_folder);
}
