/* archive_cases.h - what the tests of the archive share: a folder with segments of any number and time, and an archive
 * on it. Clocks, fdatasync() and the kernel's word about synchronisation are the test's. */
#ifndef TESTS_UNIT_SUPPORT_ARCHIVE_CASES_H
#define TESTS_UNIT_SUPPORT_ARCHIVE_CASES_H

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/timex.h>

#include "recorderd/archive/archive.h"
#include "shared/base/log.h"
#include "tests/unit/support/fake_clock.h"
#include "tests/unit/support/segment_cases.h"

#define LISTED_MAX 32
#define HOUR_US    (3600 * US_PER_S)

static struct config config;
static struct archive *archive;
static struct reason why;
static struct catalogue_entry listed[LISTED_MAX];
static size_t listed_count;
static bool clock_is_synchronised;

int adjtimex(struct timex *state)
{
	state->status = clock_is_synchronised ? 0 : STA_UNSYNC;
	return clock_is_synchronised ? TIME_OK : TIME_ERROR;
}

static _Atomic bool disk_fails; /* to sync */
static _Atomic unsigned syncs;
static _Atomic bool disk_hangs; /* in a sync */

int fdatasync(int fd)
{
	atomic_fetch_add(&syncs, 1);
	if (atomic_load(&disk_fails)) {
		errno = EIO;
		return -1;
	}
	while (atomic_load(&disk_hangs))
		usleep(1000);
	return (int)syscall(SYS_fdatasync, fd);
}

static inline int start_case(void **state)
{
	(void)state;
	struct buffer out = output_of("rm -rf '%s/recordings'; mkdir '%s/recordings'", folder, folder);
	buffer_finish(&out);
	config = (struct config){.record = {.segment_seconds = 600, .sync_seconds = 1, .enabled = true}};
	snprintf(config.camera.name, sizeof config.camera.name, "bench");
	path_of("recordings", config.record.directory);
	log_set_level(LOG_ERROR);
	clock_is_synchronised = false;
	return 0;
}

static inline int end_case(void **state)
{
	(void)state;
	archive_close(archive);
	archive = NULL;
	return 0;
}

static inline int make_archive_streams(void **state)
{
	setenv("TMPDIR", "/dev/shm", 0);
	return make_streams(state);
}

static inline const char *recording(const char *name)
{
	static char path[PATH_MAX + 80];

	snprintf(path, sizeof path, "%s/%s", config.record.directory, name);
	return path;
}

static inline bool is_there(const char *name)
{
	return access(recording(name), F_OK) == 0;
}

/* An open segment of SMALL frames, as a crash leaves it; named after its time. */
static inline void put_segment(const struct segment_info *info, char name[SEGMENT_FILE_BYTES])
{
	struct buffer data = segment_of(&h264, 0, SMALL, info->segment_no), box = {0};

	segment_info_encode(info, &box);
	memcpy(data.data + h264.ftyp.bytes, box.data, box.length);
	segment_file_name(info->first_wall_us, 1, name);
	file_write(recording(name), data.data, data.length);
	buffer_finish(&data);
	buffer_finish(&box);
}

static inline void put_at(uint64_t segment_no, int64_t wall_us)
{
	char name[SEGMENT_FILE_BYTES];

	put_segment(&(struct segment_info){.segment_no = segment_no, .run_no = 1, .first_wall_us = wall_us}, name);
}

static inline struct archive_start open_archive(void)
{
	archive = archive_open(&config, &why);
	if (!archive || !archive_start(archive, &why))
		fail_msg("%s", why.text);
	return archive_wait(archive);
}

static inline struct archive_summary summary_now(void)
{
	struct archive_summary summary;

	archive_summarise(archive, &summary);
	return summary;
}

/* Opens a segment as the storage thread does. */
static inline struct catalogue_entry begin_segment(int *fd)
{
	struct catalogue_entry entry = {.segment_no = 9, .run_no = 5, .start_wall_us = MEDIA_WALL_US, .media_at = 100};
	char name[SEGMENT_FILE_BYTES];

	put_segment(&(struct segment_info){.segment_no = 9, .run_no = 5, .first_wall_us = MEDIA_WALL_US}, name);
	snprintf(entry.file, sizeof entry.file, "%s", name);
	*fd = open(recording(name), O_RDWR | O_CLOEXEC);
	archive_segment_opened(archive, &entry, *fd);
	return entry;
}

static inline void read_list(void)
{
	struct catalogue list;
	int fd = open(config.record.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(catalogue_open(fd, &list), CATALOGUE_GOOD);
	assert_true(list.entries <= LISTED_MAX);
	listed_count = catalogue_read(&list, 0, (size_t)list.entries, listed);
	assert_int_equal(listed_count, list.entries);
	catalogue_close(&list);
	close(fd);
}

/* Closes it, after at least one round of the keeper's duties, and reads the list that it leaves. */
static inline void close_and_list(void)
{
	archive_close(archive);
	archive = NULL;
	read_list();
}

static inline void assert_listed(size_t count, const uint64_t *numbers)
{
	assert_int_equal(listed_count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(listed[i].segment_no, numbers[i]);
}

#define ASSERT_LISTED(...)                                                                                             \
	assert_listed(sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), (const uint64_t[]){__VA_ARGS__})

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_case, end_case)

#endif
