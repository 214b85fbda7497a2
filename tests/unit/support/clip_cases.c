/* clip_cases.c - an archive made of FFmpeg's own frames, and what a clip of it shows. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/archive/catalogue_writer.h"
#include "shared/segment/catalogue.h"
#include "tests/unit/support/clip_cases.h"
#include "tests/unit/support/in_range.h"

int clip_folder = -1;

size_t next_key(size_t frame)
{
	while (!media_key(frame))
		frame++;
	return frame;
}

int64_t media_wall_us(size_t frame)
{
	return MEDIA_WALL_US + media_time_us(frame);
}

void write_segment_index(const struct walked *walked, const char *media_name, uint64_t segment_no)
{
	struct index_header header = {.segment_no = segment_no, .first_wall_us = walked->records[0].wall_us};
	struct buffer bytes = {0};
	char name[64], path[PATH_BYTES];

	index_header_seal(&header);
	buffer_append(&bytes, &header, sizeof(header));
	buffer_append(&bytes, walked->records, walked->count * sizeof(walked->records[0]));
	assert_true(index_name(media_name, name, sizeof(name)));
	file_write(path_of(name, path), bytes.data, bytes.length);
	buffer_free(&bytes);
}

void archive_of_parts(const struct part *parts, size_t count)
{
	struct catalogue_entry entries[4] = {0};
	struct reason why;
	char path[PATH_BYTES];

	for (size_t i = 0; i < count; i++) {
		const struct part *part = &parts[i];
		uint64_t segment_no = i + 1;
		struct buffer media = segment_of(part->stream, part->first, part->count, segment_no);
		struct segment_layout layout;
		struct walked walked;
		if (part->complete)
			complete_segment(&media);
		assert_int_equal(examine_bytes(media.data, media.length, &layout, &walked), SEGMENT_OK);
		entries[i] = (struct catalogue_entry){.segment_no = segment_no,
						      .start_wall_us = media_wall_us(part->first),
						      .end_wall_us = media_wall_us(part->first + part->count),
						      .frames = part->count,
						      .codec = layout.init.codec,
						      .width = 96,
						      .height = 64,
						      .gap_cause = (uint8_t)part->gap_cause,
						      .state = part->complete};
		snprintf(entries[i].file, sizeof(entries[i].file), "recording_20270115_10000%zu.mp4", i);
		file_write(path_of(entries[i].file, path), media.data, media.length);
		char index[64];
		assert_true(index_name(entries[i].file, index, sizeof(index)));
		unlink(path_of(index, path));
		if (i != 1)
			write_segment_index(&walked, entries[i].file, segment_no);
		segment_layout_free(&layout);
		buffer_free(&media);
	}
	assert_true(catalogue_write(clip_folder, 1, entries, count, false, &why));
}

void write_clip(const struct clip *clip, char path[PATH_BYTES])
{
	struct buffer bytes = {0};
	uint8_t chunk[1000];
	ssize_t got;

	for (uint64_t at = 0; (got = virtual_file_read(clip->file, at, chunk, sizeof(chunk))) != 0;
	     at += (uint64_t)got) {
		assert_true(got > 0);
		buffer_append(&bytes, chunk, (size_t)got);
	}
	assert_int_equal(bytes.length, virtual_file_size(clip->file));
	file_write(path_of("clip.mp4", path), bytes.data, bytes.length);
	buffer_free(&bytes);
}

static size_t decoded_of(const struct buffer *media, struct decoded *out)
{
	char path[PATH_BYTES];

	file_write(path_of("all.mp4", path), media->data, media->length);
	return decode(path, out);
}

int64_t clip_length_us(const char *path)
{
	struct buffer text = output_of("ffprobe -v error -show_entries format=duration -of csv=p=0 '%s'", path);
	double seconds = strtod((char *)text.data, NULL);

	buffer_free(&text);
	return (int64_t)(seconds * 1e6 + 0.5);
}

struct clip clip_of_range(int64_t from_us, int64_t to_us, unsigned speed)
{
	struct clip_plan plan;
	struct clip clip;

	assert_int_equal(clip_plan_make(clip_folder, from_us, to_us, &plan), PLAN_OK);
	assert_true(plan.count > 0);
	assert_true(clip_build(&plan, speed, &clip));
	clip_plan_free(&plan);
	return clip;
}

void assert_shows(const char *path, const struct stream *stream, size_t first, size_t count)
{
	static struct decoded wanted[MEDIA_FRAMES * 2], got[MEDIA_FRAMES * 2];

	assert_int_equal(decoded_of(&stream->data, wanted), MEDIA_FRAMES);
	assert_int_equal(decode(path, got), count);
	for (size_t i = 0; i < count; i++) {
		int64_t error_us = got[i].time_us - (media_time_us(first + i) - media_time_us(first));
		assert_int_in_range(error_us + 12, 0, 24);
		assert_string_equal(got[i].hash, wanted[first + i].hash);
	}
}

int clip_folder_make(void **state)
{
	if (make_streams(state) != 0)
		return -1;
	clip_folder = open(media_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return clip_folder < 0;
}
