/* test_ring_feed.c - writes frames to a pipe, in pieces as small as it takes; dropped and overwritten frames. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "recorderd/encoder/ring_feed.h"
#include "tests/unit/support/in_range.h"
#include "tests/unit/support/ring_cases.h"

#define FRAME_US 40000

static struct ring_writer *writer;
static struct ring_reader *reader;
static struct ring_feed feed;
static int ends[2];

static void prepare(uint64_t ring_bytes, uint64_t entries, int pipe_bytes)
{
	uint64_t adopted, bytes;
	const void *memory;

	writer = open_writer_of(ring_bytes, entries, &adopted);
	if (!writer)
		fail_msg("%s", ring_case.why.text);
	memory = ring_writer_memory(writer, &bytes);
	reader = ring_reader_attach(memory, bytes, &ring_case.why);
	assert_non_null(reader);
	ring_feed_init(&feed, reader, 1);
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, pipe_bytes) > 0);
}

static int clean_up(void **state)
{
	ring_feed_free(&feed);
	ring_reader_close(reader);
	ring_writer_close(writer);
	close(ends[0]);
	close(ends[1]);
	return remove_ring(state);
}

static uint32_t le32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Reads up to `bytes` bytes from the pipe. */
static size_t drain(uint8_t *out, size_t bytes)
{
	ssize_t got = read(ends[0], out, bytes);

	return got > 0 ? (size_t)got : 0;
}

/* Feeds one frame and collects it in `out`; the other side reads `piece` bytes at a time. */
static size_t feed_through(int64_t pts_us, bool first, size_t piece, uint8_t *out, size_t room)
{
	enum ring_feed_result result = RING_FEED_FULL;
	size_t have = 0, got;

	assert_int_equal(ring_feed_peek(&feed), RING_FEED_FRAME);
	ring_feed_begin(&feed, pts_us, first);
	while (result == RING_FEED_FULL) {
		result = ring_feed_write(&feed, ends[1]);
		have += drain(out + have, piece < room - have ? piece : room - have);
	}
	assert_int_equal(result, RING_FEED_WRITTEN);
	assert_false(feed.writing);
	while ((got = drain(out + have, room - have)))
		have += got;
	return have;
}

static void the_first_frame_follows_the_ivf_file_header(void **state)
{
	static uint8_t out[MIB];

	(void)state;
	prepare(MIB, 64, 4096);
	ring_put(writer, 1000, 7, 0);
	assert_int_equal(feed_through(0, true, MIB, out, sizeof(out)), 32 + 12 + 1000);
	assert_memory_equal(out, "DKIF\0\0\x20\0MJPG", 12);
	assert_int_equal(out[12], 64);
	assert_int_equal(out[14], 48);
	assert_int_equal(le32(out + 16), 1000000);
	assert_int_equal(le32(out + 20), 1);
	assert_int_equal(le32(out + 32), 1000);
	assert_true(frame_is_intact(out + 44, 1000));
	assert_int_equal(ring_feed_peek(&feed), RING_FEED_EMPTY);
}

static void later_frames_have_their_size_and_a_64_bit_time(void **state)
{
	static uint8_t out[MIB];

	(void)state;
	prepare(MIB, 64, 4096);
	ring_put(writer, 500, 7, 0);
	assert_int_equal(feed_through(INT64_C(0x123456789a), false, MIB, out, sizeof(out)), 12 + 500);
	assert_int_equal(le32(out), 500);
	assert_int_equal(le32(out + 4), 0x3456789a);
	assert_int_equal(le32(out + 8), 0x12);
	assert_true(frame_is_intact(out + 12, 500));
}

static void a_pipe_that_takes_few_bytes_at_a_time_gets_the_same_bytes(void **state)
{
	static uint8_t whole[MIB], pieces[MIB];
	size_t length;

	(void)state;
	prepare(MIB, 64, 4096);
	for (size_t piece = 1; piece < 5000; piece = piece * 3 + 1) {
		ring_put(writer, 20000, 11, 0);
		ring_put(writer, 20000, 11, 0);
		length = feed_through(40, true, MIB, whole, sizeof(whole));
		assert_int_equal(feed_through(40, true, piece, pieces, sizeof(pieces)), length);
		assert_memory_equal(whole, pieces, length);
	}
}

