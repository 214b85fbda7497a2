/* test_clip_build.c - clips of real media: FFmpeg decodes exactly the frames, at exactly their times; also what has to
 * be encoded. */
#include "tests/unit/segment_cases.h"

#include <time.h>

#include "fcgi/clip_build.h"
#include "fcgi/clip_memory.h"
#include "fcgi/clip_still.h"
#include "shared/catalogue.h"
#include "shared/ring_writer.h"

#define RUN_US (MEDIA_WALL_US / 1000000 * 1000000)

static int archive = -1;
static struct config config = {.record = {.encoder = "libx264", .preset = "ultrafast", .quality = 10}};

/* The first key frame at or behind a frame. */
static size_t key_from(size_t frame)
{
	while (!media_key(frame))
		frame++;
	return frame;
}

static int64_t wall_of(size_t frame)
{
	return MEDIA_WALL_US + media_time_us(frame);
}

struct part {
	const struct stream *stream;
	size_t first, count;
	uint32_t gap_cause;
	bool complete;
};

static void write_index(const struct walked *walked, const char *media_name, uint64_t segment_no)
{
	struct index_header header = {.segment_no = segment_no, .first_wall_us = walked->records[0].wall_us};
	struct buffer bytes = {0};
	char name[64], path[PATH_BYTES];

	index_header_seal(&header);
	buffer_append(&bytes, &header, sizeof(header));
	buffer_append(&bytes, walked->records, walked->count * sizeof(walked->records[0]));
	assert_true(index_name(media_name, name, sizeof(name)));
	file_write(path_of(name, path), bytes.data, bytes.length);
	buffer_finish(&bytes);
}

/* Segments of these parts, with an index each but the second: that one has to be walked. */
static void archive_of(const struct part *parts, size_t count)
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
			finish(&media);
		assert_int_equal(examine_bytes(media.data, media.length, &layout, &walked), SEGMENT_GOOD);
		entries[i] = (struct catalogue_entry){.segment_no = segment_no,
						      .start_wall_us = wall_of(part->first),
						      .end_wall_us = wall_of(part->first + part->count),
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
			write_index(&walked, entries[i].file, segment_no);
		segment_layout_finish(&layout);
		buffer_finish(&media);
	}
	assert_true(catalogue_write(archive, 1, entries, count, false, &why));
}

static void write_clip(const struct clip *clip, char path[PATH_BYTES])
{
	struct buffer bytes = {0};
	uint8_t chunk[1000];
	ssize_t got;

	for (uint64_t at = 0; (got = vfile_read(clip->file, at, chunk, sizeof(chunk))) != 0; at += (uint64_t)got) {
		assert_true(got > 0);
		buffer_append(&bytes, chunk, (size_t)got);
	}
	assert_int_equal(bytes.length, vfile_size(clip->file));
	file_write(path_of("clip.mp4", path), bytes.data, bytes.length);
	buffer_finish(&bytes);
}

static size_t decoded_of(const struct buffer *media, struct decoded *out)
{
	char path[PATH_BYTES];

	file_write(path_of("all.mp4", path), media->data, media->length);
	return decode(path, out);
}

/* How long FFmpeg thinks that a file is, in microseconds. */
static int64_t length_of(const char *path)
{
	struct buffer text = output_of("ffprobe -v error -show_entries format=duration -of csv=p=0 '%s'", path);
	double seconds = strtod((char *)text.data, NULL);

	buffer_finish(&text);
	return (int64_t)(seconds * 1e6 + 0.5);
}

static struct clip clip_of(int64_t from_us, int64_t to_us, unsigned speed)
{
	struct clip_plan plan;
	struct clip clip;

	assert_int_equal(clip_plan_make(archive, from_us, to_us, &plan), PLAN_GOOD);
	assert_true(plan.count > 0);
	assert_true(clip_build(&plan, speed, &clip));
	clip_plan_finish(&plan);
	return clip;
}

