/* test_archive_cached.c - cached clips are deleted before recordings to make room, and with the footage they show. */
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
static int slow_open(const char *name, int flags);

#define fstatvfs fake_fstatvfs
#define open     slow_open
#include "recorderd/archive/archive_cached.c"
#include "recorderd/archive/archive_retention.c"
#undef fstatvfs
#undef open

#define CLIPS      4
#define CLIP_BYTES 1000u
#define DISK_BYTES 3e9 /* free while nothing is cached */

static char path[64];
static struct config config;
static struct archive archive;

static void name_of(int clip, char out[128])
{
	snprintf(out, 128, "%s/clips/" CLIP_CACHE_FOLDER "/%d_%d_1.mp4", path, clip, clip + 1);
}

static _Atomic bool disk_hangs; /* the disk of the clips */

static int slow_open(const char *name, int flags)
{
	while (atomic_load(&disk_hangs))
		usleep(1000);
	return open(name, flags);
}

static double room_a_clip = CLIP_BYTES; /* bytes of the disk that a clip takes */

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

/* A disk that has nothing on it except cached clips. */
static int fake_fstatvfs(int fd, struct statvfs *out)
{
	(void)fd;
	*out = (struct statvfs){.f_frsize = 1, .f_bavail = (fsblkcnt_t)(DISK_BYTES - clips_there() * room_a_clip)};
	return 0;
}

/* Two recordings of an hour ago, and clips; the first was stored first. */
static int make_archive(void **state)
{
	char name[128];

	(void)state;
	snprintf(path, sizeof(path), "/tmp/recorder-yield-XXXXXX");
	if (!mkdtemp(path))
		return -1;
	snprintf(name, sizeof(name), "mkdir -p '%s/clips/" CLIP_CACHE_FOLDER "'", path);
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
				   .folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
				   .recovered = true};
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
	while (atomic_load(&sweeping) || atomic_load(&probing))
		usleep(1000);
	close(archive.folder);
	free(archive.segments);
	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	return system(command);
}

static void with_enough_room_no_clip_is_evicted(void **state)
{
	(void)state;
	archive.retention.min_free_gb = (DISK_BYTES - CLIPS * (double)CLIP_BYTES) / GB;
	assert_int_equal(archive_retention_run(&archive), 0);
	assert_int_equal(clips_there(), CLIPS);
}

static void the_oldest_clips_are_evicted_first(void **state)
{
	char name[128];
	struct stat status;

	(void)state;
	archive.retention.min_free_gb = (DISK_BYTES - (CLIPS - 1.5) * (double)CLIP_BYTES) / GB;
	assert_int_equal(archive_retention_run(&archive), 0);
	assert_int_equal(clips_there(), CLIPS - 2);
	name_of(CLIPS - 1, name);
	assert_int_equal(stat(name, &status), 0);
}

static void recordings_are_deleted_if_all_clips_are_not_enough(void **state)
{
	(void)state;
	archive.retention.min_free_gb = (DISK_BYTES + 100) / GB;
	assert_int_equal(archive_retention_run(&archive), 1);
	assert_int_equal(clips_there(), 0);
}

/* Meanwhile recordings are deleted instead: the keeper does not wait. */
static void a_hanging_disk_of_clips_blocks_nobody(void **state)
{
	(void)state;
	archive.retention.min_free_gb = (DISK_BYTES - (CLIPS - 1.5) * (double)CLIP_BYTES) / GB;
	atomic_store(&disk_hangs, true);
	assert_int_equal(archive_retention_run(&archive), 1);
	archive_retention_run(&archive);
	assert_int_equal(clips_there(), CLIPS);
	atomic_store(&disk_hangs, false);
	while (clips_there() == CLIPS) {
		archive_cached_make_room(&archive, archive.folder, &(struct statvfs){.f_frsize = 1, .f_bavail = 1});
		usleep(1000);
	}
}

/* A folder with the name of a clip cannot be unlinked. */
static void block_clip(int clip)
{
	char name[128];

	name_of(clip, name);
	const struct timespec times[] = {{.tv_sec = 1000 + clip}, {.tv_sec = 1000 + clip}};
	assert_int_equal(unlink(name), 0);
	assert_int_equal(mkdir(name, 0750), 0);
	assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
}

