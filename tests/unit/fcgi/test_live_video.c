/* test_live_video.c - fragments from the video ring to viewers that read as a web server does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fastcgi.h>

#include "fcgi/io/fastcgi.h"
#include "shared/base/big_endian.h"
#include "shared/media/mp4_box.h"
#include "shared/ring/live_stats.h"
#include "tests/unit/support/fastcgi_client.h"
#include "tests/unit/support/live_server.h"
#include "tests/unit/support/video_cases.h"

static struct video_run run;

static int start(void **state)
{
	int failed = live_server_start(state);

	run = (struct video_run){.writer = video_writer_open(ring_case.name, 0), .width = WIDTH};
	live_server.max_viewers = 20;
	if (!failed)
		record_frame(1); /* so that the recorder is alive */
	return failed;
}

static int stop(void **state)
{
	int failed = live_server_tear_down(state);

	video_writer_close(run.writer);
	return failed;
}

/* What a viewer got: the boxes of the stream, one by one. */
struct stream {
	struct viewer viewer;
	uint32_t number;  /* in the newest mdat */
	uint32_t width;   /* of the newest init segment */
	unsigned inits;   /* so many */
	uint64_t time_us; /* of the newest moof */
	uint32_t sequence, duration_us;
	char event[32]; /* the newest */
};

static struct stream watch(const char *uri)
{
	struct stream stream = {.viewer = live_ask("GET", uri)};
	char *end;

	do {
		assert_int_equal(client_read_record(stream.viewer.fd, &stream.viewer.bytes), FCGI_STDOUT);
		end = memmem(stream.viewer.bytes.data, stream.viewer.bytes.length, "\r\n\r\n", 4);
	} while (!end);
	if (!memmem(stream.viewer.bytes.data, stream.viewer.bytes.length, "Status: 200", 11))
		fail_msg("%.*s", (int)stream.viewer.bytes.length, (const char *)stream.viewer.bytes.data);
	assert_non_null(memmem(stream.viewer.bytes.data, stream.viewer.bytes.length, "codecs=\"avc1.64001f\"", 20));
	buffer_drop(&stream.viewer.bytes, (size_t)((uint8_t *)end + 4 - stream.viewer.bytes.data));
	return stream;
}

static void take_moof(struct stream *stream, const uint8_t *data, size_t bytes)
{
	struct mp4_fragment fragment;

	assert_true(mp4_parse_fragment(data, bytes, &fragment));
	assert_true(fragment.decode_time >= stream->time_us);
	uint32_t sequence = be32_get(data + fragment.sequence_at);
	assert_true(sequence > stream->sequence);
	stream->sequence = sequence;
	stream->time_us = fragment.decode_time;
	stream->duration_us = fragment.duration;
}

static void take_init(struct stream *stream, const uint8_t *data, size_t bytes)
{
	struct mp4_init track;

	assert_true(mp4_parse_init(data, bytes, &track));
	stream->width = track.width;
	stream->inits++;
}

/* Reads up to the next frame. False at the end of the stream. */
static bool next(struct stream *stream)
{
	struct buffer *bytes = &stream->viewer.bytes;
	struct mp4_box box = {0};

	do {
		while (mp4_box_header(bytes->data, bytes->length, 0, &box) != MP4_OK || bytes->length < box.size)
			if (client_read_record(stream->viewer.fd, bytes) != FCGI_STDOUT)
				return false;
		if (box.type == MP4_TYPE('m', 'o', 'o', 'v'))
			take_init(stream, bytes->data, (size_t)box.size);
		if (box.type == MP4_TYPE('m', 'o', 'o', 'f'))
			take_moof(stream, bytes->data, (size_t)box.size);
		if (box.type == MP4_TYPE('e', 'm', 's', 'g'))
			snprintf(stream->event, sizeof(stream->event), "%s",
				 (const char *)bytes->data + 32 + strlen("urn:smart-camera-recorder:live-video") + 1);
		if (box.type == MP4_TYPE('m', 'd', 'a', 't'))
			stream->number = be32_get(bytes->data + 8);
		buffer_drop(bytes, (size_t)box.size);
	} while (box.type != MP4_TYPE('m', 'd', 'a', 't'));
	return true;
}

static void put(uint32_t from, uint32_t to, size_t bytes)
{
	for (uint32_t n = from; n <= to; n++)
		video_put(&run, n, bytes);
	live_server_publish();
}