/* The clip shows those frames of the stream, and each at its time from the first. */
static void assert_shows(const char *path, const struct stream *stream, size_t first, size_t count)
{
	static struct decoded wanted[MEDIA_FRAMES * 2], got[MEDIA_FRAMES * 2];

	assert_int_equal(decoded_of(&stream->data, wanted), MEDIA_FRAMES);
	assert_int_equal(decode(path, got), count);
	for (size_t i = 0; i < count; i++) {
		int64_t error_us = got[i].time_us - (media_time_us(first + i) - media_time_us(first));
		assert_in_range(error_us + 12, 0, 24);
		assert_string_equal(got[i].hash, wanted[first + i].hash);
	}
}

static void a_clip_over_three_segments_is_frame_exact(void **state)
{
	size_t one = key_from(10), two = key_from(20);
	const struct part parts[] = {
		{&h264, 0, one, GAP_START, true},
		{&h264, one, two - one, GAP_NONE, true},
		{&h264, two, MEDIA_FRAMES - two, GAP_NONE, false},
	};
	char path[PATH_BYTES];

	(void)state;
	archive_of(parts, 3);
	size_t first = key_from(3);
	int64_t from_us = wall_of(first) / 1000000 * 1000000;
	struct clip clip = clip_of(from_us, wall_of(35), 1);
	write_clip(&clip, path);
	assert_shows(path, &h264, first, 35 - first);
	assert_string_equal(clip.source, "disk");
	assert_int_equal(clip.span_count, 1);
	clip_finish(&clip);
}

static void a_whole_range_lasts_exactly_what_was_asked_for(void **state)
{
	const struct part parts[] = {{&h264, 0, MEDIA_FRAMES, GAP_START, true}};
	char path[PATH_BYTES];

	(void)state;
	archive_of(parts, 1);
	/* The key frame of this second comes within the tolerance, and the last frame stands beyond the end. */
	size_t first = key_from(1);
	while (wall_of(first) % 1000000 > 100000)
		first = key_from(first + 1);
	int64_t from_us = wall_of(first) / 1000000 * 1000000;
	struct clip clip = clip_of(from_us, from_us + 1000000, 1);
	assert_int_equal(clip.duration_us, 1000000);
	assert_int_equal(clip.start_us, from_us);
	write_clip(&clip, path);
	assert_in_range(length_of(path), 1000000 - 500, 1000000 + 500);
	clip_finish(&clip);
}

static void what_begins_late_or_ends_early_is_as_long_as_it_is(void **state)
{
	const struct part parts[] = {{&h264, 0, MEDIA_FRAMES, GAP_START, true}};

	(void)state;
	archive_of(parts, 1);
	struct clip clip = clip_of(RUN_US - 5000000, wall_of(MEDIA_FRAMES) + 5000000, 1);
	assert_int_equal(clip.start_us, MEDIA_WALL_US);
	assert_int_equal(clip.frames, MEDIA_FRAMES);
	assert_int_equal(clip.duration_us, clip.end_us - clip.start_us);
	assert_true(clip.end_us < wall_of(MEDIA_FRAMES) + 5000000);
	clip_finish(&clip);
}

static void the_last_picture_stands_through_a_gap(void **state)
{
	size_t two = key_from(20);
	const struct part parts[] = {
		{&h264, 0, 8, GAP_START, true},
		{&h264, two, MEDIA_FRAMES - two, GAP_UNPLUGGED, true},
	};
	static struct decoded got[MEDIA_FRAMES * 2];
	char path[PATH_BYTES];

	(void)state;
	archive_of(parts, 2);
	struct clip clip = clip_of(RUN_US, INT64_MAX - 1000000, 1);
	write_clip(&clip, path);
	assert_int_equal(decode(path, got), 8 + MEDIA_FRAMES - two);
	assert_in_range(got[8].time_us + 12 - media_time_us(two), 0, 24);
	assert_int_equal(clip.span_count, 2);
	clip_finish(&clip);
}

