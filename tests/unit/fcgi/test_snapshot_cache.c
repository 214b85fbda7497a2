/* test_snapshot_cache.c - pictures come back as they were put there, the oldest go first; who came last is next. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/pool/snapshot_cache.h"
#include "shared/base/clock.h"

#define BEGIN_US (60 * US_PER_S) /* far more than a writer needs to begin */

static struct snapshot_cache *shelf;

static int make_shelf(void **state)
{
	(void)state;
	shelf = mmap(NULL, sizeof(*shelf), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shelf == MAP_FAILED;
}

static int drop_shelf(void **state)
{
	(void)state;
	return munmap(shelf, sizeof(*shelf));
}

static void put(uint64_t camera, int64_t wall_us, uint32_t width)
{
	uint8_t jpeg[1000];

	memset(jpeg, (int)(wall_us & 0xff), sizeof(jpeg));
	snapshot_cache_put(shelf, &(struct snapshot_key){camera, wall_us, width}, jpeg, sizeof(jpeg));
}

/* The picture of that very time. */
static bool get(const struct snapshot_key *key, struct buffer *jpeg)
{
	int64_t wall_us = 0;
	bool there = snapshot_cache_find_nearest(shelf, key, 0, jpeg, &wall_us);

	assert_int_equal(wall_us, there ? key->wall_us : 0);
	return there;
}

static bool is_there(uint64_t camera, int64_t wall_us, uint32_t width)
{
	struct buffer jpeg = {0};
	bool there = get(&(struct snapshot_key){camera, wall_us, width}, &jpeg);

	assert_int_equal(jpeg.length, there ? 1000 : 0);
	if (there)
		assert_int_equal(jpeg.data[999], wall_us & 0xff);
	buffer_free(&jpeg);
	return there;
}

static void a_picture_is_found_by_camera_time_and_width(void **state)
{
	(void)state;
	put(1, 1000, 320);
	put(1, 2000, 320);
	assert_true(is_there(1, 1000, 320));
	assert_true(is_there(1, 2000, 320));
	assert_false(is_there(2, 1000, 320));
	assert_false(is_there(1, 1000, 160));
	assert_false(is_there(1, 1001, 320));
}

static void the_nearest_one_of_that_camera_and_width_is_found(void **state)
{
	struct buffer jpeg = {0};
	int64_t wall_us;

	(void)state;
	put(1, 1000, 320);
	put(1, 4000, 320);
	put(2, 2900, 320);
	put(1, 3100, 160);
	assert_true(snapshot_cache_find_nearest(shelf, &(struct snapshot_key){1, 3000, 320}, 5000, &jpeg, &wall_us));
	assert_int_equal(wall_us, 4000);
	assert_int_equal(jpeg.data[0], 4000 & 0xff);
	assert_false(snapshot_cache_find_nearest(shelf, &(struct snapshot_key){1, 3000, 320}, 999, &jpeg, &wall_us));
	assert_false(
		snapshot_cache_find_nearest(shelf, &(struct snapshot_key){1, INT64_MIN, 320}, 5000, &jpeg, &wall_us));
	buffer_free(&jpeg);
}

static void what_was_not_used_for_longest_makes_room(void **state)
{
	(void)state;
	for (int64_t i = 1; i <= (int64_t)SNAPSHOT_CACHE_ENTRIES; i++)
		put(1, i, 0);
	assert_true(is_there(1, 1, 0));
	put(1, 1000, 0);
	assert_true(is_there(1, 1, 0));
	assert_false(is_there(1, 2, 0));
	assert_true(is_there(1, 3, 0));
	assert_true(is_there(1, 1000, 0));
}

static void places_of_killed_writers_are_left_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i + 1 < SNAPSHOT_CACHE_ENTRIES; i++)
		atomic_store(&shelf->places[i].version, 1);
	put(1, 7, 0);
	put(1, 8, 0);
	assert_false(is_there(1, 7, 0));
	assert_true(is_there(1, 8, 0));
}

static void what_is_too_large_is_not_kept(void **state)
{
	uint8_t *large = calloc(1, SNAPSHOT_JPEG_MAX + 1);
	struct snapshot_key key = {1, 5, 0};
	struct buffer jpeg = {0};

	(void)state;
	snapshot_cache_put(shelf, &key, large, SNAPSHOT_JPEG_MAX + 1);
	assert_false(get(&key, &jpeg));
	snapshot_cache_put(shelf, &key, large, SNAPSHOT_JPEG_MAX);
	assert_true(get(&key, &jpeg));
	assert_int_equal(jpeg.length, SNAPSHOT_JPEG_MAX);
	buffer_free(&jpeg);
	free(large);
}

