/*
 * test_kept_clips.c - keeping clips on a file system that supports neither RENAME_NOREPLACE nor syncing of folders,
 * such as NFS and many FUSE ones. The code under test calls the renameat2() and fsync() of this file.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/clip/clip_label.h"
#include "fcgi/clip/kept_clips.h"
#include "fcgi/io/job.h"
#include "tests/unit/support/clips_folder.h"

#define WRITERS 4

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
	errno = EINVAL;
	return flags ? -1 : (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
}

static int folder_error = EINVAL; /* of fsync(2) */

int fsync(int fd)
{
	errno = folder_error;
	return fd == clips_folder.fd ? -1 : (int)syscall(SYS_fsync, fd);
}

static struct virtual_file *file_of(const char *text)
{
	struct virtual_file *file = virtual_file_create();
	struct buffer head = {0};

	buffer_printf(&head, "%s", text);
	assert_true(virtual_file_set_head(file, &head));
	return file;
}

static void assert_content(const char *name, const char *wanted)
{
	char got[64] = "";
	int fd = openat(clips_folder.fd, name, O_RDONLY | O_CLOEXEC);

	assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(wanted));
	assert_string_equal(got, wanted);
	close(fd);
}

static void a_clip_is_kept_and_deleted(void **state)
{
	struct virtual_file *file = file_of("first");
	struct kept_clip keep = {.folder = clips_folder.fd, .file = file, .name = "door.mp4"};

	(void)state;
	assert_int_equal(kept_clip_write(&keep), KEPT_CLIP_OK);
	assert_content("door.mp4", "first");
	assert_int_equal(faccessat(clips_folder.fd, ".door.mp4.part", F_OK, 0), -1);
	assert_int_equal(kept_clip_remove(&keep), KEPT_CLIP_OK);
	assert_int_equal(kept_clip_remove(&keep), KEPT_CLIP_NOT_FOUND);
	virtual_file_unref(file);
}

static void a_name_that_is_taken_stays(void **state)
{
	struct virtual_file *first = file_of("first"), *second = file_of("second");
	struct kept_clip keep = {.folder = clips_folder.fd, .file = first, .name = "taken.mp4"};

	(void)state;
	assert_int_equal(kept_clip_write(&keep), KEPT_CLIP_OK);
	keep.file = second;
	assert_int_equal(kept_clip_write(&keep), KEPT_CLIP_EXISTS);
	assert_content("taken.mp4", "first");
	/* A dangling link takes a name, too. */
	assert_int_equal(symlinkat("nowhere", clips_folder.fd, "link.mp4"), 0);
	strcpy(keep.name, "link.mp4");
	assert_int_equal(kept_clip_write(&keep), KEPT_CLIP_EXISTS);
	virtual_file_unref(first);
	virtual_file_unref(second);
}

static void of_several_writers_of_one_name_one_succeeds(void **state)
{
	struct virtual_file *file = file_of("race");
	struct kept_clip keep = {.folder = clips_folder.fd, .file = file, .name = "race.mp4"};

	(void)state;
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < WRITERS; i++)
			if (fork() == 0)
				_exit(kept_clip_write(&keep));
		int done = 0, ended;
		while (wait(&ended) > 0) {
			assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) < KEPT_CLIP_NO_SPACE);
			done += WEXITSTATUS(ended) == KEPT_CLIP_OK;
		}
		assert_int_equal(done, 1);
		assert_int_equal(kept_clip_remove(&keep), KEPT_CLIP_OK);
	}
	virtual_file_unref(file);
}

static void another_error_is_in_the_exit_status(void **state)
{
	struct virtual_file *file = file_of("lost");
	struct kept_clip keep = {.folder = clips_folder.fd, .file = file, .name = "lost.mp4"};

	(void)state;
	folder_error = EIO;
	assert_int_equal(child_job_errno(kept_clip_write(&keep)), EIO);
	assert_int_equal(child_job_errno(kept_clip_remove(&keep)), EIO);
	folder_error = 524; /* ENOTSUPP of the kernel, which some file systems let out, has no exit status */
	assert_int_not_equal(kept_clip_write(&keep), KEPT_CLIP_EXISTS);
	folder_error = EINVAL;
	virtual_file_unref(file);
}

static void assert_label(const char *name, const char *wanted)
{
	char label[CLIP_LABEL_BYTES];
	int fd = openat(clips_folder.fd, name, O_RDONLY | O_CLOEXEC);

	assert_true(clip_label_read(fd, label));
	assert_string_equal(label, wanted);
	close(fd);
}

static void a_label_is_in_the_file(void **state)
{
	static const char *const labels[] = {"", "x", "T\xc3\xbcr vorne", "Mom's \"door\"; uuid", "\xff\n"};
	struct virtual_file *file = file_of("a clip");

	(void)state;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		struct kept_clip keep = {.folder = clips_folder.fd, .file = file, .name = "label.mp4"};
		strcpy(keep.label, labels[i]);
		assert_int_equal(kept_clip_write(&keep), KEPT_CLIP_OK);
		assert_label("label.mp4", labels[i]);
		assert_int_equal(kept_clip_remove(&keep), KEPT_CLIP_OK);
	}
	virtual_file_unref(file);
}

/* A longest label, and what only looks like the end of one. */
static void only_a_whole_box_is_a_label(void **state)
{
	char longest[CLIP_LABEL_BYTES];
	int fd = openat(clips_folder.fd, "box.mp4", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	uint8_t box[4 + CLIP_LABEL_BYTES + 40];

	(void)state;
	memset(longest, 'l', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_true(clip_label_append(fd, longest));
	assert_label("box.mp4", longest);
	ssize_t size = pread(fd, box, sizeof(box), 0);
	assert_true(size > 0);
	for (ssize_t cut = 1; cut < size; cut++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, box + cut, (size_t)(size - cut), 0), size - cut);
		assert_label("box.mp4", "");
	}
	for (ssize_t at = 0; at < 24; at++) { /* one wrong byte in its head */
		box[at] ^= 1;
		assert_int_equal(pwrite(fd, box, (size_t)size, 0), size);
		assert_label("box.mp4", "");
		box[at] ^= 1;
	}
	close(fd);
	assert_int_equal(unlinkat(clips_folder.fd, "box.mp4", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clip_is_kept_and_deleted),
		cmocka_unit_test(a_name_that_is_taken_stays),
		cmocka_unit_test(of_several_writers_of_one_name_one_succeeds),
		cmocka_unit_test(another_error_is_in_the_exit_status),
		cmocka_unit_test(a_label_is_in_the_file),
		cmocka_unit_test(only_a_whole_box_is_a_label),
	};

	return cmocka_run_group_tests(tests, make_clips_folder, drop_clips_folder);
}
