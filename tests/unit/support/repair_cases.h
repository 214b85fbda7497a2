/* repair_cases.h - what the tests of the repair share: one small segment in all its forms, as nobody disturbed it. */
#ifndef TESTS_UNIT_SUPPORT_REPAIR_CASES_H
#define TESTS_UNIT_SUPPORT_REPAIR_CASES_H

#include "recorderd/repair/segment_repair.h"
#include "shared/base/log.h"
#include "tests/unit/support/segment_cases.h"

#define MEDIA_FILE "recording_20270115_080000.mp4"
#define INDEX_FILE "recording_20270115_080000.idx"

static struct reason why;
static int directory;
static struct buffer segment;          /* open, of SMALL frames */
static struct buffer index_file;       /* of all of it */
static struct buffer plain[SMALL + 1]; /* finished, with so many frames */
static size_t ends[SMALL + 1];         /* of the open form with so many frames */

static inline void put_files(const void *media, size_t media_bytes, const void *index, size_t index_bytes)
{
	char path[PATH_BYTES];

	file_write(path_of(MEDIA_FILE, path), media, media_bytes);
	if (index)
		file_write(path_of(INDEX_FILE, path), index, index_bytes);
	else
		unlinkat(directory, INDEX_FILE, 0);
}

static inline struct buffer read_file(const char *name)
{
	struct buffer out = {0};
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	uint8_t block[4096];
	ssize_t got;

	assert_true(fd >= 0);
	while ((got = read(fd, block, sizeof block)) > 0)
		buffer_append(&out, block, (size_t)got);
	close(fd);
	return out;
}

static inline bool file_is_there(const char *name)
{
	return faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline void assert_file(const char *name, const void *data, size_t length)
{
	struct buffer found = read_file(name);

	assert_int_equal(found.length, length);
	assert_memory_equal(found.data, data, length);
	buffer_finish(&found);
}

static inline size_t index_bytes(size_t frames)
{
	return (frames + 1) * INDEX_RECORD_BYTES;
}

/* Both files are what an undisturbed recorder makes of the first `count` frames. */
static inline void assert_repaired_to(size_t count, const struct catalogue_entry *entry)
{
	assert_file(INDEX_FILE, index_file.data, index_bytes(count));
	assert_file(MEDIA_FILE, plain[count].data, plain[count].length);
	assert_int_equal(entry->frames, count);
	assert_int_equal(entry->state, CATALOGUE_COMPLETE);
	assert_int_equal(entry->size_bytes, plain[count].length);
	assert_int_equal(entry->segment_no, SEGMENT_NO);
	assert_int_equal(entry->start_wall_us, MEDIA_WALL_US);
	assert_string_equal(entry->file, MEDIA_FILE);
}

static inline size_t whole_frames(size_t length)
{
	size_t count = SMALL;

	while (count && ends[count] > length)
		count--;
	return count;
}

/* The repair itself is what makes the undisturbed forms; FFmpeg is asked about each (below). */
static inline int make_forms(void **state)
{
	struct catalogue_entry entry;

	setenv("TMPDIR", "/dev/shm", 0);
	log_set_level(LOG_ERROR);
	if (make_streams(state) != 0)
		return -1;
	directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	segment = segment_of(&h264, 0, SMALL, SEGMENT_NO);
	ends[SMALL] = segment.length;
	for (size_t i = SMALL; i-- > 0;)
		ends[i] = ends[i + 1] - h264.fragments[i].bytes;
	for (size_t count = 1; count <= SMALL; count++) {
		put_files(segment.data, ends[count], NULL, 0);
		if (segment_repair(directory, MEDIA_FILE, &entry, NULL, &why) != REPAIR_DONE)
			return -1;
		plain[count] = read_file(MEDIA_FILE);
	}
	index_file = read_file(INDEX_FILE);
	return 0;
}

static inline int drop_forms(void **state)
{
	for (size_t count = 1; count <= SMALL; count++)
		buffer_finish(&plain[count]);
	buffer_finish(&segment);
	buffer_finish(&index_file);
	close(directory);
	return drop_streams(state);
}

#endif
