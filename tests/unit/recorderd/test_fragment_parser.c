/* test_fragment_parser.c - FFmpeg's output in pieces of any size, and input that it would not write. */
#include <string.h>

#include "recorderd/ffmpeg/fragment_parser.h"
#include "tests/unit/support/segment_cases.h"

/* The fragments, concatenated. */
static struct buffer taken;
static size_t count;
static struct mp4_fragment last;
static struct reason why;

static void add_fragment(void *context, uint8_t *data, size_t moof_size, size_t total,
			 const struct mp4_fragment *fragment)
{
	(void)context;
	assert_true(moof_size < total);
	assert_int_equal(fragment->data_offset, moof_size + 8);
	buffer_append(&taken, data, total);
	last = *fragment;
	count++;
}

static bool push(struct fragment_parser *parser, const void *data, size_t bytes)
{
	uint8_t *room = fragment_parser_reserve(parser, bytes + 1);

	assert_non_null(room);
	memcpy(room, data, bytes);
	return fragment_parser_push(parser, bytes, add_fragment, NULL, &why);
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

static void assert_complete(const struct fragment_parser *parser, const struct stream *of)
{
	assert_true(parser->started);
	assert_int_equal(parser->init.length, init_bytes(of));
	assert_memory_equal(parser->init.data, of->data.data, init_bytes(of));
	assert_int_equal(parser->track.timescale, 1000000);
	assert_int_equal(parser->track.width, 96);
	assert_int_equal(parser->track.height, 64);
	assert_int_equal(count, MEDIA_FRAMES);
	assert_int_equal(taken.length, of->data.length - init_bytes(of));
	assert_memory_equal(taken.data, of->data.data + init_bytes(of), taken.length);
}

static void push_in_two(const struct stream *of, size_t first)
{
	struct fragment_parser parser = {0};

	assert_true(push(&parser, of->data.data, first));
	assert_true(push(&parser, of->data.data + first, of->data.length - first));
	assert_complete(&parser, of);
	fragment_parser_free(&parser);
	forget(NULL);
}

static void split_at_any_byte_the_input_gives_the_same_fragments(void **state)
{
	(void)state;
	for (size_t at = 0; at <= streams.h264.data.length; at += at < init_bytes(&streams.h264) + 3000 ? 1 : 61)
		push_in_two(&streams.h264, at);
}

static void mjpeg_is_parsed_the_same_way(void **state)
{
	(void)state;
	for (size_t at = 0; at <= streams.mjpeg.data.length; at += 487)
		push_in_two(&streams.mjpeg, at);
}

static void single_bytes_give_the_same_fragments(void **state)
{
	struct fragment_parser parser = {0};

	(void)state;
	for (size_t at = 0; at < streams.h264.data.length; at++)
		assert_true(push(&parser, streams.h264.data.data + at, 1));
	assert_complete(&parser, &streams.h264);
	fragment_parser_free(&parser);
}

static void pieces_of_random_sizes_give_the_same_fragments(void **state)
{
	uint32_t seed = 99;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct fragment_parser parser = {0};
		size_t most = 1 + next_random(&seed) % 5000, bytes;

		for (size_t at = 0; at < streams.h264.data.length; at += bytes) {
			bytes = next_random(&seed) % most;
			bytes = bytes < streams.h264.data.length - at ? bytes : streams.h264.data.length - at;
			assert_true(push(&parser, streams.h264.data.data + at, bytes));
		}
		assert_complete(&parser, &streams.h264);
		fragment_parser_free(&parser);
		forget(NULL);
	}
}

static void a_fragment_is_delivered_with_its_last_byte(void **state)
{
	struct fragment_parser parser = {0};
	size_t end = streams.h264.fragments[0].at + streams.h264.fragments[0].bytes;

	(void)state;
	assert_true(push(&parser, streams.h264.data.data, end - 1));
	assert_int_equal(count, 0);
	assert_true(push(&parser, streams.h264.data.data + end - 1, 1));
	assert_int_equal(count, 1);
	assert_true(last.key);
	fragment_parser_free(&parser);
}

static void boxes_that_no_segment_needs_are_skipped(void **state)
{
	static const uint8_t box[] = "\0\0\0\x0c"
				     "free...";
	struct fragment_parser parser = {0};
	const size_t places[] = {0, streams.h264.moov.at, init_bytes(&streams.h264), streams.h264.fragments[5].at};
	size_t from = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_true(push(&parser, streams.h264.data.data + from, places[i] - from));
		assert_true(push(&parser, box, 12));
		from = places[i];
	}
	assert_true(push(&parser, streams.h264.data.data + from, streams.h264.data.length - from));
	assert_complete(&parser, &streams.h264);
	fragment_parser_free(&parser);
}

static void assert_refused(const void *data, size_t bytes, const char *words)
{
	struct fragment_parser parser = {0};

	assert_false(push(&parser, data, bytes));
	if (!strstr(why.text, words))
		fail_msg("\"%s\" does not say \"%s\"", why.text, words);
	fragment_parser_free(&parser);
	forget(NULL);
}