/* After the clock was set back the same seconds come twice: both are kept, one behind the other. */
static void time_that_goes_back_follows_on(void **state)
{
	const struct part parts[] = {
		{&h264, 0, MEDIA_FRAMES, GAP_START, true},
		{&h264, 0, MEDIA_FRAMES, GAP_CLOCK, true},
	};
	static struct decoded got[MEDIA_FRAMES * 2];
	char path[PATH_BYTES];

	(void)state;
	archive_of(parts, 2);
	struct clip clip = clip_of(RUN_US, INT64_MAX - 1000000, 1);
	write_clip(&clip, path);
	assert_int_equal(decode(path, got), 2 * MEDIA_FRAMES);
	for (size_t i = 1; i < MEDIA_FRAMES; i++)
		assert_in_range(got[MEDIA_FRAMES + i].time_us - got[MEDIA_FRAMES].time_us + 12 - media_time_us(i), 0,
				24);
	assert_true(got[MEDIA_FRAMES].time_us > got[MEDIA_FRAMES - 1].time_us);
	assert_string_equal(got[MEDIA_FRAMES].hash, got[0].hash);
	clip_finish(&clip);
}

static void a_timelapse_has_the_key_frames_faster(void **state)
{
	const struct part parts[] = {{&h264, 0, MEDIA_FRAMES, GAP_START, true}};
	static struct decoded got[MEDIA_FRAMES * 2];
	size_t keys = 0;
	char path[PATH_BYTES];

	(void)state;
	archive_of(parts, 1);
	struct clip clip = clip_of(RUN_US, INT64_MAX - 1000000, 4);
	write_clip(&clip, path);
	for (size_t i = 0; i < MEDIA_FRAMES; i++)
		keys += media_key(i);
	assert_int_equal(decode(path, got), keys);
	assert_in_range(got[1].time_us + 12 - media_time_us(key_from(1)) / 4, 0, 24);
	clip_finish(&clip);
}

static void the_tag_is_of_the_content(void **state)
{
	const struct part parts[] = {{&h264, 0, MEDIA_FRAMES, GAP_START, true}};

	(void)state;
	archive_of(parts, 1);
	struct clip a = clip_of(RUN_US, RUN_US + 3000000, 1), b = clip_of(RUN_US, RUN_US + 3000000, 1);
	struct clip c = clip_of(RUN_US, RUN_US + 2000000, 1), d = clip_of(RUN_US, RUN_US + 3000000, 2);
	assert_string_equal(a.etag, b.etag);
	assert_string_not_equal(a.etag, c.etag);
	assert_string_not_equal(a.etag, d.etag);
	clip_finish(&a);
	clip_finish(&b);
	clip_finish(&c);
	clip_finish(&d);
}

static void a_clip_outlives_the_files(void **state)
{
	const struct part parts[] = {{&h264, 0, MEDIA_FRAMES, GAP_START, true}};
	char path[PATH_BYTES];

	(void)state;
	archive_of(parts, 1);
	struct clip clip = clip_of(RUN_US, INT64_MAX - 1000000, 1);
	assert_int_equal(unlinkat(archive, "recording_20270115_100000.mp4", 0), 0);
	write_clip(&clip, path);
	assert_shows(path, &h264, 0, MEDIA_FRAMES);
	clip_finish(&clip);
}

/* A ring that holds the stream's pictures as JPEGs, at the stream's times. */
static struct ring_writer *ring_of(struct ring_reader **reader)
{
	struct buffer jpegs =
		output_of("ffmpeg -v error -f lavfi -i testsrc=size=96x64:rate=10 -frames:v %u -c:v mjpeg "
			  "-pix_fmt yuvj420p -f mjpeg pipe:1",
			  MEDIA_FRAMES);
	struct ring_wish wish = {.data_bytes = 4 << 20, .index_entries = 1024, .keep_us = INT64_MAX / 2};
	char name[64];
	uint64_t data_bytes, adopted, memory_bytes;
	struct reason why;
	const uint8_t *at = jpegs.data, *end = jpegs.data + jpegs.length;