/* As if the pipe had room for the first `cut` bytes only. */
static void a_header_split_at_any_byte_continues_there(void **state)
{
	static uint8_t out[MIB];

	(void)state;
	prepare(MIB, 64, 4096);
	for (size_t cut = 1; cut < 60; cut++) {
		ring_put(writer, 100, (uint32_t)cut, 0);
		assert_int_equal(ring_feed_peek(&feed), RING_FEED_FRAME);
		ring_feed_begin(&feed, 0, true);
		feed.written = cut; /* as after a short write */
		assert_int_equal(ring_feed_write(&feed, ends[1]), RING_FEED_WRITTEN);
		assert_int_equal(drain(out, sizeof(out)), 32 + 12 + 100 - cut);
		if (cut < 44)
			assert_true(frame_is_intact(out + 44 - cut, 100));
	}
}

static void a_full_pipe_is_reported_and_the_frame_is_not_lost(void **state)
{
	static uint8_t out[MIB];
	size_t have = 0, got;

	(void)state;
	prepare(MIB, 64, 4096);
	ring_put(writer, 100000, 3, 0);
	assert_int_equal(ring_feed_peek(&feed), RING_FEED_FRAME);
	ring_feed_begin(&feed, 0, false);
	assert_int_equal(ring_feed_write(&feed, ends[1]), RING_FEED_FULL);
	assert_int_equal(ring_feed_write(&feed, ends[1]), RING_FEED_FULL);
	while (feed.writing) {
		while ((got = drain(out + have, sizeof(out) - have)))
			have += got;
		assert_true(ring_feed_write(&feed, ends[1]) < RING_FEED_BROKEN);
	}
	have += drain(out + have, sizeof(out) - have);
	assert_int_equal(have, 100012);
	assert_true(frame_is_intact(out + 12, 100000));
}

static void while_the_pipe_is_full_the_lag_grows(void **state)
{
	(void)state;
	prepare(MIB, 64, 4096);
	assert_int_equal(ring_feed_lag_us(&feed), 0);
	ring_put(writer, 20000, 1, 0);
	assert_int_equal(ring_feed_peek(&feed), RING_FEED_FRAME);
	ring_feed_begin(&feed, 0, true);
	assert_int_equal(ring_feed_write(&feed, ends[1]), RING_FEED_FULL);
	assert_int_equal(ring_feed_lag_us(&feed), 0);
	for (uint32_t i = 1; i <= 30; i++) {
		ring_put(writer, 1000, i, i * FRAME_US);
		assert_int_equal(ring_feed_lag_us(&feed), i * FRAME_US);
	}
	for (uint32_t i = 31; i <= 200; i++) /* it is overwritten: the ring holds 64 frames */
		ring_put(writer, 1000, i, i * FRAME_US);
	assert_int_equal(ring_feed_lag_us(&feed), 200 * FRAME_US);
	ring_feed_abort(&feed);
	assert_int_equal(ring_feed_lag_us(&feed), 63 * FRAME_US);
}

static void a_frame_that_waits_for_half_a_ring_is_copied_and_stays_whole(void **state)
{
	static uint8_t out[MIB];
	size_t have = 0, got;

	(void)state;
	prepare(MIB, 64, 4096);
	ring_put(writer, 100000, 3, 0);
	assert_int_equal(ring_feed_peek(&feed), RING_FEED_FRAME);
	ring_feed_begin(&feed, 0, false);
	for (uint32_t i = 0; i < 30; i++) { /* three times around the ring */
		assert_int_equal(ring_feed_write(&feed, ends[1]), RING_FEED_FULL);
		assert_true(feed.copied == (i >= 5));
		ring_put(writer, 100000, 100 + i, 0);
	}
	while (feed.writing) {
		while ((got = drain(out + have, sizeof(out) - have)))
			have += got;
		assert_true(ring_feed_write(&feed, ends[1]) < RING_FEED_BROKEN);
	}
	have += drain(out + have, sizeof(out) - have);
	assert_int_equal(have, 100012);
	assert_true(frame_is_intact(out + 12, 100000));
}

