/* test_frame_drop.c - encoders of every speed, simulated: each gets what it manages, evenly, and no more waits than
 * may.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorderd/encoder/frame_drop.h"
#include "shared/base/clock.h"

#define FPS      30
#define LIMIT_US (10 * US_PER_S)

/* A camera, and an encoder that takes `speed` times its rate. */
struct bench {
	struct thinning thinning;
	double speed;
	int64_t now_us; /* the newest frame */
	int64_t next;   /* number of the frame to be chosen */
	int64_t last;   /* that was kept */
	double free_us; /* when the encoder takes the next one */
	int64_t most_behind_us;
	uint64_t frames, kept;
	int64_t closest, farthest; /* distance of two kept frames, in frames */
};

static void bench_init(struct bench *bench, double speed)
{
	*bench = (struct bench){.thinning = THINNING_NONE, .speed = speed, .last = -1};
}

static void bench_count_anew(struct bench *bench)
{
	bench->frames = bench->kept = 0;
	bench->most_behind_us = bench->farthest = 0;
	bench->closest = INT64_MAX;
}

static void keep(struct bench *bench)
{
	int64_t apart = bench->next - bench->last;

	bench->closest = apart < bench->closest ? apart : bench->closest;
	bench->farthest = apart > bench->farthest ? apart : bench->farthest;
	bench->last = bench->next;
	bench->kept++;
	bench->free_us += (double)US_PER_S / FPS / bench->speed;
}

/* The encoder takes what it can until now. */
static void feed(struct bench *bench)
{
	while (bench->next * US_PER_S / FPS <= bench->now_us && bench->free_us <= (double)bench->now_us) {
		int64_t behind_us = bench->now_us - bench->next * US_PER_S / FPS;

		bench->most_behind_us = behind_us > bench->most_behind_us ? behind_us : bench->most_behind_us;
		thinning_judge(&bench->thinning, bench->now_us, behind_us, LIMIT_US);
		bench->frames++;
		if (thinning_keeps(&bench->thinning))
			keep(bench);
		bench->next++;
	}
	if (bench->free_us < (double)bench->now_us)
		bench->free_us = (double)bench->now_us;
}

static void run(struct bench *bench, int seconds)
{
	for (int i = 0; i < seconds * FPS; i++) {
		bench->now_us += US_PER_S / FPS;
		feed(bench);
	}
}

static void test_an_encoder_that_manages_all_gets_all(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, 1.05);
	run(&bench, 600);
	assert_int_equal(bench.kept, bench.frames);
}

static void test_a_slow_one_gets_what_it_manages_at_even_distances(void **state)
{
	static const double speeds[] = {0.95, 0.7, 0.5, 0.33, 0.1};

	(void)state;
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
		struct bench bench;
		double share;

		bench_init(&bench, speeds[i]);
		run(&bench, 600);
		bench_count_anew(&bench);
		run(&bench, 600);
		share = (double)bench.kept / (double)bench.frames;
		assert_true(share > speeds[i] * 0.97 && share < speeds[i] * 1.03);
		assert_true(bench.most_behind_us < LIMIT_US);
		assert_true(bench.most_behind_us > LIMIT_US / 2);
		assert_true((double)bench.farthest < 1.1 / speeds[i] + 1);
		assert_true((double)bench.closest > 0.9 / speeds[i] - 1);
	}
}

static void test_more_than_may_never_waits_for_long(void **state)
{
	static const double speeds[] = {0.95, 0.7, 0.5, 0.2};

	(void)state;
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
		struct bench bench;

		bench_init(&bench, speeds[i]);
		run(&bench, 1200);
		assert_true(bench.most_behind_us < LIMIT_US * 3 / 2);
	}
}

static void test_one_that_becomes_faster_gets_all_again(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, 0.6);
	run(&bench, 300);
	bench.speed = 1.5;
	run(&bench, 120);
	bench_count_anew(&bench);
	run(&bench, 300);
	assert_int_equal(bench.kept, bench.frames);
	assert_true(bench.most_behind_us < US_PER_S);
}

static void test_one_that_stood_still_and_catches_up_loses_no_frame(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, 3);
	run(&bench, 60);
	bench.free_us += 25.0 * US_PER_S; /* a disk that hangs */
	run(&bench, 120);
	assert_int_equal(bench.kept, bench.frames);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_encoder_that_manages_all_gets_all),
		cmocka_unit_test(test_a_slow_one_gets_what_it_manages_at_even_distances),
		cmocka_unit_test(test_more_than_may_never_waits_for_long),
		cmocka_unit_test(test_one_that_becomes_faster_gets_all_again),
		cmocka_unit_test(test_one_that_stood_still_and_catches_up_loses_no_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