static void unblock_clip(int clip)
{
	char name[128];

	name_of(clip, name);
	assert_int_equal(rmdir(name), 0);
}

static void a_clip_that_cannot_be_evicted_is_reported_and_the_next_is_evicted(void **state)
{
	(void)state;
	block_clip(0);
	archive.retention.min_free_gb = (DISK_BYTES - (CLIPS - 1.5) * (double)CLIP_BYTES) / GB;
	assert_int_equal(archive_retention_run(&archive), 0);
	assert_int_equal(clips_there(), CLIPS - 2); /* including the undeletable one */
	archive_update_clips_note(&archive);
	assert_non_null(strstr(archive.clips_note, "cannot be deleted (Is a directory)"));
	unblock_clip(0);
	archive.retention.min_free_gb = (DISK_BYTES - (CLIPS - 3.5) * (double)CLIP_BYTES) / GB;
	assert_int_equal(archive_retention_run(&archive), 0);
	archive_update_clips_note(&archive);
	assert_string_equal(archive.clips_note, "");
}

/* Only then are recordings deleted although there are cached clips. */
static void recordings_are_deleted_if_no_clip_can_be(void **state)
{
	(void)state;
	for (int i = 0; i < CLIPS; i++)
		block_clip(i);
	archive.retention.min_free_gb = (DISK_BYTES - (CLIPS - 1.5) * (double)CLIP_BYTES) / GB;
	assert_int_equal(archive_retention_run(&archive), 1);
	assert_int_equal(clips_there(), CLIPS);
	archive_update_clips_note(&archive);
	assert_non_null(strstr(archive.clips_note, "recordings are deleted instead"));
	for (int i = 0; i < CLIPS; i++)
		unblock_clip(i);
	archive_cached_make_room(&archive, archive.folder, &(struct statvfs){.f_frsize = 1, .f_bavail = 1});
	archive_update_clips_note(&archive);
	assert_string_equal(archive.clips_note, "");
}

/* Each frees half of its size: it shares blocks with a recording, or somebody is reading it. */
static void more_clips_are_evicted_if_they_free_less_than_their_size(void **state)
{
	(void)state;
	room_a_clip = CLIP_BYTES / 2;
	archive.retention.min_free_gb = (DISK_BYTES - (CLIPS - 1.5) * (double)CLIP_BYTES / 2) / GB;
	assert_int_equal(archive_retention_run(&archive), 0);
	assert_int_equal(clips_there(), 2);
	room_a_clip = CLIP_BYTES;
}