static void a_frame_overwritten_during_the_write_is_reported(void **state)
{
	(void)state;
	prepare(MIB, 64, 4096);
	ring_put(writer, 100000, 3, 0);
	assert_int_equal(ring_feed_peek(&feed), RING_FEED_FRAME);
	ring_feed_begin(&feed, 0, false);
	for (uint32_t i = 0; i < 12; i++)
		ring_put(writer, 100000, 100 + i, 0);
	assert_int_equal(ring_feed_write(&feed, ends[1]), RING_FEED_OVERWRITTEN);
}

static void a_closed_pipe_is_reported(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	prepare(MIB, 64, 4096);
	ring_put(writer, 1000, 3, 0);
	assert_int_equal(ring_feed_peek(&feed), RING_FEED_FRAME);
	ring_feed_begin(&feed, 0, false);
	close(ends[0]);
	assert_int_equal(ring_feed_write(&feed, ends[1]), RING_FEED_BROKEN);
	ring_feed_abort(&feed);
	assert_int_equal(ring_feed_peek(&feed), RING_FEED_FRAME); /* still the next one */
	assert_int_equal(feed.frame.seq, 1);
	ends[0] = dup(ends[1]);
}

static void an_overrun_is_reported_and_its_frames_are_counted(void **state)
{
	(void)state;
	prepare(MIB, 64, 4096);
	for (uint32_t i = 1; i <= 200; i++)
		ring_put(writer, 1000, i, i * FRAME_US);
	assert_int_equal(ring_feed_peek(&feed), RING_FEED_OVERRUN);
	assert_int_equal(feed.next, 200 - 64 + 1);
	assert_int_equal(feed.lost, 200 - 64);
	assert_int_equal(ring_feed_peek(&feed), RING_FEED_FRAME);
	assert_int_equal(feed.frame.seq, feed.next);
}

static void frames_overrun_by_size_are_counted_too(void **state)
{
	(void)state;
	prepare(MIB, 64, 4096);
	for (uint32_t i = 1; i <= 30; i++)
		ring_put(writer, 100000, i, i * FRAME_US);
	assert_int_equal(ring_feed_peek(&feed), RING_FEED_OVERRUN);
	assert_int_equal(ring_feed_peek(&feed), RING_FEED_FRAME);
	assert_true(feed.frame.seq > 15);
	assert_int_equal(feed.lost + feed.dropped, feed.frame.seq - 1);
}

/* Simulates an encoder that takes `percent` of `frames` frames at 25 fps. Returns how many it took. */
static size_t run_slow(size_t frames, size_t percent, uint64_t *fed)
{
	size_t count = 0, budget = 0;

	for (uint32_t i = 1; i <= frames; i++) {
		ring_put(writer, 100, i, (int64_t)i * FRAME_US);
		for (budget += percent; budget >= 100; budget -= 100) {
			if (ring_feed_peek(&feed) != RING_FEED_FRAME)
				break;
			fed[count++] = feed.frame.seq;
			feed.next++;
		}
		budget %= 100;
	}
	return count;
}

static uint64_t fed[20000];

static void an_encoder_that_keeps_up_gets_every_frame(void **state)
{
	(void)state;
	prepare(4 * MIB, 8192, 4096);
	assert_int_equal(run_slow(5000, 100, fed), 5000);
	assert_int_equal(feed.dropped, 0);
	assert_int_equal(feed.lost, 0);
}

static void an_encoder_that_is_slow_for_less_than_10_s_gets_every_frame(void **state)
{
	(void)state;
	prepare(4 * MIB, 8192, 4096);
	for (uint32_t i = 1; i <= 25 * 9; i++)
		ring_put(writer, 100, i, (int64_t)i * FRAME_US);
	for (uint64_t i = 1; ring_feed_peek(&feed) == RING_FEED_FRAME; i++)
		assert_int_equal(feed.next++, i);
	assert_int_equal(feed.next, 25 * 9 + 1);
	assert_int_equal(feed.dropped, 0);
}