	snprintf(name, sizeof(name), "/recorder.test-clip-%d", (int)getpid());
	wish.name = name;
	struct ring_writer *ring = ring_writer_open(&wish, &data_bytes, &adopted, &why);
	assert_non_null(ring);
	for (size_t i = 0; i < MEDIA_FRAMES; i++) {
		const uint8_t *eoi = memmem(at, (size_t)(end - at), "\xff\xd9", 2);
		assert_non_null(eoi);
		struct iovec part = {(void *)(uintptr_t)at, (size_t)(eoi + 2 - at)};
		struct ring_meta meta = {.wall_us = wall_of(i),
					 .mono_us = media_time_us(i) + 1,
					 .stretch = 1,
					 .width = 96,
					 .height = 64};
		assert_int_equal(ring_writer_put(ring, &meta, &part, 1), i + 1);
		at = eoi + 2;
	}
	buffer_finish(&jpegs);
	const void *memory = ring_writer_memory(ring, &memory_bytes);
	*reader = ring_reader_attach(memory, memory_bytes, &why);
	assert_non_null(*reader);
	return ring;
}

/* The stretch that is said to have another picture size, so that it has to be scaled to that of the first. */
static size_t other_size = SIZE_MAX;

/* Plans, encodes what the index lacks, and joins. */
static struct clip joined_clip(const struct ring_reader *ring, int64_t from_us, int64_t to_us)
{
	struct clip_plan plan;
	struct encode encode = {.config = &config};
	struct clip clip;

	assert_int_equal(clip_plan_make(archive, from_us, to_us, &plan), PLAN_GOOD);
	if (other_size < plan.count)
		plan.stretches[other_size].segment.entry.width = 48;
	memory_add_missing(&plan, ring, true, &encode);
	assert_true(memory_add_unlike(&plan, &encode));
	assert_true(encode.count > 0);
	assert_true(encode_prepare(&encode));
	assert_int_equal(encode_run(&encode), 0);
	assert_true(encode_adopt(&encode, &plan));
	assert_true(clip_build(&plan, 1, &clip));
	encode_finish(&encode);
	clip_plan_finish(&plan);
	return clip;
}

static void assert_times_from(const struct clip *clip, size_t first, size_t count)
{
	static struct decoded got[MEDIA_FRAMES * 2];
	char path[PATH_BYTES];

	write_clip(clip, path);
	assert_int_equal(decode(path, got), count);
	for (size_t i = 0; i < count; i++)
		assert_in_range(got[i].time_us - (media_time_us(first + i) - media_time_us(first)) + 12, 0, 24);
}

static void what_was_never_recorded_comes_from_memory(void **state)
{
	struct ring_reader *reader;
	struct ring_writer *ring = ring_of(&reader);

	(void)state;
	archive_of(NULL, 0);
	struct clip clip = joined_clip(reader, RUN_US, wall_of(MEDIA_FRAMES));
	assert_string_equal(clip.source, "memory");
	assert_times_from(&clip, 0, MEDIA_FRAMES);
	clip_finish(&clip);
	ring_reader_close(reader);
	ring_writer_close(ring);
}

static void memory_fills_the_gaps_of_the_index(void **state)
{
	size_t two = key_from(24);
	const struct part parts[] = {{&h264, two, 10, GAP_OFF, true}};
	struct ring_reader *reader;
	struct ring_writer *ring = ring_of(&reader);

	(void)state;
	archive_of(parts, 1);
	struct clip clip = joined_clip(reader, RUN_US, wall_of(MEDIA_FRAMES));
	assert_string_equal(clip.source, "disk, memory");
	assert_times_from(&clip, 0, MEDIA_FRAMES);
	clip_finish(&clip);
	ring_reader_close(reader);
	ring_writer_close(ring);
}

