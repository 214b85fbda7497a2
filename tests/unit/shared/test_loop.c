/* test_loop.c - watched descriptors, and callbacks that change what is watched. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/event/loop.h"

static struct loop *loop;
static struct loop_watch watches[2];
static struct loop_timer at_once, limit;
static int pipes[2][2], calls[2];

static void fail_late(void *context)
{
	(void)context;
	fail_msg("what was waited for did not come");
}

static void stop_loop(void *context)
{
	(void)context;
	loop_stop(loop);
}

static int set_up(void **state)
{
	(void)state;
	loop = loop_create();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(pipes[i]), 0);
		watches[i] = (struct loop_watch){.fd = pipes[i][0]};
		calls[i] = 0;
	}
	at_once = (struct loop_timer){.due = stop_loop};
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

static void count(void *context, uint32_t events)
{
	(void)events;
	++*(int *)context;
}

/* Both are ready in one turn; the first to be called stops the other. */
static void drop_other(void *context, uint32_t events)
{
	int other = context == &watches[0] ? 1 : 0;

	assert_true(events & EPOLLIN);
	calls[1 - other]++;
	loop_watch_set(loop, &watches[other], 0);
	loop_watch_set(loop, &watches[1 - other], 0);
	loop_stop(loop);
}

static void a_watch_that_is_stopped_in_the_same_turn_is_not_called(void **state)
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

static void a_descriptor_that_epoll_refuses_is_not_watched(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	watches[0].fd = fd;
	assert_false(loop_watch_set(loop, &watches[0], EPOLLIN)); /* a regular file */
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

/* Both are ready in one turn; the first to be called frees both, and watches the other's descriptor again. */
static struct loop_watch *freed[2], *successor;

static void free_both(void *context, uint32_t events)
{
	int fd = context == freed[0] ? freed[1]->fd : freed[0]->fd;

	(void)events;
	calls[0]++;
	for (int i = 0; i < 2; i++) {
		loop_watch_set(loop, freed[i], 0);
		free(freed[i]);
	}
	successor = calloc(1, sizeof(*successor));
	assert_non_null(successor);
	*successor = (struct loop_watch){.fd = fd, .ready = count, .context = &calls[1]};
	assert_true(loop_watch_set(loop, successor, EPOLLIN));
}

static void a_watch_can_be_freed_in_its_own_callback_and_in_anothers(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		freed[i] = calloc(1, sizeof(*freed[i]));
		assert_non_null(freed[i]);
		*freed[i] = (struct loop_watch){.fd = pipes[i][0], .ready = free_both, .context = freed[i]};
		assert_int_equal(write(pipes[i][1], "x", 1), 1);
		assert_true(loop_watch_set(loop, freed[i], EPOLLIN));
	}
	loop_turn(loop);
	assert_int_equal(calls[0], 1);
	assert_int_equal(calls[1], 0); /* the pending event was not for it */
	loop_turn(loop);
	assert_int_equal(calls[1], 1);
	loop_watch_set(loop, successor, 0);
	free(successor);
}

static void wait_for_hangups_only(void *context, uint32_t events)
{
	int other = context == &watches[0] ? 1 : 0;

	(void)events;
	calls[1 - other]++;
	assert_true(loop_watch_set(loop, &watches[other], EPOLLRDHUP));
}

static void a_watch_is_not_called_for_events_that_it_no_longer_watches(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		watches[i].ready = wait_for_hangups_only;
		watches[i].context = &watches[i];
		assert_int_equal(write(pipes[i][1], "x", 1), 1);
		assert_true(loop_watch_set(loop, &watches[i], EPOLLIN));
	}
	loop_turn(loop);
	assert_int_equal(calls[0] + calls[1], 1);
}

static void an_edge_is_reported_once(void **state)
{
	(void)state;
	watches[0].ready = count;
	watches[0].context = &calls[0];
	assert_true(loop_watch_set(loop, &watches[0], EPOLLIN | EPOLLET));
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(write(pipes[0][1], "x", 1), 1);
		for (int turn = 0; turn < 3; turn++) {
			loop_timer_set(loop, &at_once, (mono_t){0});
			loop_turn(loop);
		}
		assert_int_equal(calls[0], i);
	}
	assert_true(loop_watch_set(loop, &watches[0], 0));
	assert_true(loop_watch_set(loop, &watches[0], EPOLLIN | EPOLLET)); /* it is told what is already there */
	loop_turn(loop);
	assert_int_equal(calls[0], 4);
}

#define SHARERS 4
#define ITEMS   400

/* A loop in a thread of its own. */
struct sharer {
	pthread_t thread;
	struct loop *loop;
	struct loop_watch items, end;
};

static int items[2], end[2];
static _Atomic int taken;