/* Two processes write without end while a third one reads: never a picture of two. */
static void a_picture_that_is_being_replaced_is_never_half_of_each(void **state)
{
	pid_t writers[2];
	int found = 0;

	(void)state;
	for (int w = 0; w < 2; w++) {
		writers[w] = fork();
		if (writers[w] == 0)
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int64_t i = w; writers[w] == 0; i += 2)
			put(1, i % 200, 0);
	}
	int64_t limit_us = mono_now().us + BEGIN_US;
	for (int64_t i = 0; i < 200000 || (found == 0 && mono_now().us < limit_us); i++) {
		struct buffer jpeg = {0};
		if (get(&(struct snapshot_key){1, i % 200, 0}, &jpeg)) {
			found++;
			for (size_t at = 0; at < jpeg.length; at++)
				assert_int_equal(jpeg.data[at], i % 200);
		}
		buffer_free(&jpeg);
	}
	for (int w = 0; w < 2; w++) {
		kill(writers[w], SIGKILL);
		waitpid(writers[w], NULL, 0);
	}
	assert_true(found > 0);
}

static void who_came_last_is_next_and_a_full_row_loses_its_oldest(void **state)
{
	uint64_t tickets[SNAPSHOT_QUEUE_MAX + 2];

	(void)state;
	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX + 2; i++)
		tickets[i] = snapshot_queue_join(shelf, 0, 0);
	assert_int_equal(snapshot_queue_turn(shelf, tickets[0]), SNAPSHOT_TURN_DROPPED);
	assert_int_equal(snapshot_queue_turn(shelf, tickets[1]), SNAPSHOT_TURN_DROPPED);
	assert_int_equal(snapshot_queue_turn(shelf, tickets[2]), SNAPSHOT_TURN_LATER);
	for (size_t i = SNAPSHOT_QUEUE_MAX + 2; i-- > 2;) {
		assert_int_equal(snapshot_queue_turn(shelf, tickets[i]), SNAPSHOT_TURN_NOW);
		snapshot_queue_leave(shelf, tickets[i]);
		assert_int_equal(snapshot_queue_turn(shelf, tickets[i]), SNAPSHOT_TURN_DROPPED);
	}
	snapshot_queue_leave(shelf, tickets[0]);
	snapshot_queue_leave(shelf, 0);
	assert_int_equal(snapshot_queue_turn(shelf, snapshot_queue_join(shelf, 0, 0)), SNAPSHOT_TURN_NOW);
}

static void clients_take_turns(void **state)
{
	(void)state;
	uint64_t patient = snapshot_queue_join(shelf, 7, 6);
	uint64_t greedy[] = {snapshot_queue_join(shelf, 9, 6), snapshot_queue_join(shelf, 9, 6)};
	assert_int_equal(snapshot_queue_turn(shelf, greedy[1]), SNAPSHOT_TURN_NOW); /* nobody was served yet */
	snapshot_queue_leave(shelf, greedy[1]);
	snapshot_queue_served(shelf, 9);
	uint64_t again = snapshot_queue_join(shelf, 9, 6);
	assert_int_equal(snapshot_queue_turn(shelf, again), SNAPSHOT_TURN_LATER);
	assert_int_equal(snapshot_queue_turn(shelf, greedy[0]), SNAPSHOT_TURN_LATER);
	assert_int_equal(snapshot_queue_turn(shelf, patient), SNAPSHOT_TURN_NOW);
	snapshot_queue_leave(shelf, patient);
	snapshot_queue_served(shelf, 7);
	assert_int_equal(snapshot_queue_turn(shelf, again), SNAPSHOT_TURN_NOW);
	assert_int_equal(snapshot_queue_turn(shelf, greedy[0]), SNAPSHOT_TURN_LATER);
}

static void who_has_its_share_of_the_row_loses_its_own_oldest(void **state)
{
	uint64_t others[2], own[SNAPSHOT_QUEUE_MAX];

	(void)state;
	others[0] = snapshot_queue_join(shelf, 7, 6);
	others[1] = snapshot_queue_join(shelf, 0, 6);
	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX; i++)
		own[i] = snapshot_queue_join(shelf, 9, 6);
	assert_int_not_equal(snapshot_queue_turn(shelf, others[0]), SNAPSHOT_TURN_DROPPED);
	assert_int_not_equal(snapshot_queue_turn(shelf, others[1]), SNAPSHOT_TURN_DROPPED);
	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX; i++)
		assert_int_equal(snapshot_queue_turn(shelf, own[i]) == SNAPSHOT_TURN_DROPPED,
				 i < SNAPSHOT_QUEUE_MAX - 6);
}

