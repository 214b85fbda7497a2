/* test_snapshot_queue.c - whose picture is made next, and which requests drop out of the queue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fcgi/pool/snapshot_queue.h"

static struct snapshot_queue *queue;

static int create_queue(void **state)
{
	(void)state;
	queue = calloc(1, sizeof(*queue));
	return queue == NULL;
}

static int destroy_queue(void **state)
{
	(void)state;
	free(queue);
	return 0;
}

static void the_newest_ticket_goes_first_and_a_full_queue_drops_its_oldest(void **state)
{
	uint64_t tickets[SNAPSHOT_QUEUE_MAX + 2];

	(void)state;
	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX + 2; i++)
		tickets[i] = snapshot_queue_join(queue, 0, 0);
	assert_int_equal(snapshot_queue_turn(queue, tickets[0]), SNAPSHOT_TURN_DROPPED);
	assert_int_equal(snapshot_queue_turn(queue, tickets[1]), SNAPSHOT_TURN_DROPPED);
	assert_int_equal(snapshot_queue_turn(queue, tickets[2]), SNAPSHOT_TURN_LATER);
	for (size_t i = SNAPSHOT_QUEUE_MAX + 2; i-- > 2;) {
		assert_int_equal(snapshot_queue_turn(queue, tickets[i]), SNAPSHOT_TURN_NOW);
		snapshot_queue_leave(queue, tickets[i]);
		assert_int_equal(snapshot_queue_turn(queue, tickets[i]), SNAPSHOT_TURN_DROPPED);
	}
	snapshot_queue_leave(queue, tickets[0]);
	snapshot_queue_leave(queue, 0);
	assert_int_equal(snapshot_queue_turn(queue, snapshot_queue_join(queue, 0, 0)), SNAPSHOT_TURN_NOW);
}

static void clients_take_turns(void **state)
{
	(void)state;
	uint64_t patient = snapshot_queue_join(queue, 7, 6);
	uint64_t greedy[] = {snapshot_queue_join(queue, 9, 6), snapshot_queue_join(queue, 9, 6)};
	assert_int_equal(snapshot_queue_turn(queue, greedy[1]), SNAPSHOT_TURN_NOW); /* no client had a picture yet */
	snapshot_queue_leave(queue, greedy[1]);
	snapshot_queue_served(queue, 9);
	uint64_t again = snapshot_queue_join(queue, 9, 6);
	assert_int_equal(snapshot_queue_turn(queue, again), SNAPSHOT_TURN_LATER);
	assert_int_equal(snapshot_queue_turn(queue, greedy[0]), SNAPSHOT_TURN_LATER);
	assert_int_equal(snapshot_queue_turn(queue, patient), SNAPSHOT_TURN_NOW);
	snapshot_queue_leave(queue, patient);
	snapshot_queue_served(queue, 7);
	assert_int_equal(snapshot_queue_turn(queue, again), SNAPSHOT_TURN_NOW);
	assert_int_equal(snapshot_queue_turn(queue, greedy[0]), SNAPSHOT_TURN_LATER);
}

static void a_client_with_its_share_of_the_queue_loses_its_own_oldest_ticket(void **state)
{
	uint64_t others[2], own[SNAPSHOT_QUEUE_MAX];

	(void)state;
	others[0] = snapshot_queue_join(queue, 7, 6);
	others[1] = snapshot_queue_join(queue, 0, 6);
	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX; i++)
		own[i] = snapshot_queue_join(queue, 9, 6);
	assert_int_not_equal(snapshot_queue_turn(queue, others[0]), SNAPSHOT_TURN_DROPPED);
	assert_int_not_equal(snapshot_queue_turn(queue, others[1]), SNAPSHOT_TURN_DROPPED);
	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX; i++)
		assert_int_equal(snapshot_queue_turn(queue, own[i]) == SNAPSHOT_TURN_DROPPED,
				 i < SNAPSHOT_QUEUE_MAX - 6);
}