static void it_begins_with_the_newest_key_frame_and_misses_none(void **state)
{
	(void)state;
	put(1, 40, 1000);
	struct stream stream = watch("/live.mp4");
	for (uint32_t n = 31; n <= 200; n++) {
		if (n > 40)
			put(n, n, 1000 + n);
		assert_true(next(&stream));
		assert_int_equal(stream.number, n);
	}
	assert_int_equal(stream.inits, 1);
	live_leave(&stream.viewer);
}

static void every_size_arrives_whole(void **state)
{
	(void)state;
	put(1, 1, 500);
	struct stream stream = watch("/live.mp4");
	assert_true(next(&stream));
	for (uint32_t n = 2; n <= 120; n++) {
		put(n, n, FASTCGI_TURN_BYTES - 300 + 5 * n);
		assert_true(next(&stream));
		assert_int_equal(stream.number, n);
	}
	put(121, 121, 400000);
	assert_true(next(&stream));
	assert_int_equal(stream.number, 121);
	live_leave(&stream.viewer);
}

/* The same parameters need no new init segment, others do; numbers and times run on. */
static void it_runs_on_across_runs_and_sizes(void **state)
{
	(void)state;
	put(1, 5, 1000);
	struct stream stream = watch("/live.mp4");
	for (uint32_t n = 1; n <= 5; n++)
		assert_true(next(&stream));
	run.put = 0;
	put(6, 10, 1000);
	for (uint32_t n = 6; n <= 10; n++)
		assert_true(next(&stream) && stream.number == n);
	assert_int_equal(stream.inits, 1);
	run.put = 0;
	run.width = 128;
	put(11, 15, 1000);
	for (uint32_t n = 11; n <= 15; n++)
		assert_true(next(&stream) && stream.number == n);
	assert_int_equal(stream.inits, 2);
	assert_int_equal(stream.width, 128);
	live_leave(&stream.viewer);
}

/* A frame that the ring did not take, or a torn run: what depends on it is not sent. */
static void a_missing_frame_is_followed_by_a_key_frame(void **state)
{
	(void)state;
	put(1, 3, 1000);
	struct stream stream = watch("/live.mp4");
	for (uint32_t n = 1; n <= 3; n++)
		assert_true(next(&stream));
	put(4, 4, 60 * MIB);
	put(5, 35, 1000);
	assert_true(next(&stream));
	assert_int_equal(stream.number, 31);
	live_leave(&stream.viewer);
}

/* The ring is replaced by a larger one while it is followed. */
static void a_ring_that_grows_loses_nothing(void **state)
{
	(void)state;
	put(1, 1, 1000);
	struct stream stream = watch("/live.mp4");
	assert_true(next(&stream));
	uint64_t before = video_writer_data_bytes(run.writer);
	for (uint32_t n = 2; n <= 120; n++) {
		put(n, n, 100000);
		assert_true(next(&stream));
		assert_int_equal(stream.number, n);
	}
	assert_true(video_writer_data_bytes(run.writer) > before);
	live_leave(&stream.viewer);
}

static void a_viewer_of_key_frames_gets_them_for_a_second_each(void **state)
{
	(void)state;
	put(1, 40, 1000);
	struct stream stream = watch("/live.mp4?frames=key");
	for (uint32_t n = 31; n <= 121; n += 30) {
		assert_true(next(&stream));
		assert_int_equal(stream.number, n);
		assert_int_equal(stream.duration_us, US_PER_S);
		put(n + 10, n + 39, 1000);
	}
	live_leave(&stream.viewer);
}

static uint64_t skipped_now(void)
{
	struct live_stats stats;

	return live_stats_read(&live_server.camera, &stats) ? stats.skipped : 0;
}

/* It reads nothing for a while, twice: what it gets then begins with a key frame, and the second time is one. */
static void a_viewer_whose_line_is_too_slow_gets_key_frames(void **state)
{
	uint32_t n = 1;
	(void)state;
	put(n, n, 30000);
	n++;
	struct stream stream = watch("/live.mp4");
	for (int i = 0; i < 2 && !stream.event[0]; i++) {
		uint64_t skipped = skipped_now();
		/* The socket is empty again: the server goes on. It skips when it sees that the viewer is behind. */
		for (int turns = 0; skipped_now() == skipped && turns < 200; turns++) {
			for (int k = 0; k < 20; k++) {
				put(n, n, 30000);
				n++;
				usleep(8000);
			}
			assert_true(next(&stream));
		}
	}
	while (!stream.event[0])
		assert_true(next(&stream));
	assert_string_equal(stream.event, "keyframes");
	for (int i = 0; i < 3; i++) {
		uint32_t before = stream.number;
		put(n, n + 29, 3000);
		n += 30;
		assert_true(next(&stream));
		assert_true(stream.number >= before + 30 || i == 0);
		assert_int_equal(stream.duration_us, US_PER_S);
	}
	live_leave(&stream.viewer);
}

