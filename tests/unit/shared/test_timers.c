/* test_timers.c - timers run in the order in which they are due, even if callbacks set and clear them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/event/loop.h"
#include "tests/unit/support/in_range.h"

static struct loop *loop;
static struct loop_timer timers[3];
static char order[16];
static size_t ordered;

static int set_up(void **state)
{
	(void)state;
	loop = loop_create();
	ordered = 0;
	for (int i = 0; i < 3; i++)
		timers[i] = (struct loop_timer){0};
	return loop ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	loop_destroy(loop);
	return 0;
}

static void stop_loop(void *context)
{
	(void)context;
	loop_stop(loop);
}

static void must_not_come(void *context)
{
	(void)context;
	fail_msg("a timer that was cleared has come");
}

static void note(void *context)
{
	order[ordered++] = *(const char *)context;
}

static void timers_run_in_the_order_of_their_times(void **state)
{
	mono_t now = mono_now();

	(void)state;
	timers[0] = (struct loop_timer){.due = note, .context = "b"};
	timers[1] = (struct loop_timer){.due = stop_loop};
	timers[2] = (struct loop_timer){.due = note, .context = "a"};
	loop_timer_set(loop, &timers[0], (mono_t){now.us + 2000});
	loop_timer_set(loop, &timers[1], (mono_t){now.us + 3000});
	loop_timer_set(loop, &timers[2], (mono_t){now.us + 1000});
	loop_run(loop);
	assert_int_equal(ordered, 2);
	assert_memory_equal(order, "ab", 2);
	assert_false(timers[0].armed);
}

static void a_timer_that_is_set_again_runs_once(void **state)
{
	mono_t now = mono_now();

	(void)state;
	timers[0] = (struct loop_timer){.due = note, .context = "a"};
	timers[1] = (struct loop_timer){.due = stop_loop};
	loop_timer_set(loop, &timers[0], (mono_t){now.us + 100000000});
	loop_timer_set(loop, &timers[0], (mono_t){now.us - 1});
	loop_timer_set(loop, &timers[1], (mono_t){now.us + 2000});
	loop_run(loop);
	assert_int_equal(ordered, 1);
}

static void a_cleared_timer_does_not_run(void **state)
{
	(void)state;
	timers[0] = (struct loop_timer){.due = note, .context = "a"};
	timers[1] = (struct loop_timer){.due = stop_loop};
	loop_timer_set(loop, &timers[0], mono_now());
	loop_timer_clear(loop, &timers[0]);
	loop_timer_clear(loop, &timers[0]);
	loop_timer_set(loop, &timers[1], (mono_t){mono_now().us + 2000});
	loop_run(loop);
	assert_int_equal(ordered, 0);
}

#define MANY 500

static struct loop_timer many[MANY];
static struct {
	size_t number;
	int64_t at_us;
} came[MANY];
static size_t came_count;

static void note_many(void *context)
{
	struct loop_timer *timer = context;

	assert_false(timer->armed);
	came[came_count].number = (size_t)(timer - many);
	came[came_count++].at_us = timer->at.us;
}

/* All of them are overdue, spread over a tenth of a second; several share each microsecond. */
static void set_many(unsigned *seed)
{
	int64_t begin_us = mono_now().us - US_PER_S;

	came_count = 0;
	for (size_t i = 0; i < MANY; i++)
		many[i] = (struct loop_timer){.due = note_many, .context = &many[i]};
	for (size_t i = 0; i < 4 * MANY; i++) {
		size_t which = (size_t)rand_r(seed) % MANY;

		if (rand_r(seed) % 4 == 0)
			loop_timer_clear(loop, &many[which]);
		else
			loop_timer_set(loop, &many[which], (mono_t){begin_us + rand_r(seed) % 100});
	}
}

static size_t count_armed(void)
{
	size_t count = 0;

	for (size_t i = 0; i < MANY; i++)
		count += many[i].armed;
	return count;
}

static void each_of_many_timers_runs_once_and_in_order(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 20; round++) {
		set_many(&seed);
		size_t expected = count_armed();

		assert_true(expected > MANY / 4);
		loop_turn(loop);
		assert_int_equal(came_count, expected);
		assert_int_equal(count_armed(), 0);
		for (size_t i = 1; i < came_count; i++)
			assert_true(came[i - 1].at_us <= came[i].at_us);
	}
}

static void timers_with_the_same_time_run_in_the_order_in_which_they_were_set(void **state)
{
	mono_t now = mono_now();

	(void)state;
	came_count = 0;
	for (size_t i = 0; i < MANY; i++)
		many[i] = (struct loop_timer){.due = note_many, .context = &many[i]};
	for (size_t i = 0; i < MANY; i++)
		loop_timer_set(loop, &many[(i * 7) % MANY], now);
	loop_turn(loop);
	assert_int_equal(came_count, MANY);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(came[i].number, (i * 7) % MANY);
}

/* Clears every second one that has not run yet, and frees what contains it. */
static void clear_others(void *context)
{
	(void)context;
	for (int i = 1; i < 3; i++) {
		struct loop_timer *other = timers[i].context;

		loop_timer_clear(loop, other);
		free(other);
	}
}

static void a_timer_can_free_others_that_are_due_in_the_same_turn(void **state)
{
	mono_t now = mono_now();

	(void)state;
	timers[0] = (struct loop_timer){.due = clear_others};
	loop_timer_set(loop, &timers[0], now);
	for (int i = 1; i < 3; i++) {
		struct loop_timer *other = calloc(1, sizeof(*other));

		assert_non_null(other);
		*other = (struct loop_timer){.due = must_not_come};
		timers[i].context = other;
		loop_timer_set(loop, other, (mono_t){now.us + 1});
	}
	while (mono_now().us <= now.us + 1)
		;
	loop_turn(loop);
}

static void count(void *context, uint32_t events)
{
	(void)events;
	++*(int *)context;
}

static void come_again(void *context)
{
	int times = ++*(int *)context;

	assert_int_in_range(times, 1, 100);
	loop_timer_set(loop, &timers[0], (mono_t){0});
}

static void a_timer_that_is_always_due_does_not_starve_others(void **state)
{
	int ends[2], calls[2] = {0};

	(void)state;
	assert_int_equal(pipe(ends), 0);
	struct loop_watch watch = {.fd = ends[0], .ready = count, .context = &calls[1]};
	timers[0] = (struct loop_timer){.due = come_again, .context = &calls[0]};
	timers[1] = (struct loop_timer){.due = note, .context = "a"};
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_true(loop_watch_set(loop, &watch, EPOLLIN));
	loop_timer_set(loop, &timers[0], (mono_t){0});
	loop_turn(loop);
	loop_timer_set(loop, &timers[1], mono_now());
	for (int i = 2; i <= 4; i++)
		loop_turn(loop);
	assert_int_equal(calls[0], 4);
	assert_int_equal(calls[1], 4);
	assert_int_equal(ordered, 1);
	close(ends[0]);
	close(ends[1]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(timers_run_in_the_order_of_their_times),
		CASE(a_timer_that_is_set_again_runs_once),
		CASE(a_cleared_timer_does_not_run),
		CASE(each_of_many_timers_runs_once_and_in_order),
		CASE(timers_with_the_same_time_run_in_the_order_in_which_they_were_set),
		CASE(a_timer_can_free_others_that_are_due_in_the_same_turn),
		CASE(a_timer_that_is_always_due_does_not_starve_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
