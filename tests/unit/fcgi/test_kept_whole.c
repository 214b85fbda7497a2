/* test_kept_whole.c - a clip is kept once under its name, and whole, whoever else writes it or was killed doing so. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/clip/kept_clips.h"
#include "tests/unit/support/clips_folder.h"

#define CLIP_BYTES 5000u

/* A file of that many bytes, all with that value; virtual_file_unref() frees it. */
static struct virtual_file *file_of(uint8_t value, size_t bytes)
{
	struct virtual_file *file = virtual_file_create();
	struct buffer head = {0};

	for (size_t i = 0; i < bytes; i++)
		buffer_u8(&head, value);
	assert_true(virtual_file_set_head(file, &head));
	return file;
}

static void a_clip_is_kept_once_under_a_name(void **state)
{
	struct virtual_file *file = file_of('k', CLIP_BYTES), *other = file_of('o', 10);
	struct kept_clip keep = {.folder = clips_folder.fd, .file = file, .name = "door.mp4"};
	struct stat status;

	(void)state;
	assert_int_equal(kept_clip_write(&keep), KEPT_CLIP_OK);
	assert_int_equal(fstatat(clips_folder.fd, "door.mp4", &status, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(status.st_size, CLIP_BYTES);
	keep.file = other;
	assert_int_equal(kept_clip_write(&keep), KEPT_CLIP_EXISTS);
	assert_int_equal(fstatat(clips_folder.fd, "door.mp4", &status, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(status.st_size, CLIP_BYTES);
	assert_int_equal(faccessat(clips_folder.fd, ".door.mp4.part", F_OK, 0), -1);
	virtual_file_unref(file);
	virtual_file_unref(other);
}

/* A writer that comes while another one writes, or just when that one is done, finds the name taken. */
static void clips_of_one_name_at_the_same_time_are_one_whole_clip(void **state)
{
	struct virtual_file *file = file_of('k', CLIP_BYTES);
	struct kept_clip keep = {.folder = clips_folder.fd, .file = file, .name = "race.mp4"};
	struct stat status;

	(void)state;
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 4; i++)
			if (fork() == 0)
				_exit(kept_clip_write(&keep));
		int done = 0, ended;
		while (wait(&ended) > 0) {
			assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) < KEPT_CLIP_NO_SPACE);
			done += WEXITSTATUS(ended) == KEPT_CLIP_OK;
		}
		assert_int_equal(done, 1);
		assert_int_equal(fstatat(clips_folder.fd, "race.mp4", &status, AT_SYMLINK_NOFOLLOW), 0);
		assert_int_equal(status.st_size, CLIP_BYTES);
		assert_int_equal(unlinkat(clips_folder.fd, "race.mp4", 0), 0);
	}
	virtual_file_unref(file);
}

static void the_next_writer_removes_what_a_killed_one_has_left(void **state)
{
	struct virtual_file *file = file_of('k', CLIP_BYTES);
	struct kept_clip keep = {.folder = clips_folder.fd, .file = file, .name = "next.mp4"};

	(void)state;
	close(kept_clip_part_open(clips_folder.fd, ".left.mp4.part"));
	int busy = kept_clip_part_open(clips_folder.fd, ".busy.mp4.part");
	assert_int_equal(kept_clip_write(&keep), KEPT_CLIP_OK);
	assert_int_equal(faccessat(clips_folder.fd, ".left.mp4.part", F_OK, 0), -1);
	assert_int_equal(faccessat(clips_folder.fd, ".busy.mp4.part", F_OK, 0), 0);
	close(busy);
	virtual_file_unref(file);
}

/* Ranges of several files are copied in order, without what is between them. */
static void a_clip_of_pieces_is_kept_byte_for_byte(void **state)
{
	struct virtual_file *file = virtual_file_create();
	struct kept_clip keep = {.folder = clips_folder.fd, .file = file, .name = "pieces.mp4"};
	static uint8_t source[3 << 20], wanted[5 << 20], got[5 << 20];
	struct buffer head = {0};
	size_t length = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(source); i++)
		source[i] = (uint8_t)(i * 2654435761u >> 11);
	int disk = openat(clips_folder.fd, "source", O_RDWR | O_CREAT | O_CLOEXEC, 0640),
	    memory = memfd_create("source", MFD_CLOEXEC);
	assert_int_equal(write(disk, source, sizeof(source)), sizeof(source));
	assert_int_equal(write(memory, source, sizeof(source)), sizeof(source));
	buffer_append(&head, "head", 4);
	memcpy(wanted, "head", 4);
	assert_true(virtual_file_set_head(file, &head) && virtual_file_adopt_fd(file, disk) &&
		    virtual_file_adopt_fd(file, memory));
	length += 4;
	for (size_t i = 0; i < 40; i++) {
		size_t at = i * 31337, bytes = 1 + i * 3001;
		assert_true(virtual_file_append_range(file, i % 3 ? disk : memory, at, bytes));
		memcpy(wanted + length, source + at, bytes);
		length += bytes;
	}
	assert_int_equal(kept_clip_write(&keep), KEPT_CLIP_OK);
	int fd = openat(clips_folder.fd, "pieces.mp4", O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, got, sizeof(got)), length);
	assert_memory_equal(got, wanted, length);
	close(fd);
	virtual_file_unref(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clip_is_kept_once_under_a_name),
		cmocka_unit_test(clips_of_one_name_at_the_same_time_are_one_whole_clip),
		cmocka_unit_test(the_next_writer_removes_what_a_killed_one_has_left),
		cmocka_unit_test(a_clip_of_pieces_is_kept_byte_for_byte),
	};

	return cmocka_run_group_tests_name("kept_whole", tests, make_clips_folder, drop_clips_folder);
}
