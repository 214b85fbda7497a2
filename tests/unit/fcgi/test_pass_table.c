/* test_pass_table.c - of two workers that hold a request, exactly one responds; permits and limits of groups. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fcgi/pool/worker_slots.h"

#define OWNER 3
#define TAKER 1023

static struct pass_table *passes;
static struct pass_ticket ticket;

static int start(void **state)
{
	(void)state;
	passes = calloc(1, sizeof(*passes));
	assert_non_null(passes);
	assert_true(pass_table_begin(passes, OWNER, &ticket));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(passes);
	return 0;
}

static void assert_state(enum pass_state wanted)
{
	int taker;

	assert_int_equal(pass_table_state(passes, &ticket, &taker), wanted);
	if (wanted == PASS_TAKEN || wanted == PASS_ANSWERED)
		assert_int_equal(taker, TAKER);
}

static void the_taker_may_claim_the_response(void **state)
{
	(void)state;
	assert_state(PASS_WAITING);
	assert_false(pass_table_claim(passes, &ticket));
	assert_true(pass_table_take(passes, &ticket, TAKER));
	assert_state(PASS_TAKEN);
	assert_false(pass_table_take(passes, &ticket, TAKER));
	assert_true(pass_table_claim(passes, &ticket));
	assert_state(PASS_ANSWERED);
	assert_false(pass_table_revoke(passes, &ticket));
	assert_state(PASS_FREE);
}

static void a_revoked_pass_cannot_be_taken_or_claimed(void **state)
{
	(void)state;
	assert_true(pass_table_revoke(passes, &ticket));
	assert_false(pass_table_take(passes, &ticket, TAKER));
	assert_true(pass_table_begin(passes, OWNER, &ticket));
	assert_true(pass_table_take(passes, &ticket, TAKER));
	assert_true(pass_table_revoke(passes, &ticket));
	assert_false(pass_table_claim(passes, &ticket));
}

static void an_old_ticket_does_not_match_a_reused_entry(void **state)
{
	struct pass_ticket old = ticket;

	(void)state;
	assert_true(pass_table_revoke(passes, &ticket));
	do {
		assert_true(pass_table_begin(passes, OWNER, &ticket));
		if (ticket.entry != old.entry)
			assert_true(pass_table_revoke(passes, &ticket));
	} while (ticket.entry != old.entry);
	assert_false(pass_table_take(passes, &old, TAKER));
	assert_false(pass_table_claim(passes, &old));
	assert_false(pass_table_revoke(passes, &old));
	assert_state(PASS_WAITING);
}

static void a_ticket_outside_the_table_is_refused(void **state)
{
	(void)state;
	ticket.entry = PASS_TABLE_ENTRIES;
	assert_false(pass_table_take(passes, &ticket, TAKER));
}

static void a_full_table_refuses_and_recovers(void **state)
{
	struct pass_ticket others[PASS_TABLE_ENTRIES], one_more;

	(void)state;
	for (int i = 1; i < PASS_TABLE_ENTRIES; i++)
		assert_true(pass_table_begin(passes, OWNER, &others[i]));
	assert_false(pass_table_begin(passes, OWNER, &one_more));
	assert_true(pass_table_revoke(passes, &others[7]));
	assert_true(pass_table_begin(passes, OWNER, &one_more));
	assert_int_equal(one_more.entry, others[7].entry);
}

static void passes_of_a_dead_worker_are_forgotten(void **state)
{
	struct pass_ticket taken, answered;

	(void)state;
	assert_true(pass_table_begin(passes, OWNER + 1, &taken));
	assert_true(pass_table_take(passes, &taken, TAKER));
	assert_true(pass_table_begin(passes, OWNER + 1, &answered));
	assert_true(pass_table_take(passes, &answered, TAKER));
	assert_true(pass_table_claim(passes, &answered));
	pass_table_forget_worker(passes, OWNER);
	assert_state(PASS_FREE);
	pass_table_forget_worker(passes, TAKER);
	ticket = taken;
	assert_state(PASS_FREE);
	ticket = answered; /* its owner has not closed its copy yet */
	assert_state(PASS_ANSWERED);
}

