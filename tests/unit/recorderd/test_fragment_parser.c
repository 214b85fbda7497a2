/* test_fragment_parser.c - FFmpeg's output in pieces of any size, and what is none of it. */
#include <string.h>

#include "recorderd/encoder/fragment_parser.h"
#include "tests/unit/support/segment_cases.h"

/* The fragments that came out, one behind the other. */
static struct buffer taken;
static size_t count;
static struct mp4_fragment last;
static struct reason why;

static void take_one(void *context, uint8_t *data, size_t moof_size, size_t total, const struct mp4_fragment *fragment)
{
	(void)context;
	assert_true(moof_size < total);
	assert_int_equal(fragment->data_offset, moof_size + 8);
	buffer_append(&taken, data, total);
	last = *fragment;
	count++;
}

static bool push(struct fragment_parser *stream, const void *data, size_t bytes)
{
	uint8_t *room = fragment_parser_reserve(stream, bytes + 1);

	assert_non_null(room);
	memcpy(room, data, bytes);
	return fragment_parser_push(stream, bytes, take_one, NULL, &why);
}

static int forget(void **state)
{
	(void)state;
	buffer_free(&taken);
	count = 0;
	why.text[0] = '\0';
	return 0;
}

static size_t init_bytes(const struct stream *of)
{
	return of->moov.at + of->moov.bytes;
}

static void assert_everything_came(const struct fragment_parser *stream, const struct stream *of)
{
	assert_true(stream->started);
	assert_int_equal(stream->init.length, init_bytes(of));
	assert_memory_equal(stream->init.data, of->data.data, init_bytes(of));
	assert_int_equal(stream->track.timescale, 1000000);
	assert_int_equal(stream->track.width, 96);
	assert_int_equal(stream->track.height, 64);
	assert_int_equal(count, MEDIA_FRAMES);
	assert_int_equal(taken.length, of->data.length - init_bytes(of));
	assert_memory_equal(taken.data, of->data.data + init_bytes(of), taken.length);
}

static void push_in_two(const struct stream *of, size_t first)
{
	struct fragment_parser stream = {0};

	assert_true(push(&stream, of->data.data, first));
	assert_true(push(&stream, of->data.data + first, of->data.length - first));
	assert_everything_came(&stream, of);
	fragment_parser_free(&stream);
	forget(NULL);
}

static void cut_at_every_byte_it_gives_the_same_fragments(void **state)
{
	(void)state;
	for (size_t at = 0; at <= streams.h264.data.length; at += at < init_bytes(&streams.h264) + 3000 ? 1 : 61)
		push_in_two(&streams.h264, at);
}

static void mjpeg_is_cut_the_same_way(void **state)
{
	(void)state;
	for (size_t at = 0; at <= streams.mjpeg.data.length; at += 487)
		push_in_two(&streams.mjpeg, at);
}

static void single_bytes_give_the_same_fragments(void **state)
{
	struct fragment_parser stream = {0};

	(void)state;
	for (size_t at = 0; at < streams.h264.data.length; at++)
		assert_true(push(&stream, streams.h264.data.data + at, 1));
	assert_everything_came(&stream, &streams.h264);
	fragment_parser_free(&stream);
}

static void pieces_of_random_sizes_give_the_same_fragments(void **state)
{
	uint32_t seed = 99;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct fragment_parser stream = {0};
		size_t most = 1 + next_random(&seed) % 5000, bytes;

		for (size_t at = 0; at < streams.h264.data.length; at += bytes) {
			bytes = next_random(&seed) % most;
			bytes = bytes < streams.h264.data.length - at ? bytes : streams.h264.data.length - at;
			assert_true(push(&stream, streams.h264.data.data + at, bytes));
		}
		assert_everything_came(&stream, &streams.h264);
		fragment_parser_free(&stream);
		forget(NULL);
	}
}

static void a_fragment_is_given_as_soon_as_its_last_byte_is_there(void **state)
{
	struct fragment_parser stream = {0};
	size_t end = streams.h264.fragments[0].at + streams.h264.fragments[0].bytes;

	(void)state;
	assert_true(push(&stream, streams.h264.data.data, end - 1));
	assert_int_equal(count, 0);
	assert_true(push(&stream, streams.h264.data.data + end - 1, 1));
	assert_int_equal(count, 1);
	assert_true(last.key);
	fragment_parser_free(&stream);
}

static void boxes_that_no_segment_needs_are_passed_over(void **state)
{
	static const uint8_t box[] = "\0\0\0\x0c"
				     "free...";
	struct fragment_parser stream = {0};
	const size_t places[] = {0, streams.h264.moov.at, init_bytes(&streams.h264), streams.h264.fragments[5].at};
	size_t from = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_true(push(&stream, streams.h264.data.data + from, places[i] - from));
		assert_true(push(&stream, box, 12));
		from = places[i];
	}
	assert_true(push(&stream, streams.h264.data.data + from, streams.h264.data.length - from));
	assert_everything_came(&stream, &streams.h264);
	fragment_parser_free(&stream);
}

static void assert_refused(const void *data, size_t bytes, const char *words)
{
	struct fragment_parser stream = {0};

	assert_false(push(&stream, data, bytes));
	if (!strstr(why.text, words))
		fail_msg("\"%s\" does not say \"%s\"", why.text, words);
	fragment_parser_free(&stream);
	forget(NULL);
}

