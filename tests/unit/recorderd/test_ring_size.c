/* test_ring_size.c - the size of the ring for all kinds of configurations. */
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

static void the_index_is_small_compared_to_the_frames_in_every_configuration(void **state)
{
	static const double minutes[] = {0.1, 30, 1440};
	static const int sizes_mb[] = {0, 1, 64, 1048576}, rates[] = {1, 60, 240}, sides[] = {16, 720, 8192};
	struct ring_layout layout;
	struct ring_request request;

	(void)state;
	for (size_t i = 0; i < 3 * 4 * 3 * 3; i++) {
		int max_mb = sizes_mb[i / 3 % 4];

		choose(minutes[i % 3], max_mb, rates[i / 12 % 3], sides[i / 36], &request);
		assert_true(ring_layout_init(request.index_entries, request.data_bytes, &layout));
		assert_true(request.index_entries * sizeof(struct ring_entry) <= request.data_bytes / 16 + MIB / 8);
		assert_int_equal(request.exact, max_mb > 0);
		if (max_mb)
			assert_int_equal(request.data_bytes, (uint64_t)max_mb * MIB);
		assert_int_equal(request.keep_us, (int64_t)(minutes[i % 3] * 60 * (double)US_PER_S));
	}
}

static void if_there_is_room_the_index_has_an_entry_for_each_frame(void **state)
{
	struct ring_request request;

	(void)state;
	choose(30, 4096, 60, 720, &request);
	assert_true(request.index_entries >= 30 * 60 * 60 * 5 / 4);
	choose(0.1, 16, 30, 320, &request);
	assert_true(request.index_entries >= 6 * 30);
}

static void a_small_shm_is_shared_by_all_cameras(void **state)
{
	static const uint64_t rooms_mib[] = {20, 60, 1000, 100000};
	static const double minutes[] = {0.1, 30, 1440};

	(void)state;
	for (size_t i = 0; i < 4 * 3 * 4; i++) {
		uint64_t room = rooms_mib[i % 4] * MIB;
		size_t cameras = 1 + i / 12;
		struct ring_request request, whole;

		choose(minutes[i / 4 % 3], 0, 60, 720, &whole);
		request = whole;
		bool lowered = ring_size_limit_to_share(&request, room, cameras);
		assert_int_equal(lowered, ring_size_total_bytes(&whole) > room / cameras);
		assert_true(ring_size_total_bytes(&request) <= room / cameras);
		/* And the share is used, except for part of a MiB and the index. */
		if (lowered)
			assert_true(request.data_bytes >= room / cameras / 33 * 32 - 5 * MIB / 4);
	}
}

static void a_size_that_is_set_is_lowered_only_if_it_does_not_fit(void **state)
{
	struct ring_request request, whole;

	(void)state;
	choose(30, 512, 60, 720, &whole);
	request = whole;
	assert_false(ring_size_limit_to_share(&request, 600 * MIB, 2));
	assert_memory_equal(&request, &whole, sizeof(request));
	assert_true(ring_size_limit_to_share(&request, 64 * MIB, 2));
	assert_true(ring_size_total_bytes(&request) <= 32 * MIB && !request.exact);
	choose(30, 0, 60, 720, &whole);
	request = whole;
	assert_false(ring_size_limit_to_share(&request, UINT64_MAX, 2));
	assert_int_equal(request.data_bytes, whole.data_bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_index_is_small_compared_to_the_frames_in_every_configuration),
		cmocka_unit_test(a_small_shm_is_shared_by_all_cameras),
		cmocka_unit_test(a_size_that_is_set_is_lowered_only_if_it_does_not_fit),
		cmocka_unit_test(if_there_is_room_the_index_has_an_entry_for_each_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
