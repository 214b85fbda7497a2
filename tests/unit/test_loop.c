/* test_loop.c - descriptors and deadlines, also where a callback changes what is watched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/loop.h"

static struct loop *loop;
static struct loop_watch watches[2];
static struct loop_timer timers[3], limit;
static int pipes[2][2], calls[2];
static char order[16];
static size_t ordered;

static void fail_late(void *context)
{
	(void)context;
	fail_msg("what was waited for did not come");
}

static int set_up(void **state)
{
	(void)state;
	loop = loop_create();
	ordered = 0;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(pipes[i]), 0);
		watches[i] = (struct loop_watch){.fd = pipes[i][0]};
		calls[i] = 0;
	}
	for (int i = 0; i < 3; i++)
		timers[i] = (struct loop_timer){0};
	limit = (struct loop_timer){.due = fail_late};
	loop_timer_set(loop, &limit, (mono_t){mono_now().us + 60 * US_PER_S});
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	loop_destroy(loop);
	return 0;
}

static void stop_loop(void *context)
{
	(void)context;
	loop_stop(loop);
}

static void note(void *context)
{
	order[ordered++] = *(const char *)context;
}

static void timers_come_in_the_order_of_their_deadlines(void **state)
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

static void a_timer_that_is_set_again_comes_once(void **state)
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

static void a_cleared_timer_does_not_come(void **state)
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

/* Both are ready in one round; the first to be called drops the other. */
static void drop_other(void *context, uint32_t events)
{
	int other = context == &watches[0] ? 1 : 0;

	assert_true(events & EPOLLIN);
	calls[1 - other]++;
	loop_watch_set(loop, &watches[other], 0);
	loop_watch_set(loop, &watches[1 - other], 0);
	loop_stop(loop);
}

static void a_watch_dropped_in_the_same_round_is_not_called(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		watches[i].ready = drop_other;
		watches[i].context = &watches[i];
		assert_int_equal(write(pipes[i][1], "x", 1), 1);
		assert_true(loop_watch_set(loop, &watches[i], EPOLLIN));
	}
	loop_run(loop);
	assert_int_equal(calls[0] + calls[1], 1);
}

static void count_and_stop(void *context, uint32_t events)
{
	(void)events;
	++*(int *)context;
	loop_stop(loop);
}

static void a_watch_can_be_stopped_and_set_again(void **state)
{
	(void)state;
	watches[0].ready = count_and_stop;
	watches[0].context = &calls[0];
	assert_int_equal(write(pipes[0][1], "x", 1), 1);
	for (int i = 1; i <= 3; i++) {
		assert_true(loop_watch_set(loop, &watches[0], EPOLLIN));
		assert_true(loop_watch_set(loop, &watches[0], EPOLLIN));
		loop_run(loop);
		assert_int_equal(calls[0], i);
		assert_true(loop_watch_set(loop, &watches[0], 0));
	}
}

static void what_epoll_refuses_is_not_watched(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	watches[0].fd = fd;
	assert_false(loop_watch_set(loop, &watches[0], EPOLLIN)); /* a file */
	assert_int_equal(watches[0].events, 0);
	close(fd);
	watches[0].fd = pipes[0][0];
	watches[0].ready = count_and_stop;
	watches[0].context = &calls[0];
	assert_true(loop_watch_set(loop, &watches[0], EPOLLIN));
	assert_int_equal(write(pipes[0][1], "x", 1), 1);
	loop_run(loop);
	assert_int_equal(calls[0], 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(timers_come_in_the_order_of_their_deadlines),
		CASE(a_timer_that_is_set_again_comes_once),
		CASE(a_cleared_timer_does_not_come),
		CASE(a_watch_dropped_in_the_same_round_is_not_called),
		CASE(a_watch_can_be_stopped_and_set_again),
		CASE(what_epoll_refuses_is_not_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