static void segments_of_jpegs_are_transcoded(void **state)
{
	const struct part parts[] = {
		{&mjpeg, 0, 16, GAP_START, true},
		{&h264, key_from(16), 8, GAP_FORMAT, true},
	};

	(void)state;
	archive_of(parts, 1);
	struct clip clip = joined_clip(NULL, RUN_US, wall_of(16));
	assert_string_equal(clip.source, "transcoded");
	assert_times_from(&clip, 0, 16);
	clip_finish(&clip);
	archive_of(parts, 2);
	clip = joined_clip(NULL, RUN_US, wall_of(MEDIA_FRAMES));
	assert_int_equal(clip.frames, 24);
	clip_finish(&clip);
}

static void a_stretch_of_another_size_is_scaled(void **state)
{
	size_t one = key_from(10), two = key_from(20);
	const struct part parts[] = {
		{&h264, 0, one, GAP_START, true},
		{&h264, one, two - one, GAP_FORMAT, true},
		{&h264, two, MEDIA_FRAMES - two, GAP_FORMAT, true},
	};

	(void)state;
	archive_of(parts, 3);
	other_size = 1;
	struct clip clip = joined_clip(NULL, RUN_US, wall_of(MEDIA_FRAMES));
	other_size = SIZE_MAX;
	assert_string_equal(clip.source, "transcoded");
	assert_times_from(&clip, 0, MEDIA_FRAMES);
	clip_finish(&clip);
}

static void a_key_frame_becomes_a_picture(void **state)
{
	const struct part parts[] = {{&h264, 0, MEDIA_FRAMES, GAP_START, true}};
	struct still still;
	size_t key = key_from(12);

	(void)state;
	archive_of(parts, 1);
	still_init(&still);
	still.width = 48;
	assert_true(still_from_archive(&still, archive, wall_of(key) + 1000));
	assert_int_equal(still.wall_us, wall_of(key));
	assert_true(still_needs_work(&still));
	still.memory_fd = memfd_create("still", MFD_CLOEXEC);
	assert_int_equal(still_run(&still), 0);
	assert_true(still_adopt(&still));
	assert_memory_equal(still.jpeg.data, "\xff\xd8", 2);
	still_finish(&still);
}

static void the_rings_frame_of_an_instant_is_the_one_before_it(void **state)
{
	struct ring_reader *reader;
	struct ring_writer *ring = ring_of(&reader);
	struct still still;

	(void)state;
	for (size_t i = 0; i + 1 < MEDIA_FRAMES; i++) {
		still_init(&still);
		assert_true(still_from_ring(&still, reader, wall_of(i)));
		assert_int_equal(still.wall_us, wall_of(i));
		still_finish(&still);
	}
	assert_false(still_from_ring(&still, reader, wall_of(0) - 1));
	assert_true(still_from_ring(&still, reader, INT64_MAX));
	assert_int_equal(still.wall_us, wall_of(MEDIA_FRAMES - 1));
	still_finish(&still);
	ring_reader_close(reader);
	ring_writer_close(ring);
}

static int open_archive(void **state)
{
	if (make_streams(state) != 0)
		return -1;
	archive = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return archive < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clip_over_three_segments_is_frame_exact),
		cmocka_unit_test(a_whole_range_lasts_exactly_what_was_asked_for),
		cmocka_unit_test(what_begins_late_or_ends_early_is_as_long_as_it_is),
		cmocka_unit_test(the_last_picture_stands_through_a_gap),
		cmocka_unit_test(time_that_goes_back_follows_on),
		cmocka_unit_test(a_timelapse_has_the_key_frames_faster),
		cmocka_unit_test(the_tag_is_of_the_content),
		cmocka_unit_test(a_clip_outlives_the_files),
		cmocka_unit_test(what_was_never_recorded_comes_from_memory),
		cmocka_unit_test(memory_fills_the_gaps_of_the_index),
		cmocka_unit_test(segments_of_jpegs_are_transcoded),
		cmocka_unit_test(a_stretch_of_another_size_is_scaled),
		cmocka_unit_test(a_key_frame_becomes_a_picture),
		cmocka_unit_test(the_rings_frame_of_an_instant_is_the_one_before_it),
	};

	return cmocka_run_group_tests(tests, open_archive, drop_streams);
}
