/* plan_archives.h - archives whose frames jitter, pause, miss key frames and go back in time, for tests. */
#ifndef TESTS_UNIT_SUPPORT_PLAN_ARCHIVES_H
#define TESTS_UNIT_SUPPORT_PLAN_ARCHIVES_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/archive/catalogue_writer.h"
#include "shared/segment/catalogue.h"
#include "shared/base/clock.h"
#include "shared/segment/segment.h"
#include "shared/ring/state.h"

#define SEGMENTS_MAX 12u
#define FRAMES_MAX   400u
#define START_US     INT64_C(1800000000000000)

struct frames {
	struct catalogue_entry entry;
	struct index_record records[FRAMES_MAX];
	size_t count;
};

struct archive {
	struct frames segments[SEGMENTS_MAX];
	size_t count;
	int64_t first_us, last_us;
	char path[64];
	int folder;
};

static uint32_t seed;

static inline uint32_t below(uint32_t limit)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(seed >> 8) * limit >> 24);
}

static inline void write_file(const struct archive *archive, const char *name, const void *data, size_t length,
			      off_t size)
{
	int fd = openat(archive->folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, length), length);
	if (size > 0)
		assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static inline void segment_write(const struct archive *archive, const struct frames *segment)
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
	write_file(archive, name, bytes, (segment->count + 1) * INDEX_RECORD_BYTES, 0);
	write_file(archive, segment->entry.file, "", 0, (off_t)segment->entry.size_bytes);
}

/* The frames of one segment from *wall_us on; *wall_us moves to its end. */
static inline void segment_fill(struct frames *segment, int64_t *wall_us, uint32_t usual_us)
{
	uint64_t offset = 500;
	int64_t second = -1;

	segment->count = 2 + below(FRAMES_MAX - 2);
	for (size_t i = 0; i < segment->count; i++) {
		struct index_record *record = &segment->records[i];
		uint32_t duration_us = usual_us * 3 / 4 + below(usual_us / 2 + 1);
		bool key = *wall_us / US_PER_S != second && (i == 0 || below(10) != 0);
		if (i + 1 < segment->count && below(60) == 0)
			duration_us += below(4000000);
		*record = (struct index_record){*wall_us, offset, 10 + below(50), duration_us, key ? INDEX_KEY : 0, 0};
		if (key)
			second = *wall_us / US_PER_S;
		offset += record->size + 100;
		*wall_us += duration_us;
	}
	segment->entry.size_bytes = offset;
}

static inline void segment_make(struct archive *archive, size_t number, int64_t *wall_us, uint32_t usual_us)
{
	struct frames *segment = &archive->segments[number];
	int64_t last_end_us = number ? *wall_us : 0;
	uint32_t cause = GAP_NONE;

	memset(segment, 0, sizeof(*segment));
	if (number == 0) {
		cause = GAP_START;
	} else if (below(3) == 0) {
		cause = below(3) == 0 ? GAP_CLOCK : GAP_UNPLUGGED;
		*wall_us += cause == GAP_CLOCK ? -(int64_t)below(20000000) : (int64_t)below(9000000);
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
	segment_fill(segment, wall_us, usual_us);
	segment->entry.end_wall_us = *wall_us;
	segment->entry.frames = segment->count;
	if (*wall_us > archive->last_us)
		archive->last_us = *wall_us;
}

static inline void archive_write(struct archive *archive)
{
	struct catalogue_entry entries[SEGMENTS_MAX];
	struct reason why;

	for (size_t i = 0; i < archive->count; i++) {
		entries[i] = archive->segments[i].entry;
		segment_write(archive, &archive->segments[i]);
	}
	assert_true(catalogue_write(archive->folder, 1, entries, archive->count, false, &why));
}

static inline void archive_make(struct archive *archive, uint32_t number)
{
	uint32_t usual_us = 1000000 / (1 + number % 60);
	int64_t wall_us = START_US + 437000;

	seed = number;
	*archive = (struct archive){.count = 1 + below(SEGMENTS_MAX)};
	snprintf(archive->path, sizeof(archive->path), "/tmp/recorder-plan-XXXXXX");
	assert_non_null(mkdtemp(archive->path));
	archive->folder = open(archive->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(archive->folder >= 0);
	archive->first_us = wall_us;
	for (size_t i = 0; i < archive->count; i++)
		segment_make(archive, i, &wall_us, usual_us);
	struct frames *last = &archive->segments[archive->count - 1];
	if (below(2) == 0) {
		/* Still being recorded: the list is older than the index. */
		last->entry.state = CATALOGUE_RECORDING;
		last->entry.frames = 1;
		last->entry.end_wall_us = last->records[0].wall_us + last->records[0].duration_us;
	}
	archive_write(archive);
}

/* Frames [first, end) of a segment are damaged; the time that they took. */
static inline int64_t archive_damage(struct archive *archive, size_t number, size_t first, size_t end)
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
	archive_write(archive);
	return to_us - from_us;
}

static inline void archive_drop(struct archive *archive)
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

#endif
