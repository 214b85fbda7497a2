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
struct fixture {
	struct frame_drop thinning;
	double speed;
	int64_t now_us; /* the newest frame */
	int64_t next;   /* number of the frame to be chosen */
	int64_t last;   /* that was kept */
	double free_us; /* when the encoder takes the next one */
	int64_t most_behind_us;
	uint64_t frames, kept;
	int64_t closest, farthest; /* distance of two kept frames, in frames */
};

static void fixture_init(struct fixture *fixture, double speed)
{
	*fixture = (struct fixture){.thinning = FRAME_DROP_NONE, .speed = speed, .last = -1};
}

static void fixture_count_anew(struct fixture *fixture)
{
	fixture->frames = fixture->kept = 0;
	fixture->most_behind_us = fixture->farthest = 0;
	fixture->closest = INT64_MAX;
}

static void keep(struct fixture *fixture)
{
	int64_t apart = fixture->next - fixture->last;

	fixture->closest = apart < fixture->closest ? apart : fixture->closest;
	fixture->farthest = apart > fixture->farthest ? apart : fixture->farthest;
	fixture->last = fixture->next;
	fixture->kept++;
	fixture->free_us += (double)US_PER_S / FPS / fixture->speed;
}

/* The encoder takes what it can until now. */
static void feed(struct fixture *fixture)
{
	while (fixture->next * US_PER_S / FPS <= fixture->now_us && fixture->free_us <= (double)fixture->now_us) {
		int64_t behind_us = fixture->now_us - fixture->next * US_PER_S / FPS;

		fixture->most_behind_us = behind_us > fixture->most_behind_us ? behind_us : fixture->most_behind_us;
		frame_drop_update(&fixture->thinning, fixture->now_us, behind_us, LIMIT_US);
		fixture->frames++;
		if (frame_drop_accept(&fixture->thinning))
			keep(fixture);
		fixture->next++;
	}
	if (fixture->free_us < (double)fixture->now_us)
		fixture->free_us = (double)fixture->now_us;
}

static void run(struct fixture *fixture, int seconds)
{
	for (int i = 0; i < seconds * FPS; i++) {
		fixture->now_us += US_PER_S / FPS;
		feed(fixture);
	}
}

static void test_an_encoder_that_manages_all_gets_all(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture, 1.05);
	run(&fixture, 600);
	assert_int_equal(fixture.kept, fixture.frames);
}

static void test_a_slow_one_gets_what_it_manages_at_even_distances(void **state)
{
	static const double speeds[] = {0.95, 0.7, 0.5, 0.33, 0.1};

	(void)state;
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
		struct fixture fixture;
		double share;

		fixture_init(&fixture, speeds[i]);
		run(&fixture, 600);
		fixture_count_anew(&fixture);
		run(&fixture, 600);
		share = (double)fixture.kept / (double)fixture.frames;
		assert_true(share > speeds[i] * 0.97 && share < speeds[i] * 1.03);
		assert_true(fixture.most_behind_us < LIMIT_US);
		assert_true(fixture.most_behind_us > LIMIT_US / 2);
		assert_true((double)fixture.farthest < 1.1 / speeds[i] + 1);
		assert_true((double)fixture.closest > 0.9 / speeds[i] - 1);
	}
}

static void test_more_than_may_never_waits_for_long(void **state)
{
	static const double speeds[] = {0.95, 0.7, 0.5, 0.2};

	(void)state;
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
		struct fixture fixture;

		fixture_init(&fixture, speeds[i]);
		run(&fixture, 1200);
		assert_true(fixture.most_behind_us < LIMIT_US * 3 / 2);
	}
}

static void test_one_that_becomes_faster_gets_all_again(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture, 0.6);
	run(&fixture, 300);
	fixture.speed = 1.5;
	run(&fixture, 120);
	fixture_count_anew(&fixture);
	run(&fixture, 300);
	assert_int_equal(fixture.kept, fixture.frames);
	assert_true(fixture.most_behind_us < US_PER_S);
}

static void test_one_that_stood_still_and_catches_up_loses_no_frame(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture, 3);
	run(&fixture, 60);
	fixture.free_us += 25.0 * US_PER_S; /* a disk that hangs */
	run(&fixture, 120);
	assert_int_equal(fixture.kept, fixture.frames);
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