/* Two that ask without pause, as from two addresses of one machine. */
static void two_greedy_clients_leave_a_third_its_turn(void **state)
{
	uint64_t greedy[2 * SNAPSHOT_QUEUE_MAX];

	(void)state;
	snapshot_queue_served(shelf, 9);
	snapshot_queue_served(shelf, 8);
	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX; i++)
		greedy[i] = snapshot_queue_join(shelf, 8 + i % 2, 6);
	uint64_t patient = snapshot_queue_join(shelf, 7, 6);
	for (size_t i = SNAPSHOT_QUEUE_MAX; i < 2 * SNAPSHOT_QUEUE_MAX; i++)
		greedy[i] = snapshot_queue_join(shelf, 8 + i % 2, 6);
	assert_int_equal(snapshot_queue_turn(shelf, patient), SNAPSHOT_TURN_NOW);
	assert_int_equal(snapshot_queue_turn(shelf, greedy[2 * SNAPSHOT_QUEUE_MAX - 1]), SNAPSHOT_TURN_LATER);
	snapshot_queue_leave(shelf, patient);
	snapshot_queue_served(shelf, 7);
	/* Then who was served longest ago, and not who asked last. */
	assert_int_equal(snapshot_queue_turn(shelf, greedy[2 * SNAPSHOT_QUEUE_MAX - 1]), SNAPSHOT_TURN_NOW);
	snapshot_queue_served(shelf, 9);
	patient = snapshot_queue_join(shelf, 7, 6);
	assert_int_equal(snapshot_queue_turn(shelf, greedy[2 * SNAPSHOT_QUEUE_MAX - 2]), SNAPSHOT_TURN_NOW);
	snapshot_queue_served(shelf, 8);
	assert_int_equal(snapshot_queue_turn(shelf, patient), SNAPSHOT_TURN_NOW);
}

static void a_row_of_many_clients_loses_its_oldest(void **state)
{
	uint64_t tickets[SNAPSHOT_QUEUE_MAX + 1];

	(void)state;
	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX + 1; i++)
		tickets[i] = snapshot_queue_join(shelf, 1 + i, 6);
	for (size_t i = 0; i < SNAPSHOT_QUEUE_MAX + 1; i++)
		assert_int_equal(snapshot_queue_turn(shelf, tickets[i]) == SNAPSHOT_TURN_DROPPED, i == 0);
	for (uint64_t client = 1; client < 3 * SNAPSHOT_CLIENTS; client++)
		snapshot_queue_served(shelf, client);
	assert_int_equal(snapshot_queue_turn(shelf, tickets[SNAPSHOT_QUEUE_MAX]),
			 SNAPSHOT_TURN_NOW); /* all are forgotten: the last to come */
}

/* A killed worker leaves its ticket: it keeps nobody's turn for long. */
static void a_ticket_that_was_left_behind_counts_for_nothing(void **state)
{
	(void)state;
	assert_true(snapshot_queue_is_empty(shelf));
	uint64_t left = snapshot_queue_join(shelf, 7, 6);
	assert_false(snapshot_queue_is_empty(shelf));
	atomic_store(&shelf->row[0], left - ((uint64_t)(SNAPSHOT_WAIT_MAX_MS + 60000) << 16));
	assert_true(snapshot_queue_is_empty(shelf));
	snapshot_queue_served(shelf, 9);
	assert_int_equal(snapshot_queue_turn(shelf, snapshot_queue_join(shelf, 9, 6)), SNAPSHOT_TURN_NOW);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_shelf, drop_shelf)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_picture_is_found_by_camera_time_and_width),
		CASE(the_nearest_one_of_that_camera_and_width_is_found),
		CASE(what_was_not_used_for_longest_makes_room),
		CASE(places_of_killed_writers_are_left_alone),
		CASE(what_is_too_large_is_not_kept),
		CASE(a_picture_that_is_being_replaced_is_never_half_of_each),
		CASE(who_came_last_is_next_and_a_full_row_loses_its_oldest),
		CASE(clients_take_turns),
		CASE(who_has_its_share_of_the_row_loses_its_own_oldest),
		CASE(two_greedy_clients_leave_a_third_its_turn),
		CASE(a_row_of_many_clients_loses_its_oldest),
		CASE(a_ticket_that_was_left_behind_counts_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