static void a_box_without_a_size_is_refused(void **state)
{
	(void)state;
	assert_refused("\0\0\0\0ftyp....", 12, "without a size");
	assert_refused("\0\0\0\7ftyp....", 12, "without a size");
	assert_refused("\0\0\0\1ftyp\0\0\0\0\0\0\0\017", 16, "without a size");
}

static void a_huge_box_is_refused_before_it_is_waited_for(void **state)
{
	(void)state;
	assert_refused("\x04\0\0\1ftyp", 8, "bytes");
	assert_refused("\0\0\0\1mdat\xff\xff\xff\xff\xff\xff\xff\xff", 16, "bytes");
}

static void text_is_refused(void **state)
{
	static const char text[] = "ffmpeg: error while loading shared libraries";

	(void)state;
	assert_refused(text, sizeof(text) - 1, "bytes");
}

static void a_fragment_before_the_moov_is_refused(void **state)
{
	(void)state;
	assert_refused(streams.h264.data.data + streams.h264.fragments[0].at, streams.h264.fragments[0].bytes,
		       "where none is due");
}

static void an_mdat_without_its_moof_is_refused(void **state)
{
	struct fragment_parser stream = {0};
	size_t moof = moof_bytes(streams.h264.data.data + streams.h264.fragments[0].at);

	(void)state;
	assert_true(push(&stream, streams.h264.data.data, init_bytes(&streams.h264)));
	assert_false(push(&stream, streams.h264.data.data + streams.h264.fragments[0].at + moof,
			  streams.h264.fragments[0].bytes - moof));
	assert_non_null(strstr(why.text, "where none is due"));
	fragment_parser_free(&stream);
}

static void a_moov_without_a_track_is_refused(void **state)
{
	(void)state;
	assert_refused("\0\0\0\x10moov\0\0\0\x08free", 16, "not one video track");
}

static void two_moofs_in_a_row_are_refused(void **state)
{
	struct fragment_parser stream = {0};
	const uint8_t *fragment = streams.h264.data.data + streams.h264.fragments[0].at;

	(void)state;
	assert_true(push(&stream, streams.h264.data.data, streams.h264.fragments[0].at));
	assert_true(push(&stream, fragment, moof_bytes(fragment)));
	assert_false(push(&stream, fragment, moof_bytes(fragment)));
	assert_non_null(strstr(why.text, "one frame a fragment"));
	fragment_parser_free(&stream);
}

/* FFmpeg with a fragment a second instead of one a frame. */
static void two_frames_in_a_fragment_are_refused(void **state)
{
	char path[PATH_BYTES];
	struct buffer whole;

	(void)state;
	whole = output_of("ffmpeg -v error -f ivf -i '%s' -c:v libx264 -fps_mode passthrough -movflags "
			  "empty_moov+default_base_moof+frag_keyframe -f mp4 pipe:1",
			  path_of("frames.ivf", path));
	assert_refused(whole.data, whole.length - 1, "one frame a fragment");
	buffer_free(&whole);
}

static void a_size_that_the_moof_does_not_mean_is_refused(void **state)
{
	struct buffer bad = {0};
	size_t moof = moof_bytes(streams.h264.data.data + streams.h264.fragments[0].at);

	(void)state;
	buffer_append(&bad, streams.h264.data.data, streams.h264.data.length);
	bad.data[streams.h264.fragments[0].at + moof + 3]--; /* of the mdat */
	assert_refused(bad.data, bad.length, "one frame a fragment");
	buffer_free(&bad);
}

static void a_flipped_byte_anywhere_never_does_more_than_be_refused(void **state)
{
	size_t end = streams.h264.fragments[2].at;

	(void)state;
	for (size_t at = 0; at < end; at++) {
		struct fragment_parser stream = {0};
		uint8_t kept = streams.h264.data.data[at];

		streams.h264.data.data[at] ^= 0xff;
		push(&stream, streams.h264.data.data, end);
		streams.h264.data.data[at] = kept;
		fragment_parser_free(&stream);
		forget(NULL);
	}
}

static void after_finish_it_takes_another_stream(void **state)
{
	struct fragment_parser stream = {0};

	(void)state;
	assert_true(push(&stream, streams.mjpeg.data.data, streams.mjpeg.data.length / 2));
	fragment_parser_free(&stream);
	forget(NULL);
	assert_true(push(&stream, streams.h264.data.data, streams.h264.data.length));
	assert_everything_came(&stream, &streams.h264);
	fragment_parser_free(&stream);
}

#define CASE(name) cmocka_unit_test_teardown(name, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(cut_at_every_byte_it_gives_the_same_fragments),
		CASE(mjpeg_is_cut_the_same_way),
		CASE(single_bytes_give_the_same_fragments),
		CASE(pieces_of_random_sizes_give_the_same_fragments),
		CASE(a_fragment_is_given_as_soon_as_its_last_byte_is_there),
		CASE(boxes_that_no_segment_needs_are_passed_over),
		CASE(a_box_without_a_size_is_refused),
		CASE(a_huge_box_is_refused_before_it_is_waited_for),
		CASE(text_is_refused),
		CASE(a_fragment_before_the_moov_is_refused),
		CASE(an_mdat_without_its_moof_is_refused),
		CASE(a_moov_without_a_track_is_refused),
		CASE(two_moofs_in_a_row_are_refused),
		CASE(two_frames_in_a_fragment_are_refused),
		CASE(a_size_that_the_moof_does_not_mean_is_refused),
		CASE(a_flipped_byte_anywhere_never_does_more_than_be_refused),
		CASE(after_finish_it_takes_another_stream),
	};

	return cmocka_run_group_tests(tests, make_streams, drop_streams);
}
