/* test_ring_size.c - how large a ring is, for everything that a configuration may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorderd/ring/ring_size.h"
#include "shared/base/clock.h"
#include "shared/ring/ring_layout.h"

#define MIB (UINT64_C(1) << 20)

static void choose(double minutes, int max_mb, int fps, int side, struct ring_request *out)
{
	struct config config = {.camera = {.width = side, .height = side, .fps = fps},
				.memory = {.minutes = minutes, .max_mb = max_mb}};

	ring_size_choose(&config, 1, out);
}

static void every_configuration_gives_a_ring_whose_index_is_small_beside_its_frames(void **state)
{
	static const double minutes[] = {0.1, 30, 1440};
	static const int sizes_mb[] = {0, 1, 64, 1048576}, rates[] = {1, 60, 240}, sides[] = {16, 720, 8192};
	struct ring_layout layout;
	struct ring_request wish;

	(void)state;
	for (size_t i = 0; i < 3 * 4 * 3 * 3; i++) {
		int max_mb = sizes_mb[i / 3 % 4];

		choose(minutes[i % 3], max_mb, rates[i / 12 % 3], sides[i / 36], &wish);
		assert_true(ring_layout_init(wish.index_entries, wish.data_bytes, &layout));
		assert_true(wish.index_entries * sizeof(struct ring_entry) <= wish.data_bytes / 16 + MIB / 8);
		assert_int_equal(wish.exact, max_mb > 0);
		if (max_mb)
			assert_int_equal(wish.data_bytes, (uint64_t)max_mb * MIB);
		assert_int_equal(wish.keep_us, (int64_t)(minutes[i % 3] * 60 * (double)US_PER_S));
	}
}

static void where_there_is_room_the_index_has_a_place_for_each_frame(void **state)
{
	struct ring_request wish;

	(void)state;
	choose(30, 4096, 60, 720, &wish);
	assert_true(wish.index_entries >= 30 * 60 * 60 * 5 / 4);
	choose(0.1, 16, 30, 320, &wish);
	assert_true(wish.index_entries >= 6 * 30);
}

static void a_small_shm_is_shared_by_all_cameras(void **state)
{
	static const uint64_t rooms_mib[] = {20, 60, 1000, 100000};
	static const double minutes[] = {0.1, 30, 1440};

	(void)state;
	for (size_t i = 0; i < 4 * 3 * 4; i++) {
		uint64_t room = rooms_mib[i % 4] * MIB;
		size_t cameras = 1 + i / 12;
		struct ring_request wish, whole;

		choose(minutes[i / 4 % 3], 0, 60, 720, &whole);
		wish = whole;
		bool lowered = ring_size_limit_to_share(&wish, room, cameras);
		assert_int_equal(lowered, ring_size_total_bytes(&whole) > room / cameras);
		assert_true(ring_size_total_bytes(&wish) <= room / cameras);
		/* And what there is is used: but for a part of a MiB, and the index. */
		if (lowered)
			assert_true(wish.data_bytes >= room / cameras / 33 * 32 - 5 * MIB / 4);
	}
}

static void an_exact_size_and_a_shm_without_a_limit_are_left_alone(void **state)
{
	struct ring_request wish, whole;

	(void)state;
	choose(30, 512, 60, 720, &whole);
	wish = whole;
	assert_false(ring_size_limit_to_share(&wish, 64 * MIB, 2));
	assert_memory_equal(&wish, &whole, sizeof(wish));
	choose(30, 0, 60, 720, &whole);
	wish = whole;
	assert_false(ring_size_limit_to_share(&wish, UINT64_MAX, 2));
	assert_int_equal(wish.data_bytes, whole.data_bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_configuration_gives_a_ring_whose_index_is_small_beside_its_frames),
		cmocka_unit_test(a_small_shm_is_shared_by_all_cameras),
		cmocka_unit_test(an_exact_size_and_a_shm_without_a_limit_are_left_alone),
		cmocka_unit_test(where_there_is_room_the_index_has_a_place_for_each_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
