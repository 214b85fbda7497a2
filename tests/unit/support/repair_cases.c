/* repair_cases.c - one small undamaged segment in all its forms. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/log.h"
#include "tests/unit/support/repair_cases.h"

struct forms forms;

static struct reason why;

void put_files(const void *media, size_t media_bytes, const void *index, size_t index_bytes)
{
	char path[PATH_BYTES];

	file_write(path_of(MEDIA_FILE, path), media, media_bytes);
	if (index)
		file_write(path_of(INDEX_FILE, path), index, index_bytes);
	else
		unlinkat(forms.directory, INDEX_FILE, 0);
}

static struct buffer read_file(const char *name)
{
	struct buffer out = {0};
	int fd = openat(forms.directory, name, O_RDONLY | O_CLOEXEC);
	uint8_t block[4096];
	ssize_t got;

	assert_true(fd >= 0);
	while ((got = read(fd, block, sizeof(block))) > 0)
		buffer_append(&out, block, (size_t)got);
	close(fd);
	return out;
}

void assert_file(const char *name, const void *data, size_t length)
{
	struct buffer found = read_file(name);

	assert_int_equal(found.length, length);
	assert_memory_equal(found.data, data, length);
	buffer_free(&found);
}

size_t index_bytes(size_t frames)
{
	return (frames + 1) * INDEX_RECORD_BYTES;
}

void assert_repaired_to(size_t count, const struct catalogue_entry *entry)
{
	assert_file(INDEX_FILE, forms.index_file.data, index_bytes(count));
	assert_file(MEDIA_FILE, forms.plain[count].data, forms.plain[count].length);
	assert_int_equal(entry->frames, count);
	assert_int_equal(entry->state, CATALOGUE_COMPLETE);
	assert_int_equal(entry->size_bytes, forms.plain[count].length);
	assert_int_equal(entry->segment_no, SEGMENT_NO);
	assert_int_equal(entry->start_wall_us, MEDIA_WALL_US);
	assert_string_equal(entry->file, MEDIA_FILE);
}

size_t whole_frames(size_t length)
{
	size_t count = SMALL;

	while (count && forms.ends[count] > length)
		count--;
	return count;
}

int make_forms(void **state)
{
	struct catalogue_entry entry;

	setenv("TMPDIR", "/dev/shm", 0);
	log_set_level(LOG_ERROR);
	if (make_streams(state) != 0)
		return -1;
	forms.directory = open(media_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	forms.segment = segment_of(&streams.h264, 0, SMALL, SEGMENT_NO);
	forms.ends[SMALL] = forms.segment.length;
	for (size_t i = SMALL; i-- > 0;)
		forms.ends[i] = forms.ends[i + 1] - streams.h264.fragments[i].bytes;
	for (size_t count = 1; count <= SMALL; count++) {
		put_files(forms.segment.data, forms.ends[count], NULL, 0);
		if (segment_repair(forms.directory, MEDIA_FILE, &entry, NULL, &why) != REPAIR_DONE)
			return -1;
		forms.plain[count] = read_file(MEDIA_FILE);
	}
	forms.index_file = read_file(INDEX_FILE);
	return 0;
}

int drop_forms(void **state)
{
	for (size_t count = 1; count <= SMALL; count++)
		buffer_free(&forms.plain[count]);
	buffer_free(&forms.segment);
	buffer_free(&forms.index_file);
	close(forms.directory);
	return drop_streams(state);
}
