/* test_mp4_offsets.c - progressive clips: the offsets of samples, in chunks, with 32 or 64 bits. */
#include "tests/unit/support/moov_cases.h"
#include "tests/unit/support/sample_table.h"

#include "shared/base/big_endian.h"

static void offsets_count_from_the_clips_first_byte(void **state)
{
	(void)state;
	struct mp4_moov *movie = moov_create(CREATED_US);
	struct buffer out = {0};

	buffer_append(&out, "before", 6); /* bytes of the caller */
	mp4_moov_add_sample(movie, 0, 7, 10, true);
	mp4_moov_add_sample(movie, 1000, UINT64_C(5) << 32, 20, false);
	assert_true(mp4_moov_write_clip_header(movie, 2000, (UINT64_C(5) << 32) + 20, &out));
	uint64_t payload_at = out.length - 6;
	const uint8_t *co64 = moov_box(&out, "co64");
	assert_int_equal(be32_get(co64 + 4), 2);
	assert_int_equal(be64_get(co64 + 8), payload_at + 7);
	assert_int_equal(be64_get(co64 + 16), payload_at + (UINT64_C(5) << 32));
	assert_memory_equal(out.data + out.length - 16, "\0\0\0\1mdat", 8);
	assert_int_equal(be64_get(out.data + out.length - 8), (UINT64_C(5) << 32) + 20 + 16);
	assert_int_equal(be32_get(moov_box(&out, "stsz") + 16), 20);
	mp4_moov_destroy(movie);
	buffer_free(&out);
}

/* Adds samples of 10 bytes at these offsets, checks that the moov says so, and returns the number of chunks. */
static uint32_t chunks_of(const uint64_t *offsets, uint32_t count, uint64_t payload_at, bool *wide)
{
	struct mp4_moov *movie = moov_create(CREATED_US);
	struct buffer moov = {0};
	uint32_t got = 0;

	for (uint32_t i = 0; i < count; i++)
		mp4_moov_add_sample(movie, i * 1000, offsets[i], 10, true);
	assert_true(mp4_moov_write(movie, count * 1000, payload_at, &moov));
	struct sample_place *places = sample_places(moov.data, moov.length, &got);
	assert_non_null(places);
	assert_int_equal(got, count);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(places[i].offset, payload_at + offsets[i]);
		assert_int_equal(places[i].size, 10);
	}
	free(places);
	const uint8_t *box = moov_box(&moov, "co64");
	*wide = box;
	uint32_t chunks = be32_get((box ? box : moov_box(&moov, "stco")) + 4);
	mp4_moov_destroy(movie);
	buffer_free(&moov);
	return chunks;
}

static void samples_that_lie_together_share_a_chunk(void **state)
{
	static const uint64_t together[] = {0, 10, 20, 30, 40, 50, 60, 70, 80, 90};
	static const uint64_t apart[] = {0, 11, 22, 33, 44, 55, 66, 77, 88, 99};
	static const uint64_t backwards[] = {500, 510, 520, 530, 540, 100, 110, 120, 130, 140};
	/* Chunks of 2, 1, 2, 1, 2, 1 and 1 samples. */
	static const uint64_t uneven[] = {0, 10, 30, 50, 60, 80, 100, 110, 130, 150};
	bool wide;

	(void)state;
	assert_int_equal(chunks_of(together, 10, 1000, &wide), 1);
	assert_int_equal(chunks_of(apart, 10, 1000, &wide), 10);
	assert_int_equal(chunks_of(backwards, 10, 1000, &wide), 2);
	assert_int_equal(chunks_of(uneven, 10, 1000, &wide), 7);
}

static void offsets_have_64_bits_only_where_they_need_them(void **state)
{
	const uint64_t offsets[] = {0, 20};
	bool wide;

	(void)state;
	assert_int_equal(chunks_of(offsets, 2, UINT32_MAX - 20, &wide), 2);
	assert_false(wide);
	assert_int_equal(chunks_of(offsets, 2, UINT32_MAX - 19, &wide), 2);
	assert_true(wide);
}

/* The last sample is about 4 GiB into the file: the length of the header decides on which side. */
static void a_clip_of_4_gib_has_right_offsets(void **state)
{
	(void)state;
	for (uint64_t below = 0; below < 4096; below += 16) {
		struct mp4_moov *movie = moov_create(CREATED_US);
		struct buffer out = {0};
		uint32_t count = 0;
		uint64_t last = UINT32_MAX - below;
		mp4_moov_add_sample(movie, 0, 0, 10, true);
		mp4_moov_add_sample(movie, 1000, last, 20, false);
		assert_true(mp4_moov_write_clip_header(movie, 2000, last + 20, &out));
		struct sample_place *places = sample_places(out.data, out.length, &count);
		assert_int_equal(count, 2);
		assert_int_equal(places[0].offset, out.length);
		assert_int_equal(places[1].offset, out.length + last);
		free(places);
		mp4_moov_destroy(movie);
		buffer_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offsets_count_from_the_clips_first_byte),
		cmocka_unit_test(samples_that_lie_together_share_a_chunk),
		cmocka_unit_test(offsets_have_64_bits_only_where_they_need_them),
		cmocka_unit_test(a_clip_of_4_gib_has_right_offsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