static void take_one(void *context, uint32_t events)
{
	char byte;

	(void)context;
	(void)events;
	if (read(items[0], &byte, 1) == 1 && atomic_fetch_add(&taken, 1) + 1 == ITEMS)
		close(end[1]);
}

static void end_sharer(void *context, uint32_t events)
{
	struct sharer *sharer = context;

	assert_true(events & EPOLLHUP);
	loop_stop(sharer->loop);
}

static void *run_sharer(void *context)
{
	struct sharer *sharer = context;

	loop_run(sharer->loop);
	return NULL;
}

static void start_sharer(struct sharer *sharer)
{
	sharer->loop = loop_create();
	assert_non_null(sharer->loop);
	sharer->items = (struct loop_watch){.fd = items[0], .ready = take_one};
	sharer->end = (struct loop_watch){.fd = end[0], .ready = end_sharer, .context = sharer};
	assert_true(loop_watch_set(sharer->loop, &sharer->items, EPOLLIN | EPOLLEXCLUSIVE));
	assert_true(loop_watch_set(sharer->loop, &sharer->end, EPOLLIN));
	assert_int_equal(pthread_create(&sharer->thread, NULL, run_sharer, sharer), 0);
}

static void loops_that_share_a_descriptor_read_everything(void **state)
{
	struct sharer sharers[SHARERS] = {0};

	(void)state;
	taken = 0;
	assert_int_equal(pipe2(items, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(pipe2(end, O_CLOEXEC | O_NONBLOCK), 0);
	for (int i = 0; i < SHARERS; i++)
		start_sharer(&sharers[i]);
	for (int i = 0; i < ITEMS; i++)
		assert_int_equal(write(items[1], "x", 1), 1);
	for (int i = 0; i < SHARERS; i++) {
		pthread_join(sharers[i].thread, NULL);
		loop_destroy(sharers[i].loop);
	}
	assert_int_equal(taken, ITEMS);
	close(items[0]);
	close(items[1]);
	close(end[0]);
}

/* This also shows that the flag has reached the kernel. */
static void a_shared_watch_is_stopped_before_it_is_changed(void **state)
{
	(void)state;
	watches[0].ready = count;
	watches[0].context = &calls[0];
	assert_true(loop_watch_set(loop, &watches[0], EPOLLIN | EPOLLEXCLUSIVE));
	assert_false(loop_watch_set(loop, &watches[0], EPOLLIN));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(write(pipes[0][1], "x", 1), 1);
	loop_turn(loop);
	assert_int_equal(calls[0], 1);
	assert_true(loop_watch_set(loop, &watches[0], 0));
	assert_true(loop_watch_set(loop, &watches[0], EPOLLIN));
}

static int befores;

static void count_before(void)
{
	befores++;
}

static void the_before_callback_runs_before_each_callback(void **state)
{
	(void)state;
	befores = 0;
	loop_set_before_callback(loop, count_before);
	for (int i = 0; i < 2; i++) {
		watches[i].ready = count;
		watches[i].context = &calls[i];
		assert_int_equal(write(pipes[i][1], "x", 1), 1);
		assert_true(loop_watch_set(loop, &watches[i], EPOLLIN));
	}
	loop_timer_set(loop, &at_once, (mono_t){0});
	loop_turn(loop);
	assert_int_equal(befores, 3);
	loop_set_before_callback(loop, NULL);
	loop_turn(loop);
	assert_int_equal(calls[0] + calls[1], 4);
	assert_int_equal(befores, 3);
}

/* As many as the viewers that one frame makes ready, with one system call. */
static void hundreds_of_ready_watches_are_called_in_one_turn(void **state)
{
	enum { READY = 200 };
	static struct loop_watch many[READY];
	int called = 0;

	(void)state;
	for (int i = 0; i < READY; i++) {
		many[i] = (struct loop_watch){.fd = eventfd(1, EFD_CLOEXEC), .ready = count, .context = &called};
		assert_true(many[i].fd >= 0 && loop_watch_set(loop, &many[i], EPOLLIN));
	}
	loop_turn(loop);
	assert_int_equal(called, READY);
	for (int i = 0; i < READY; i++) {
		assert_true(loop_watch_set(loop, &many[i], 0));
		close(many[i].fd);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_watch_that_is_stopped_in_the_same_turn_is_not_called),
		CASE(a_watch_can_be_stopped_and_set_again),
		CASE(a_descriptor_that_epoll_refuses_is_not_watched),
		CASE(a_watch_can_be_freed_in_its_own_callback_and_in_anothers),
		CASE(a_watch_is_not_called_for_events_that_it_no_longer_watches),
		CASE(an_edge_is_reported_once),
		CASE(loops_that_share_a_descriptor_read_everything),
		CASE(a_shared_watch_is_stopped_before_it_is_changed),
		CASE(the_before_callback_runs_before_each_callback),
		CASE(hundreds_of_ready_watches_are_called_in_one_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