/* Removing clips from another disk would not help. */
static void clips_on_another_disk_are_kept(void **state)
{
	char other[] = "/dev/shm/recorder-yield-XXXXXX", command[96];
	struct stat here, there;

	(void)state;
	assert_non_null(mkdtemp(other));
	close(archive.folder);
	archive.folder = open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	archive.retention.min_free_gb = (DISK_BYTES + 100) / GB;
	bool differ = stat(path, &here) == 0 && stat(other, &there) == 0 && here.st_dev != there.st_dev;
	assert_int_equal(archive_retention_run(&archive), 1);
	assert_int_equal(clips_there(), differ ? CLIPS : 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", other);
	assert_int_equal(system(command), 0);
}

/* A cached clip of a minute that began so many hours ago. */
static void put_clip(double hours_ago, char name[160])
{
	int64_t from_us = wall_now().us - (int64_t)(hours_ago * 3600e6);
	struct clip_cache_key key = {from_us, from_us + 60 * US_PER_S, 1};
	char file[CLIP_CACHE_NAME_BYTES];

	clip_cache_file_name(&key, file);
	snprintf(name, 160, "%s/clips/" CLIP_CACHE_FOLDER "/%s", path, file);
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	assert_true(fd >= 0);
	close(fd);
}

/* Does a round, and waits until the folder of clips has been swept. */
static size_t retain_and_sweep(void)
{
	size_t gone = archive_retention_run(&archive);

	while (atomic_load(&sweeping))
		usleep(1000);
	return gone;
}

static bool is_there(const char *name)
{
	struct stat status;

	return stat(name, &status) == 0;
}

static void expired_clips_are_removed_from_the_cache(void **state)
{
	char past[160], young[160], future[160], other[160], part[160];

	(void)state;
	archive.retention.hours = 72;
	put_clip(72.1, past);
	put_clip(71.9, young);
	put_clip(-2, future);
	snprintf(other, sizeof(other), "%s/clips/" CLIP_CACHE_FOLDER "/notes.mp4", path);
	close(open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0640));
	snprintf(part, sizeof(part), "%s/clips/.left.mp4.part", path);
	int fd = open(part, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	assert_int_equal(retain_and_sweep(), 0);
	assert_false(is_there(past) || is_there(future) || is_there(part));
	assert_true(is_there(young) && is_there(other));
	assert_int_equal(clips_there(), 0); /* those of 1970 too */
	/* The limit is lowered, as by a reload. */
	archive.retention.hours = 71.8;
	archive.cache_swept_mono_us = 0;
	assert_int_equal(retain_and_sweep(), 0);
	assert_false(is_there(young));
}

static void expired_clips_that_cannot_be_removed_are_reported(void **state)
{
	(void)state;
	archive.retention.hours = 72;
	block_clip(0);
	assert_int_equal(retain_and_sweep(), 0);
	archive_update_clips_note(&archive);
	assert_non_null(strstr(archive.clips_note, "Expired cached clips"));
	unblock_clip(0);
	archive.cache_swept_mono_us = 0;
	assert_int_equal(retain_and_sweep(), 0);
	archive_update_clips_note(&archive);
	assert_string_equal(archive.clips_note, "");
}

/* The clock of that recording was wrong; the monotonic clock says how old it is. */
static void a_clip_is_removed_with_a_recording_that_it_shows(void **state)
{
	char clip[160], beside[160];
	struct catalogue_entry *entry = &archive.segments[0].entry;

	(void)state;
	archive.retention.hours = 72;
	put_clip(10, clip);
	put_clip(11, beside);
	assert_int_equal(retain_and_sweep(), 0);
	assert_true(is_there(clip) && is_there(beside));
	entry->start_wall_us = wall_now().us - (int64_t)(10.1 * 3600e6);
	entry->end_wall_us = wall_now().us - (int64_t)(9.9 * 3600e6);
	archive.segments[0].seen_mono_us = mono_now().us - (int64_t)(72.1 * 3600e6);
	assert_int_equal(retain_and_sweep(), 1);
	assert_false(is_there(clip));
	assert_true(is_there(beside));
}

static void without_retention_hours_no_clip_expires(void **state)
{
	char clip[160];

	(void)state;
	archive.retention.hours = 0;
	put_clip(9000, clip);
	assert_int_equal(retain_and_sweep(), 0);
	assert_true(is_there(clip));
	assert_int_equal(clips_there(), CLIPS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(with_enough_room_no_clip_is_evicted, make_archive, drop_archive),
		cmocka_unit_test_setup_teardown(the_oldest_clips_are_evicted_first, make_archive, drop_archive),
		cmocka_unit_test_setup_teardown(recordings_are_deleted_if_all_clips_are_not_enough, make_archive,
						drop_archive),
		cmocka_unit_test_setup_teardown(a_clip_that_cannot_be_evicted_is_reported_and_the_next_is_evicted,
						make_archive, drop_archive),
		cmocka_unit_test_setup_teardown(recordings_are_deleted_if_no_clip_can_be, make_archive, drop_archive),
		cmocka_unit_test_setup_teardown(more_clips_are_evicted_if_they_free_less_than_their_size, make_archive,
						drop_archive),
		cmocka_unit_test_setup_teardown(expired_clips_that_cannot_be_removed_are_reported, make_archive,
						drop_archive),
		cmocka_unit_test_setup_teardown(clips_on_another_disk_are_kept, make_archive, drop_archive),
		cmocka_unit_test_setup_teardown(a_hanging_disk_of_clips_blocks_nobody, make_archive, drop_archive),
		cmocka_unit_test_setup_teardown(expired_clips_are_removed_from_the_cache, make_archive, drop_archive),
		cmocka_unit_test_setup_teardown(a_clip_is_removed_with_a_recording_that_it_shows, make_archive,
						drop_archive),
		cmocka_unit_test_setup_teardown(without_retention_hours_no_clip_expires, make_archive, drop_archive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
