/* test_frame_drop.c - simulates encoders of different speeds: each gets as many frames as it can encode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorderd/encoder/frame_drop.h"
#include "shared/base/clock.h"

#define FPS      30
#define LIMIT_US (10 * US_PER_S)

/* A camera, and an encoder with `speed` times its rate. */
struct fixture {
	struct frame_drop drop;
	double speed;
	int64_t now_us; /* capture time of the newest frame */
	int64_t next;   /* number of the next frame */
	int64_t last;   /* number of the last frame that was fed */
	double free_us; /* when the encoder can take the next one */
	int64_t longest_lag_us;
	uint64_t frames, kept;
	int64_t closest, farthest; /* distance between two fed frames, in frames */
};

static void fixture_init(struct fixture *fixture, double speed)
{
	*fixture = (struct fixture){.drop = FRAME_DROP_NONE, .speed = speed, .last = -1};
}

static void fixture_reset_counts(struct fixture *fixture)
{
	fixture->frames = fixture->kept = 0;
	fixture->longest_lag_us = fixture->farthest = 0;
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

/* Feeds all frames that the encoder can take until now. */
static void feed(struct fixture *fixture)
{
	while (fixture->next * US_PER_S / FPS <= fixture->now_us && fixture->free_us <= (double)fixture->now_us) {
		int64_t lag_us = fixture->now_us - fixture->next * US_PER_S / FPS;

		fixture->longest_lag_us = lag_us > fixture->longest_lag_us ? lag_us : fixture->longest_lag_us;
		frame_drop_update(&fixture->drop, fixture->now_us, lag_us, LIMIT_US);
		fixture->frames++;
		if (frame_drop_accept(&fixture->drop))
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

static void an_encoder_that_keeps_up_gets_every_frame(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture, 1.05);
	run(&fixture, 600);
	assert_int_equal(fixture.kept, fixture.frames);
}

static void a_slow_encoder_gets_as_many_frames_as_it_can_encode_evenly_spaced(void **state)
{
	static const double speeds[] = {0.95, 0.7, 0.5, 0.33, 0.1};

	(void)state;
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
		struct fixture fixture;
		double share;

		fixture_init(&fixture, speeds[i]);
		run(&fixture, 600);
		fixture_reset_counts(&fixture);
		run(&fixture, 600);
		share = (double)fixture.kept / (double)fixture.frames;
		assert_true(share > speeds[i] * 0.97 && share < speeds[i] * 1.03);
		assert_true(fixture.longest_lag_us < LIMIT_US);
		assert_true(fixture.longest_lag_us > LIMIT_US / 2);
		assert_true((double)fixture.farthest < 1.1 / speeds[i] + 1);
		assert_true((double)fixture.closest > 0.9 / speeds[i] - 1);
	}
}

static void the_lag_is_never_over_the_limit_for_long(void **state)
{
	static const double speeds[] = {0.95, 0.7, 0.5, 0.2};

	(void)state;
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
		struct fixture fixture;

		fixture_init(&fixture, speeds[i]);
		run(&fixture, 1200);
		assert_true(fixture.longest_lag_us < LIMIT_US * 3 / 2);
	}
}

static void an_encoder_that_becomes_faster_gets_every_frame_again(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture, 0.6);
	run(&fixture, 300);
	fixture.speed = 1.5;
	run(&fixture, 120);
	fixture_reset_counts(&fixture);
	run(&fixture, 300);
	assert_int_equal(fixture.kept, fixture.frames);
	assert_true(fixture.longest_lag_us < US_PER_S);
}

static void an_encoder_that_paused_and_catches_up_loses_no_frame(void **state)
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
		cmocka_unit_test(an_encoder_that_keeps_up_gets_every_frame),
		cmocka_unit_test(a_slow_encoder_gets_as_many_frames_as_it_can_encode_evenly_spaced),
		cmocka_unit_test(the_lag_is_never_over_the_limit_for_long),
		cmocka_unit_test(an_encoder_that_becomes_faster_gets_every_frame_again),
		cmocka_unit_test(an_encoder_that_paused_and_catches_up_loses_no_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
