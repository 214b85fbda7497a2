/* archive_cases.c - a folder with segments of any number and time, and an archive on it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/log.h"
#include "tests/unit/support/archive_cases.h"

struct archive_case archive_case;

int archive_case_begin(void **state)
{
	(void)state;
	struct buffer out = output_of("rm -rf '%s/recordings'; mkdir '%s/recordings'", media_folder, media_folder);
	buffer_free(&out);
	archive_case.config = (struct config){.record = {.segment_seconds = 600, .sync_seconds = 1, .enabled = true}};
	snprintf(archive_case.config.camera.name, sizeof(archive_case.config.camera.name), "front");
	path_of("recordings", archive_case.config.record.directory);
	log_set_level(LOG_ERROR);
	fake_ntp.is_synchronised = false;
	return 0;
}

int archive_case_end(void **state)
{
	(void)state;
	archive_close(archive_case.archive);
	archive_case.archive = NULL;
	return 0;
}

int archive_case_streams(void **state)
{
	setenv("TMPDIR", "/dev/shm", 0);
	return make_streams(state);
}

const char *recording_path(const char *name)
{
	static char path[PATH_MAX + 80];

	snprintf(path, sizeof(path), "%s/%s", archive_case.config.record.directory, name);
	return path;
}

bool recording_exists(const char *name)
{
	return access(recording_path(name), F_OK) == 0;
}

void put_segment(const struct segment_info *info, char name[SEGMENT_FILE_BYTES])
{
	struct buffer data = segment_of(&streams.h264, 0, SMALL, info->segment_no), box = {0};

	segment_info_encode(info, &box);
	memcpy(data.data + streams.h264.ftyp.bytes, box.data, box.length);
	segment_file_name(info->first_wall_us, 1, name);
	file_write(recording_path(name), data.data, data.length);
	buffer_free(&data);
	buffer_free(&box);
}

void put_segment_at(uint64_t segment_no, int64_t wall_us)
{
	char name[SEGMENT_FILE_BYTES];

	put_segment(&(struct segment_info){.segment_no = segment_no, .run_no = 1, .first_wall_us = wall_us}, name);
}

struct archive_resume_point archive_case_open(void)
{
	archive_case.archive = archive_open(&archive_case.config, &archive_case.why);
	if (!archive_case.archive || !archive_start(archive_case.archive, &archive_case.why))
		fail_msg("%s", archive_case.why.text);
	return archive_wait_repaired(archive_case.archive);
}

struct archive_summary summary_now(void)
{
	struct archive_summary summary;

	archive_get_summary(archive_case.archive, &summary);
	return summary;
}

struct catalogue_entry begin_segment(int *fd)
{
	struct catalogue_entry entry = {.segment_no = 9, .run_no = 5, .start_wall_us = MEDIA_WALL_US, .media_at = 100};
	char name[SEGMENT_FILE_BYTES];

	put_segment(&(struct segment_info){.segment_no = 9, .run_no = 5, .first_wall_us = MEDIA_WALL_US}, name);
	snprintf(entry.file, sizeof(entry.file), "%s", name);
	*fd = open(recording_path(name), O_RDWR | O_CLOEXEC);
	archive_segment_opened(archive_case.archive, &entry, *fd);
	return entry;
}

void read_list(void)
{
	struct catalogue list;
	int fd = open(archive_case.config.record.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(catalogue_open(fd, &list), CATALOGUE_OK);
	assert_true(list.entries <= LISTED_MAX);
	archive_case.listed_count = catalogue_read(&list, 0, (size_t)list.entries, archive_case.listed);
	assert_int_equal(archive_case.listed_count, list.entries);
	catalogue_close(&list);
	close(fd);
}

void close_and_list(void)
{
	archive_close(archive_case.archive);
	archive_case.archive = NULL;
	read_list();
}

void assert_listed(size_t count, const uint64_t *numbers)
{
	assert_int_equal(archive_case.listed_count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(archive_case.listed[i].segment_no, numbers[i]);
}
