/* segment_cases.c - two streams, walks, and finishing in place. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/support/in_range.h"
#include "tests/unit/support/segment_cases.h"

struct streams streams;

int make_streams(void **state)
{
	if (make_folder(state) != 0)
		return -1;
	stream_make(&streams.h264, "h264");
	stream_make(&streams.mjpeg, "mjpeg");
	return 0;
}

int drop_streams(void **state)
{
	buffer_free(&streams.h264.data);
	buffer_free(&streams.mjpeg.data);
	return remove_folder(state);
}

bool take_record(const struct index_record *record, void *context)
{
	struct walked *walked = context;

	assert_int_in_range(walked->count, 0, MEDIA_FRAMES - 1);
	walked->records[walked->count++] = *record;
	return walked->count != walked->stop_at;
}

enum segment_outcome examine(int fd, struct segment_layout *layout, struct walked *walked)
{
	enum segment_outcome outcome = segment_read_layout(fd, layout);

	*walked = (struct walked){0};
	if (outcome == SEGMENT_OK)
		walked->outcome = segment_walk(fd, layout, take_record, walked, &walked->good_end);
	return outcome;
}

enum segment_outcome examine_bytes(const void *data, size_t length, struct segment_layout *layout,
				   struct walked *walked)
{
	int fd = file_of(data, length);
	enum segment_outcome outcome = examine(fd, layout, walked);

	close(fd);
	return outcome;
}

struct buffer final_moov(const struct segment_layout *layout, const struct walked *walked)
{
	struct buffer index = {0}, moov = {0};
	struct index_header header = {.segment_no = layout->info.segment_no};
	struct index_reader reader;
	char path[PATH_BYTES];

	index_header_seal(&header);
	buffer_append(&index, &header, sizeof(header));
	buffer_append(&index, walked->records, walked->count * sizeof(walked->records[0]));
	file_write(path_of("a.idx", path), index.data, index.length);
	assert_int_equal(index_reader_open(AT_FDCWD, path, layout->info.segment_no, &reader), INDEX_OK);
	assert_true(segment_build_moov(layout, &reader, walked->count, &moov));
	index_reader_close(&reader);
	buffer_free(&index);
	return moov;
}

void hide_fragments(struct buffer *segment, const struct segment_layout *layout, size_t end)
{
	struct buffer header = {0};

	buffer_u32(&header, 1);
	buffer_u32(&header, MP4_TYPE('m', 'd', 'a', 't'));
	buffer_u64(&header, end - layout->free_at);
	memcpy(segment->data + layout->free_at, header.data, header.length);
	buffer_free(&header);
}

size_t complete_segment(struct buffer *segment)
{
	struct segment_layout layout;
	struct walked walked;
	size_t end = segment->length;

	assert_int_equal(examine_bytes(segment->data, segment->length, &layout, &walked), SEGMENT_OK);
	struct buffer moov = final_moov(&layout, &walked);
	buffer_append(segment, moov.data, moov.length);
	hide_fragments(segment, &layout, end);
	buffer_free(&moov);
	segment_layout_free(&layout);
	return end;
}

void assert_decodes(const struct buffer *segment, const struct stream *stream, size_t first, size_t count,
		    int64_t tolerance_us)
{
	static struct decoded wanted[MEDIA_FRAMES * 2], got[MEDIA_FRAMES * 2];
	char path[PATH_BYTES];

	file_write(path_of("whole.mp4", path), stream->data.data, stream->data.length);
	assert_int_equal(decode(path, wanted), MEDIA_FRAMES);
	file_write(path_of("segment.mp4", path), segment->data, segment->length);
	assert_int_equal(decode(path, got), count);
	for (size_t i = 0; i < count; i++) {
		int64_t error = got[i].time_us - (media_time_us(first + i) - media_time_us(first));
		assert_int_in_range(error + tolerance_us, 0, 2 * tolerance_us);
		assert_string_equal(got[i].hash, wanted[first + i].hash);
	}
}