/* Two clients that ask without pause, such as two addresses of one machine. */
static void two_greedy_clients_do_not_starve_a_third(void **state)
{
	uint64_t greedy[2 * SNAPSHOT_QUEUE_MAX];

	(void)state;
	snapshot_queue_served(queue, 9);
	snapshot_queue_served(queue, 8);
	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX; i++)
		greedy[i] = snapshot_queue_join(queue, 8 + i % 2, 6);
	uint64_t patient = snapshot_queue_join(queue, 7, 6);
	for (size_t i = SNAPSHOT_QUEUE_MAX; i < 2 * SNAPSHOT_QUEUE_MAX; i++)
		greedy[i] = snapshot_queue_join(queue, 8 + i % 2, 6);
	assert_int_equal(snapshot_queue_turn(queue, patient), SNAPSHOT_TURN_NOW);
	assert_int_equal(snapshot_queue_turn(queue, greedy[2 * SNAPSHOT_QUEUE_MAX - 1]), SNAPSHOT_TURN_LATER);
	snapshot_queue_leave(queue, patient);
	snapshot_queue_served(queue, 7);
	/* Next is the client whose last picture is longest ago, not the one that asked last. */
	assert_int_equal(snapshot_queue_turn(queue, greedy[2 * SNAPSHOT_QUEUE_MAX - 1]), SNAPSHOT_TURN_NOW);
	snapshot_queue_served(queue, 9);
	patient = snapshot_queue_join(queue, 7, 6);
	assert_int_equal(snapshot_queue_turn(queue, greedy[2 * SNAPSHOT_QUEUE_MAX - 2]), SNAPSHOT_TURN_NOW);
	snapshot_queue_served(queue, 8);
	assert_int_equal(snapshot_queue_turn(queue, patient), SNAPSHOT_TURN_NOW);
}

static void a_queue_of_many_clients_drops_its_oldest_ticket(void **state)
{
	uint64_t tickets[SNAPSHOT_QUEUE_MAX + 1];

	(void)state;
	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX + 1; i++)
		tickets[i] = snapshot_queue_join(queue, 1 + i, 6);
	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX + 1; i++)
		assert_int_equal(snapshot_queue_turn(queue, tickets[i]) == SNAPSHOT_TURN_DROPPED, i == 0);
	for (uint64_t client = 1; client < 3 * SNAPSHOT_CLIENTS; client++)
		snapshot_queue_served(queue, client);
	assert_int_equal(snapshot_queue_turn(queue, tickets[SNAPSHOT_QUEUE_MAX]),
			 SNAPSHOT_TURN_NOW); /* all clients are forgotten by now, so the newest ticket goes first */
}

/* A killed worker leaves its ticket, which must not block others for long. */
static void a_stale_ticket_does_not_count(void **state)
{
	(void)state;
	assert_true(snapshot_queue_is_empty(queue));
	uint64_t left = snapshot_queue_join(queue, 7, 6);
	assert_false(snapshot_queue_is_empty(queue));
	atomic_store(&queue->tickets[0], left - ((uint64_t)(SNAPSHOT_WAIT_MAX_MS + 60000) << 16));
	assert_true(snapshot_queue_is_empty(queue));
	snapshot_queue_served(queue, 9);
	assert_int_equal(snapshot_queue_turn(queue, snapshot_queue_join(queue, 9, 6)), SNAPSHOT_TURN_NOW);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, create_queue, destroy_queue)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_newest_ticket_goes_first_and_a_full_queue_drops_its_oldest),
		CASE(clients_take_turns),
		CASE(a_client_with_its_share_of_the_queue_loses_its_own_oldest_ticket),
		CASE(two_greedy_clients_do_not_starve_a_third),
		CASE(a_queue_of_many_clients_drops_its_oldest_ticket),
		CASE(a_stale_ticket_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
