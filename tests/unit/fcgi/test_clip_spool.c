/* test_clip_spool.c - frames are copied out of a ring that keeps being overwritten. */
#include "fcgi/transcode/clip_spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/ring/ring_writer.h"

#define ENTRIES     64u
#define FRAME_BYTES 1000u
#define EACH_BYTES  (FRAME_BYTES + sizeof(struct spool_frame))

static struct ring_writer *writer;
static struct ring_reader *reader;

/* Every byte of frame k has the value k, and its capture time is k microseconds after 1970. */
static void put(uint64_t count)
{
	uint8_t jpeg[FRAME_BYTES];

	for (uint64_t i = 0; i < count; i++) {
		uint64_t seq = ring_reader_head(reader) + 1;
		struct ring_meta meta = {.wall_us = (int64_t)seq, .mono_us = (int64_t)seq, .epoch = 1};
		struct iovec part = {jpeg, sizeof(jpeg)};
		memset(jpeg, (int)seq, sizeof(jpeg));
		assert_int_equal(ring_writer_put(writer, &meta, &part, 1), seq);
	}
}

static int open_ring(void **state)
{
	struct ring_request request = {.data_bytes = 4 << 20, .index_entries = ENTRIES, .keep_us = INT64_MAX / 2};
	uint64_t data_bytes, adopted, bytes;
	struct reason why;
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "/recorder.test-spool-%d", (int)getpid());
	request.name = name;
	writer = ring_writer_open(&request, &data_bytes, &adopted, &why);
	assert_non_null(writer);
	const void *memory = ring_writer_memory(writer, &bytes);
	reader = ring_reader_attach(memory, bytes, &why);
	assert_non_null(reader);
	put(ENTRIES);
	return 0;
}

static int close_ring(void **state)
{
	(void)state;
	ring_reader_close(reader);
	ring_writer_close(writer);
	return 0;
}

/* The spool returns frames [first, last] of a range, whole. */
static void assert_returns(struct spool *spool, size_t range, uint64_t first, uint64_t last)
{
	const struct spool_frame *frame;

	for (uint64_t seq = first; seq <= last; seq++) {
		assert_int_equal(spool_peek(spool, range, &frame), SPOOL_OK);
		assert_int_equal(frame->meta.wall_us, seq);
		assert_int_equal(frame->meta.length, FRAME_BYTES);
		for (size_t i = 0; i < FRAME_BYTES; i++)
			assert_int_equal(frame->data[i], seq & 0xff);
		spool_drop(spool);
	}
}

static void assert_returns_no_more(struct spool *spool, size_t range, enum spool_outcome outcome)
{
	const struct spool_frame *frame;

	assert_int_equal(spool_peek(spool, range, &frame), outcome);
}

static void what_fits_survives_the_ring(void **state)
{
	const struct spool_range ranges[] = {{5, 24}, {30, 30}, {31, 60}};
	struct spool spool;

	(void)state;
	spool_init(&spool, reader, ranges, 3, 1 << 20);
	spool_fill(&spool);
	put(2 * ENTRIES);
	assert_returns(&spool, 0, 5, 24);
	assert_returns_no_more(&spool, 0, SPOOL_RANGE_END);
	assert_returns(&spool, 1, 30, 30);
	assert_returns_no_more(&spool, 1, SPOOL_RANGE_END);
	assert_returns(&spool, 2, 31, 60);
	assert_returns_no_more(&spool, 2, SPOOL_RANGE_END);
	assert_int_equal(spool.bytes, 0);
	spool_free(&spool);
}

static void no_more_is_copied_than_fits(void **state)
{
	const struct spool_range ranges[] = {{5, 60}};
	struct spool spool;

	(void)state;
	spool_init(&spool, reader, ranges, 1, 10 * EACH_BYTES);
	spool_fill(&spool);
	assert_int_equal(spool.bytes, 10 * EACH_BYTES);
	put(10); /* frames 1 to 10 are gone from the ring; the spool has 5 to 14 */
	assert_returns(&spool, 0, 5, 60);
	assert_returns_no_more(&spool, 0, SPOOL_RANGE_END);
	spool_free(&spool);
}

static void a_hole_is_reported_after_the_frames_before_it(void **state)
{
	const struct spool_range ranges[] = {{5, 60}, {61, 62}};
	struct spool spool;

	(void)state;
	spool_init(&spool, reader, ranges, 2, 10 * EACH_BYTES);
	spool_fill(&spool);
	put(20); /* the spool has 5 to 14, and 15 to 20 are gone */
	assert_returns(&spool, 0, 5, 14);
	assert_returns_no_more(&spool, 0, SPOOL_OVERWRITTEN);
	assert_returns_no_more(&spool, 0, SPOOL_OVERWRITTEN);
	spool_free(&spool);
}

static void a_range_whose_first_frames_are_gone_begins_later(void **state)
{
	const struct spool_range ranges[] = {{1, 30}};
	struct spool spool;

	(void)state;
	put(10);
	spool_init(&spool, reader, ranges, 1, 1 << 20);
	assert_returns(&spool, 0, 11, 30);
	assert_returns_no_more(&spool, 0, SPOOL_RANGE_END);
	spool_free(&spool);
}

static void a_range_that_is_gone_is_a_hole(void **state)
{
	const struct spool_range ranges[] = {{1, 10}, {11, 20}};
	struct spool spool;

	(void)state;
	put(10);
	spool_init(&spool, reader, ranges, 2, 1 << 20);
	assert_returns_no_more(&spool, 0, SPOOL_OVERWRITTEN);
	spool_free(&spool);
}

static void one_frame_always_fits(void **state)
{
	const struct spool_range ranges[] = {{1, 20}};
	struct spool spool;

	(void)state;
	spool_init(&spool, reader, ranges, 1, 1);
	assert_returns(&spool, 0, 1, 20);
	assert_returns_no_more(&spool, 0, SPOOL_RANGE_END);
	spool_free(&spool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_fits_survives_the_ring, open_ring, close_ring),
		cmocka_unit_test_setup_teardown(no_more_is_copied_than_fits, open_ring, close_ring),
		cmocka_unit_test_setup_teardown(a_hole_is_reported_after_the_frames_before_it, open_ring, close_ring),
		cmocka_unit_test_setup_teardown(a_range_whose_first_frames_are_gone_begins_later, open_ring,
						close_ring),
		cmocka_unit_test_setup_teardown(a_range_that_is_gone_is_a_hole, open_ring, close_ring),
		cmocka_unit_test_setup_teardown(one_frame_always_fits, open_ring, close_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