static void a_box_of_unknown_size_is_refused(void **state)
{
	(void)state;
	assert_refused("\0\0\0\0ftyp....", 12, "of unknown size");
	assert_refused("\0\0\0\7ftyp....", 12, "of unknown size");
	assert_refused("\0\0\0\1ftyp\0\0\0\0\0\0\0\017", 16, "of unknown size");
}

static void a_huge_box_is_refused_at_its_header(void **state)
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
		       "misplaced");
}

static void an_mdat_without_its_moof_is_refused(void **state)
{
	struct fragment_parser parser = {0};
	size_t moof = moof_bytes(streams.h264.data.data + streams.h264.fragments[0].at);

	(void)state;
	assert_true(push(&parser, streams.h264.data.data, init_bytes(&streams.h264)));
	assert_false(push(&parser, streams.h264.data.data + streams.h264.fragments[0].at + moof,
			  streams.h264.fragments[0].bytes - moof));
	assert_non_null(strstr(why.text, "misplaced"));
	fragment_parser_free(&parser);
}

static void a_moov_without_a_track_is_refused(void **state)
{
	(void)state;
	assert_refused("\0\0\0\x10moov\0\0\0\x08free", 16, "not a single video track");
}

static void two_moofs_in_a_row_are_refused(void **state)
{
	struct fragment_parser parser = {0};
	const uint8_t *fragment = streams.h264.data.data + streams.h264.fragments[0].at;

	(void)state;
	assert_true(push(&parser, streams.h264.data.data, streams.h264.fragments[0].at));
	assert_true(push(&parser, fragment, moof_bytes(fragment)));
	assert_false(push(&parser, fragment, moof_bytes(fragment)));
	assert_non_null(strstr(why.text, "one frame per fragment"));
	fragment_parser_free(&parser);
}

/* FFmpeg with one fragment per second instead of one per frame. */
static void two_frames_in_one_fragment_are_refused(void **state)
{
	char path[PATH_BYTES];
	struct buffer whole;

	(void)state;
	whole = output_of("ffmpeg -v error -f ivf -i '%s' -c:v libx264 -fps_mode passthrough -movflags "
			  "empty_moov+default_base_moof+frag_keyframe -f mp4 pipe:1",
			  path_of("frames.ivf", path));
	assert_refused(whole.data, whole.length - 1, "one frame per fragment");
	buffer_free(&whole);
}

static void an_mdat_whose_size_contradicts_its_moof_is_refused(void **state)
{
	struct buffer bad = {0};
	size_t moof = moof_bytes(streams.h264.data.data + streams.h264.fragments[0].at);

	(void)state;
	buffer_append(&bad, streams.h264.data.data, streams.h264.data.length);
	bad.data[streams.h264.fragments[0].at + moof + 3]--; /* the size of the mdat */
	assert_refused(bad.data, bad.length, "one frame per fragment");
	buffer_free(&bad);
}

static void any_flipped_byte_is_handled_safely(void **state)
{
	size_t end = streams.h264.fragments[2].at;

	(void)state;
	for (size_t at = 0; at < end; at++) {
		struct fragment_parser parser = {0};
		uint8_t kept = streams.h264.data.data[at];

		streams.h264.data.data[at] ^= 0xff;
		push(&parser, streams.h264.data.data, end);
		streams.h264.data.data[at] = kept;
		fragment_parser_free(&parser);
		forget(NULL);
	}
}

static void after_free_it_parses_another_stream(void **state)
{
	struct fragment_parser parser = {0};

	(void)state;
	assert_true(push(&parser, streams.mjpeg.data.data, streams.mjpeg.data.length / 2));
	fragment_parser_free(&parser);
	forget(NULL);
	assert_true(push(&parser, streams.h264.data.data, streams.h264.data.length));
	assert_complete(&parser, &streams.h264);
	fragment_parser_free(&parser);
}

#define CASE(name) cmocka_unit_test_teardown(name, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(split_at_any_byte_the_input_gives_the_same_fragments),
		CASE(mjpeg_is_parsed_the_same_way),
		CASE(single_bytes_give_the_same_fragments),
		CASE(pieces_of_random_sizes_give_the_same_fragments),
		CASE(a_fragment_is_delivered_with_its_last_byte),
		CASE(boxes_that_no_segment_needs_are_skipped),
		CASE(a_box_of_unknown_size_is_refused),
		CASE(a_huge_box_is_refused_at_its_header),
		CASE(text_is_refused),
		CASE(a_fragment_before_the_moov_is_refused),
		CASE(an_mdat_without_its_moof_is_refused),
		CASE(a_moov_without_a_track_is_refused),
		CASE(two_moofs_in_a_row_are_refused),
		CASE(two_frames_in_one_fragment_are_refused),
		CASE(an_mdat_whose_size_contradicts_its_moof_is_refused),
		CASE(any_flipped_byte_is_handled_safely),
		CASE(after_free_it_parses_another_stream),
	};

	return cmocka_run_group_tests(tests, make_streams, drop_streams);
}