static struct pass_ticket raced[PASS_TABLE_ENTRIES / 2];
static _Atomic int claimed;

static void *claim_all(void *unused)
{
	for (int i = 0; i < PASS_TABLE_ENTRIES / 2; i++)
		if (pass_table_take(passes, &raced[i], TAKER) && pass_table_claim(passes, &raced[i]))
			atomic_fetch_add(&claimed, 1);
	return unused;
}

/* Both race again and again: exactly one of them gets each request. */
static void owner_and_taker_never_both_respond(void **state)
{
	(void)state;
	for (int round = 0; round < 50; round++) {
		pthread_t taker;
		int revoked = 0;
		for (int i = 0; i < PASS_TABLE_ENTRIES / 2; i++)
			assert_true(pass_table_begin(passes, OWNER, &raced[i]));
		atomic_store(&claimed, 0);
		assert_int_equal(pthread_create(&taker, NULL, claim_all, NULL), 0);
		for (int i = PASS_TABLE_ENTRIES / 2 - 1; i >= 0; i--)
			revoked += pass_table_revoke(passes, &raced[i]);
		assert_int_equal(pthread_join(taker, NULL), 0);
		for (int i = 0; i < PASS_TABLE_ENTRIES / 2; i++)
			pass_table_revoke(passes, &raced[i]);
		assert_int_equal(revoked + atomic_load(&claimed), PASS_TABLE_ENTRIES / 2);
	}
}

static void permits_of_a_hanging_worker_do_not_count(void **state)
{
	struct worker_slots *slots = worker_slots_create();

	(void)state;
	assert_non_null(slots);
	int hanging = worker_slots_take(slots, 1), other = worker_slots_take(slots, 2);
	assert_true(worker_slots_can_serve(slots, 1, -1));
	assert_true(worker_slots_acquire_permit(slots, hanging, API_PERMIT_DOWNLOAD, 1));
	assert_false(worker_slots_acquire_permit(slots, other, API_PERMIT_DOWNLOAD, 1));
	atomic_store(&slots->slot[hanging].busy_us, mono_now().us - WORKER_HANGS_US);
	assert_true(worker_slots_hang_us(slots, 1) >= WORKER_HANGS_US);
	assert_int_equal(worker_slots_hang_us(slots, 2), 0);
	assert_false(worker_slots_can_serve(slots, 1, -1));
	assert_true(worker_slots_can_serve(slots, 2, -1));
	assert_false(worker_slots_can_serve(slots, 2, other));
	assert_true(worker_slots_acquire_permit(slots, other, API_PERMIT_DOWNLOAD, 1));
	worker_slots_destroy(slots);
}

static void a_group_has_a_limited_number_of_workers(void **state)
{
	struct worker_slots *slots = worker_slots_create();

	(void)state;
	assert_non_null(slots);
	for (int i = 0; i < WORKER_SLOTS_PER_GROUP; i++)
		assert_true(worker_slots_take(slots, 1) >= 0);
	assert_int_equal(worker_slots_take(slots, 1), -1);
	assert_true(worker_slots_take(slots, 2) >= 0);
	worker_slots_destroy(slots);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_taker_may_claim_the_response),
		CASE(a_revoked_pass_cannot_be_taken_or_claimed),
		CASE(an_old_ticket_does_not_match_a_reused_entry),
		CASE(a_ticket_outside_the_table_is_refused),
		CASE(a_full_table_refuses_and_recovers),
		CASE(passes_of_a_dead_worker_are_forgotten),
		CASE(owner_and_taker_never_both_respond),
		cmocka_unit_test(permits_of_a_hanging_worker_do_not_count),
		cmocka_unit_test(a_group_has_a_limited_number_of_workers),
	};

	return cmocka_run_group_tests_name("pass_table", tests, NULL, NULL);
}