/* With many viewers each gets several frames at a time, in one piece that they share. */
static void a_crowd_gets_every_frame_too(void **state)
{
	enum { VIEWERS = 60 };
	static struct stream streams[VIEWERS];

	(void)state;
	live_server.max_viewers = VIEWERS;
	live_server_publish();
	put(1, 1, 1000);
	for (int i = 0; i < VIEWERS; i++)
		streams[i] = watch("/live.mp4");
	for (uint32_t n = 1; n <= 100; n++) {
		if (n % 10 == 1)
			put(n + (n == 1), n + 9, 3000 + 200 * n);
		for (int i = 0; i < VIEWERS; i++) {
			assert_true(next(&streams[i]));
			assert_int_equal(streams[i].number, n);
		}
	}
	for (int i = 0; i < VIEWERS; i++)
		live_leave(&streams[i].viewer);
}

static void both_kinds_of_viewers_count(void **state)
{
	(void)state;
	put(1, 1, 1000);
	live_server.max_viewers = 2;
	live_server_publish();
	struct stream stream = watch("/live.mp4");
	struct viewer pictures = live_watch("/stream");
	live_expect_status("GET", "/live.mp4", 503, "Retry-After");
	live_expect_status("GET", "/stream", 503, "Retry-After");
	live_leave(&pictures);
	live_leave(&stream.viewer);
}

static void without_video_it_says_why(void **state)
{
	(void)state;
	live_expect_status("GET", "/live.mp4", 503, "problem+json");
	run.put = 5; /* no key frame yet */
	put(1, 10, 1000);
	live_expect_status("GET", "/live.mp4", 503, "problem+json");
	run.put = 0;
	put(11, 11, 1000);
	live_expect_status("HEAD", "/live.mp4", 200, "X-Live-Video: all");
	live_expect_status("HEAD", "/live.mp4?frames=key", 200, "X-Live-Video: keyframes");
	live_expect_status("GET", "/live.mp4?frames=none", 400, "problem+json");
	live_expect_status("POST", "/live.mp4", 405, "Allow: GET, HEAD\r\n");
}

/* Bytes that no recorder writes are not sent to anybody, and do not end the program. */
static void nonsense_in_the_ring_is_not_sent(void **state)
{
	uint8_t bytes[300] = {0};
	(void)state;
	put(1, 3, 1000);
	struct stream stream = watch("/live.mp4");
	for (int i = 0; i < 3; i++)
		assert_true(next(&stream));
	struct video_fragment bad = {.wall_us = 9,
				     .mono_us = mono_now().us,
				     .run_mono_us = 7,
				     .key = true,
				     .init = bytes,
				     .init_bytes = 40,
				     .data = bytes,
				     .moof_bytes = 100,
				     .total_bytes = sizeof(bytes)};
	for (uint8_t fill = 0; fill < 200; fill++) {
		memset(bytes, fill, sizeof(bytes));
		bad.mono_us = mono_now().us;
		video_writer_put(run.writer, &bad);
	}
	run.put = 0;
	put(4, 6, 1000);
	for (uint32_t n = 4; n <= 6; n++)
		assert_true(next(&stream) && stream.number == n);
	live_leave(&stream.viewer);
}

#define VIDEO_CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VIDEO_CASE(it_begins_with_the_newest_key_frame_and_misses_none),
		VIDEO_CASE(every_size_arrives_whole),
		VIDEO_CASE(it_runs_on_across_runs_and_sizes),
		VIDEO_CASE(a_missing_frame_is_followed_by_a_key_frame),
		VIDEO_CASE(a_ring_that_grows_loses_nothing),
		VIDEO_CASE(a_viewer_of_key_frames_gets_them_for_a_second_each),
		VIDEO_CASE(a_viewer_whose_line_is_too_slow_gets_key_frames),
		VIDEO_CASE(a_crowd_gets_every_frame_too),
		VIDEO_CASE(both_kinds_of_viewers_count),
		VIDEO_CASE(without_video_it_says_why),
		VIDEO_CASE(nonsense_in_the_ring_is_not_sent),
	};

	return cmocka_run_group_tests(tests, live_server_make_folder, live_server_remove_folder);
}
