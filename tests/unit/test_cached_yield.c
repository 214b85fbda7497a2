/* test_cached_yield.c - where the disk is short of room, cached clips go before recordings do. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include <cmocka.h>

static int fake_fstatvfs(int fd, struct statvfs *out);

#define fstatvfs fake_fstatvfs
#include "recorderd/archive_cached.c"
#include "recorderd/archive_retain.c"
#undef fstatvfs

#define CLIPS      4
#define CLIP_BYTES 1000u
#define DISK_BYTES 3e9 /* free where nothing is cached */

static char path[64];
static struct config config;
static struct archive archive;

static void name_of(int clip, char out[128])
{
	snprintf(out, 128, "%s/clips/" CACHED_FOLDER "/%d_%d_1.mp4", path, clip, clip + 1);
}

static int clips_there(void)
{
	char name[128];
	struct stat status;
	int there = 0;

	for (int i = 0; i < CLIPS; i++) {
		name_of(i, name);
		there += stat(name, &status) == 0;
	}
	return there;
}

/* A disk on which there is nothing else but what is cached. */
static int fake_fstatvfs(int fd, struct statvfs *out)
{
	(void)fd;
	*out = (struct statvfs){.f_frsize = 1,
				.f_bavail = (fsblkcnt_t)(DISK_BYTES - clips_there() * (double)CLIP_BYTES)};
	return 0;
}

/* Two recordings of an hour ago, and clips of which the first was stored first. */
static int make_archive(void **state)
{
	char name[128];

	(void)state;
	snprintf(path, sizeof(path), "/tmp/recorder-yield-XXXXXX");
	if (!mkdtemp(path))
		return -1;
	snprintf(name, sizeof(name), "mkdir -p '%s/clips/" CACHED_FOLDER "'", path);
	if (system(name) != 0)
		return -1;
	for (int i = 0; i < CLIPS; i++) {
		struct timespec times[] = {{.tv_sec = 1000 + i}, {.tv_sec = 1000 + i}};
		name_of(i, name);
		int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
		if (fd < 0 || ftruncate(fd, CLIP_BYTES) != 0 || futimens(fd, times) != 0)
			return -1;
		close(fd);
	}
	config = (struct config){0};
	snprintf(config.record.directory, sizeof(config.record.directory), "%s", path);
	snprintf(config.clips.directory, sizeof(config.clips.directory), "%s/clips", path);
	archive = (struct archive){.config = &config,
				   .lock = PTHREAD_MUTEX_INITIALIZER,
				   .list_lock = PTHREAD_MUTEX_INITIALIZER,
				   .folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	for (int i = 0; i < 2; i++) {
		struct catalogue_entry entry = {
			.size_bytes = 5000, .end_wall_us = wall_now().us, .state = CATALOGUE_COMPLETE};
		snprintf(entry.file, sizeof(entry.file), "recording_20270115_10000%d.mp4", i);
		if (!archive_append(&archive, &entry, PHASE_COMPLETE))
			return -1;
	}
	return archive.folder < 0;
}

static int drop_archive(void **state)
{
	char command[96];

	(void)state;
	close(archive.folder);
	free(archive.segments);
	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	return system(command);
}

static void with_room_nothing_goes(void **state)
{
	(void)state;
	archive.retention.min_free_gb = (DISK_BYTES - CLIPS * (double)CLIP_BYTES) / GB;
	assert_int_equal(archive_retain(&archive), 0);
	assert_int_equal(clips_there(), CLIPS);
}

static void the_oldest_clips_go_as_long_as_that_is_enough(void **state)
{
	char name[128];
	struct stat status;

	(void)state;
	archive.retention.min_free_gb = (DISK_BYTES - (CLIPS - 1.5) * (double)CLIP_BYTES) / GB;
	assert_int_equal(archive_retain(&archive), 0);
	assert_int_equal(clips_there(), CLIPS - 2);
	name_of(CLIPS - 1, name);
	assert_int_equal(stat(name, &status), 0);
}

static void recordings_go_where_all_clips_are_not_enough(void **state)
{
	(void)state;
	archive.retention.min_free_gb = (DISK_BYTES + 100) / GB;
	assert_int_equal(archive_retain(&archive), 1);
	assert_int_equal(clips_there(), 0);
}

/* Removing clips on another disk would help nobody. */
static void clips_on_another_disk_stay(void **state)
{
	char other[] = "/dev/shm/recorder-yield-XXXXXX", command[96];
	struct stat here, there;

	(void)state;
	assert_non_null(mkdtemp(other));
	close(archive.folder);
	archive.folder = open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	archive.retention.min_free_gb = (DISK_BYTES + 100) / GB;
	bool differ = stat(path, &here) == 0 && stat(other, &there) == 0 && here.st_dev != there.st_dev;
	assert_int_equal(archive_retain(&archive), 1);
	assert_int_equal(clips_there(), differ ? CLIPS : 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", other);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(with_room_nothing_goes, make_archive, drop_archive),
		cmocka_unit_test_setup_teardown(the_oldest_clips_go_as_long_as_that_is_enough, make_archive,
						drop_archive),
		cmocka_unit_test_setup_teardown(recordings_go_where_all_clips_are_not_enough, make_archive,
						drop_archive),
		cmocka_unit_test_setup_teardown(clips_on_another_disk_stay, make_archive, drop_archive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
