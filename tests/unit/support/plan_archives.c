/* plan_archives.c - archives whose frames jitter, pause, lack key frames and go back in time. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/archive/catalogue_writer.h"
#include "shared/base/clock.h"
#include "shared/ring/state.h"
#include "shared/segment/segment.h"
#include "tests/unit/support/plan_archives.h"

uint32_t plan_seed;

uint32_t random_below(uint32_t limit)
{
	plan_seed = plan_seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(plan_seed >> 8) * limit >> 24);
}

void plan_write_file(const struct plan_archive *archive, const char *name, const void *data, size_t length, off_t size)
{
	int fd = openat(archive->folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, length), length);
	if (size > 0)
		assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

void plan_write_segment(const struct plan_archive *archive, const struct frames *segment)
{
	struct index_header header = {.segment_no = segment->entry.segment_no,
				      .first_wall_us = segment->entry.start_wall_us};
	struct index_record records[FRAMES_MAX];
	uint8_t bytes[(FRAMES_MAX + 1) * INDEX_RECORD_BYTES];
	char name[SEGMENT_FILE_BYTES];

	index_header_seal(&header);
	memcpy(bytes, &header, sizeof(header));
	memcpy(records, segment->records, sizeof(records));
	for (size_t i = 0; i < segment->count; i++)
		index_record_seal(&records[i], segment->entry.segment_no);
	memcpy(bytes + sizeof(header), records, segment->count * sizeof(records[0]));
	assert_true(index_name(segment->entry.file, name, sizeof(name)));
	plan_write_file(archive, name, bytes, (segment->count + 1) * INDEX_RECORD_BYTES, 0);
	plan_write_file(archive, segment->entry.file, "", 0, (off_t)segment->entry.size_bytes);
}

/* Makes the frames of one segment from *wall_us on; *wall_us becomes its end. */
static void fill_segment(struct frames *segment, int64_t *wall_us, uint32_t usual_us)
{
	uint64_t offset = 500;
	int64_t second = -1;

	segment->count = 2 + random_below(FRAMES_MAX - 2);
	for (size_t i = 0; i < segment->count; i++) {
		struct index_record *record = &segment->records[i];
		uint32_t duration_us = usual_us * 3 / 4 + random_below(usual_us / 2 + 1);
		bool key = *wall_us / US_PER_S != second && (i == 0 || random_below(10) != 0);
		if (i + 1 < segment->count && random_below(60) == 0)
			duration_us += random_below(4000000);
		*record = (struct index_record){
			*wall_us, offset, 10 + random_below(50), duration_us, key ? INDEX_KEY : 0, 0};
		if (key)
			second = *wall_us / US_PER_S;
		offset += record->size + 100;
		*wall_us += duration_us;
	}
	segment->entry.size_bytes = offset;
}

static void make_segment(struct plan_archive *archive, size_t number, int64_t *wall_us, uint32_t usual_us)
{
	struct frames *segment = &archive->segments[number];
	int64_t last_end_us = number ? *wall_us : 0;
	uint32_t cause = GAP_NONE;

	memset(segment, 0, sizeof(*segment));
	if (number == 0) {
		cause = GAP_START;
	} else if (random_below(3) == 0) {
		cause = random_below(3) == 0 ? GAP_CLOCK : GAP_UNPLUGGED;
		*wall_us += cause == GAP_CLOCK ? -(int64_t)random_below(20000000) : (int64_t)random_below(9000000);
	}
	segment->entry = (struct catalogue_entry){.segment_no = number + 7,
						  .start_wall_us = *wall_us,
						  .last_wall_us = last_end_us,
						  .gap_cause = (uint8_t)cause,
						  .codec = MP4_TYPE('a', 'v', 'c', '1'),
						  .width = 64,
						  .height = 64,
						  .state = CATALOGUE_COMPLETE};
	snprintf(segment->entry.file, sizeof(segment->entry.file), "recording_20270115_%06u.mp4", (unsigned)number);
	fill_segment(segment, wall_us, usual_us);
	segment->entry.end_wall_us = *wall_us;
	segment->entry.frames = segment->count;
	if (*wall_us > archive->last_us)
		archive->last_us = *wall_us;
}

void plan_archive_write(struct plan_archive *archive)
{
	struct catalogue_entry entries[SEGMENTS_MAX];
	struct reason why;

	for (size_t i = 0; i < archive->count; i++) {
		entries[i] = archive->segments[i].entry;
		plan_write_segment(archive, &archive->segments[i]);
	}
	assert_true(catalogue_write(archive->folder, 1, entries, archive->count, false, &why));
}

void plan_archive_make(struct plan_archive *archive, uint32_t number)
{
	uint32_t usual_us = 1000000 / (1 + number % 60);
	int64_t wall_us = START_US + 437000;

	plan_seed = number;
	*archive = (struct plan_archive){.count = 1 + random_below(SEGMENTS_MAX)};
	snprintf(archive->path, sizeof(archive->path), "/tmp/recorder-plan-XXXXXX");
	assert_non_null(mkdtemp(archive->path));
	archive->folder = open(archive->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(archive->folder >= 0);
	archive->first_us = wall_us;
	for (size_t i = 0; i < archive->count; i++)
		make_segment(archive, i, &wall_us, usual_us);
	struct frames *last = &archive->segments[archive->count - 1];
	if (random_below(2) == 0) {
		/* It is still being recorded, so the list is older than the index. */
		last->entry.state = CATALOGUE_RECORDING;
		last->entry.frames = 1;
		last->entry.end_wall_us = last->records[0].wall_us + last->records[0].duration_us;
	}
	plan_archive_write(archive);
}

int64_t plan_archive_damage(struct plan_archive *archive, size_t number, size_t first, size_t end)
{
	struct frames *segment = &archive->segments[number];
	int64_t from_us = segment->records[first].wall_us, to_us = segment->records[end].wall_us;

	memmove(segment->records + first, segment->records + end, (segment->count - end) * sizeof(segment->records[0]));
	segment->count -= end - first;
	segment->records[first].flags = INDEX_KEY | INDEX_AFTER_HOLE;
	segment->entry.frames = segment->count;
	segment->entry.holes = 1;
	if (first == 0)
		segment->entry.start_wall_us = to_us;
	plan_archive_write(archive);
	return to_us - from_us;
}

void plan_archive_drop(struct plan_archive *archive)
{
	char name[SEGMENT_FILE_BYTES];

	for (size_t i = 0; i < archive->count; i++) {
		unlinkat(archive->folder, archive->segments[i].entry.file, 0);
		assert_true(index_name(archive->segments[i].entry.file, name, sizeof(name)));
		unlinkat(archive->folder, name, 0);
	}
	unlinkat(archive->folder, CATALOGUE_FILE, 0);
	close(archive->folder);
	assert_int_equal(rmdir(archive->path), 0);
}

void plan_archive_age(const struct plan_archive *archive)
{
	struct dirent **entries;
	int count = scandirat(archive->folder, ".", &entries, NULL, NULL);
	struct timespec times[2];

	assert_true(count > 0);
	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= 3600;
	times[1] = times[0];
	for (int i = 0; i < count; i++) {
		if (strcmp(entries[i]->d_name, "..") != 0)
			assert_int_equal(utimensat(archive->folder, entries[i]->d_name, times, 0), 0);
		free(entries[i]);
	}
	free(entries);
}