static void an_encoder_that_is_too_slow_gets_fewer_frames_and_none_is_overwritten(void **state)
{
	size_t count;

	(void)state;
	prepare(4 * MIB, 8192, 4096);
	count = run_slow(15000, 60, fed); /* ten minutes */
	assert_int_equal(feed.lost, 0);
	assert_true(feed.dropped > 3000);
	assert_true(ring_feed_lag_us(&feed) < 20 * US_PER_S);
	assert_int_equal(count + feed.dropped, feed.next - 1);
}

static void dropped_frames_are_evenly_spaced(void **state)
{
	size_t count;

	(void)state;
	prepare(4 * MIB, 8192, 4096);
	count = run_slow(15000, 60, fed);
	for (size_t i = count / 2; i < count; i++) /* the ratio is never below 0.4 here */
		assert_int_in_range(fed[i] - fed[i - 1], 1, 3);
}

static void an_encoder_that_keeps_up_again_gets_every_frame(void **state)
{
	uint64_t dropped;

	(void)state;
	prepare(4 * MIB, 8192, 4096);
	run_slow(5000, 60, fed);
	for (uint32_t i = 0; i < 2500; i++) {
		ring_put(writer, 100, i, (int64_t)(5001 + i) * FRAME_US);
		while (ring_feed_peek(&feed) == RING_FEED_FRAME)
			feed.next++;
	}
	dropped = feed.dropped;
	assert_true(feed.drop.ratio >= 1);
	assert_int_equal(ring_feed_lag_us(&feed), 0);
	ring_put(writer, 100, 1, (int64_t)7501 * FRAME_US);
	assert_int_equal(ring_feed_peek(&feed), RING_FEED_FRAME);
	assert_int_equal(feed.dropped, dropped);
}

/* The encoder peeks at the first frame of a run before it starts the child, and again afterwards. */
static void peeking_again_finds_the_same_frame(void **state)
{
	(void)state;
	prepare(4 * MIB, 8192, 4096);
	run_slow(5000, 60, fed);
	assert_true(feed.drop.ratio < 1);
	for (int i = 0; i < 100; i++) {
		uint64_t found;

		if (ring_feed_peek(&feed) != RING_FEED_FRAME)
			break;
		found = feed.frame.seq;
		for (int again = 0; again < 3; again++) {
			assert_int_equal(ring_feed_peek(&feed), RING_FEED_FRAME);
			assert_int_equal(feed.frame.seq, found);
		}
		feed.next++;
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, remove_ring, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_first_frame_follows_the_ivf_file_header),
		CASE(later_frames_have_their_size_and_a_64_bit_time),
		CASE(a_pipe_that_takes_few_bytes_at_a_time_gets_the_same_bytes),
		CASE(a_header_split_at_any_byte_continues_there),
		CASE(a_full_pipe_is_reported_and_the_frame_is_not_lost),
		CASE(while_the_pipe_is_full_the_lag_grows),
		CASE(a_frame_that_waits_for_half_a_ring_is_copied_and_stays_whole),
		CASE(a_frame_overwritten_during_the_write_is_reported),
		CASE(a_closed_pipe_is_reported),
		CASE(an_overrun_is_reported_and_its_frames_are_counted),
		CASE(frames_overrun_by_size_are_counted_too),
		CASE(an_encoder_that_keeps_up_gets_every_frame),
		CASE(an_encoder_that_is_slow_for_less_than_10_s_gets_every_frame),
		CASE(an_encoder_that_is_too_slow_gets_fewer_frames_and_none_is_overwritten),
		CASE(dropped_frames_are_evenly_spaced),
		CASE(an_encoder_that_keeps_up_again_gets_every_frame),
		CASE(peeking_again_finds_the_same_frame),
	};

	return cmocka_run_group_tests(tests, name_ring, NULL);
}
