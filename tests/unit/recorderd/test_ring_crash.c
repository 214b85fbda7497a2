/* test_ring_crash.c - what a dead writer leaves: taking over, kills at random moments, hostile bytes. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support/ring_cases.h"

#define KILLS 200

static void a_dead_writers_frames_are_taken_over(void **state)
{
	(void)state;
	assert_int_equal(in_child(write_ten_and_die), 0);
	struct ring_reader *before = open_reader();
	uint64_t adopted;
	struct ring_writer *writer = open_writer_of(MIB, 64, &adopted);
	assert_non_null(writer);
	assert_int_equal(adopted, 10);
	assert_true(ring_reader_is_current(before, ring_case.name));
	assert_int_equal(ring_put(writer, 5000, 11, 11), 11);
	for (uint64_t seq = 1; seq <= 11; seq++) {
		struct ring_frame frame;
		assert_true(ring_reader_get(before, seq, &frame));
		assert_true(frame_is_intact(frame.data, frame.meta.length));
	}
	ring_reader_close(before);
	ring_writer_close(writer);
}

static void a_ring_of_another_boot_is_replaced(void **state)
{
	(void)state;
	assert_int_equal(in_child(write_ten_and_die), 0);
	int fd = shm_open(ring_case.name, O_RDWR, 0);
	assert_int_equal(pwrite(fd, "another boot....", 16, offsetof(struct ring_header, boot_id)), 16);
	close(fd);
	uint64_t adopted = 1;
	struct ring_writer *writer = open_writer_of(MIB, 64, &adopted);
	assert_non_null(writer);
	assert_int_equal(adopted, 0);
	ring_writer_close(writer);
}

static void a_lock_left_odd_is_reset_by_the_next_writer(void **state)
{
	(void)state;
	assert_int_equal(in_child(write_ten_and_die), 0);
	int fd = shm_open(ring_case.name, O_RDWR, 0);
	uint64_t odd = 7;
	assert_int_equal(pwrite(fd, &odd, 8, offsetof(struct ring_header, state_lock)), 8);
	close(fd);
	struct ring_reader *reader = open_reader();
	struct recorder_state got;
	assert_false(ring_reader_state(reader, &got));
	struct ring_writer *writer = open_writer();
	assert_true(ring_reader_state(reader, &got));
	assert_int_equal(got.heartbeat_mono_us, 0);
	ring_reader_close(reader);
	ring_writer_close(writer);
}

/* Puts frames as fast as it can, until it is killed. */
static void write_until_killed(uint32_t seed)
{
	uint64_t adopted;
	struct ring_writer *writer = open_writer_of(MIB, 64, &adopted);
	if (!writer)
		_exit(1);
	for (int64_t i = 1;; i++) {
		struct recorder_state published = {.frames = (uint64_t)i, .heartbeat_mono_us = i};
		ring_writer_set_state(writer, &published);
		ring_put(writer, 4000 + ring_random(&seed) % 100000, seed, i);
	}
}

struct checker {
	_Atomic int stop;
	_Atomic uint64_t whole;
	uint64_t torn_detected, undetected;
	uint64_t states_torn;
};

/* Reads frames of random age, like slow and fast viewers, and checks each that the ring reports as whole. */
static void check_frames(struct checker *checker, struct ring_reader *reader, uint32_t *seed)
{
	static _Thread_local uint8_t copy[MIB];
	uint64_t head = ring_reader_head(reader), back = ring_random(seed) % 24;
	struct ring_frame frame;
	if (!ring_reader_get(reader, head > back ? head - back : head, &frame))
		return;
	if (!ring_reader_copy(reader, &frame, copy))
		checker->torn_detected++;
	else if (frame_is_intact(copy, frame.meta.length))
		checker->whole++;
	else
		checker->undetected++;
	struct recorder_state published;
	if (ring_reader_state(reader, &published) && published.frames != (uint64_t)published.heartbeat_mono_us)
		checker->states_torn++;
}

static void *checker_thread(void *context)
{
	struct checker *checker = context;
	struct ring_reader *reader = NULL;
	uint32_t seed = (uint32_t)(uintptr_t)checker;
	while (!checker->stop) {
		if (reader && !ring_reader_is_current(reader, ring_case.name)) {
			ring_reader_close(reader);
			reader = NULL;
		}
		struct reason unused;
		if (!reader)
			reader = ring_reader_open(ring_case.name, &unused);
		for (int i = 0; reader && i < 50; i++)
			check_frames(checker, reader, &seed);
	}
	ring_reader_close(reader);
	return NULL;
}

static void no_torn_frame_passes_while_writers_are_killed(void **state)
{
	(void)state;
	struct checker checkers[2] = {{.stop = 0}, {.stop = 0}};
	pthread_t threads[2];
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, checker_thread, &checkers[i]), 0);
	uint32_t seed = 1;
	/* On a busy machine a reader may not have run yet. */
	for (uint32_t i = 0; i < KILLS || (i < 100 * KILLS && (checkers[0].whole == 0 || checkers[1].whole == 0));
	     i++) {
		pid_t pid = fork();
		if (pid == 0)
			write_until_killed(i);
		struct timespec while_us = {.tv_nsec = 1000 * (long)(500 + ring_random(&seed) % 15000)};
		nanosleep(&while_us, NULL);
		kill(pid, SIGKILL);
		int status;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
	}
	for (int i = 0; i < 2; i++) {
		checkers[i].stop = 1;
		pthread_join(threads[i], NULL);
		print_message("# reader %d: %llu whole, %llu torn and detected\n", i,
			      (unsigned long long)checkers[i].whole, (unsigned long long)checkers[i].torn_detected);
		assert_true(checkers[i].whole > 0);
		assert_int_equal(checkers[i].undetected, 0);
		assert_int_equal(checkers[i].states_torn, 0);
	}
}

static void touch_everything(const struct ring_reader *reader)
{
	uint64_t head = ring_reader_head(reader), tail = ring_reader_tail(reader);
	volatile uint8_t sum = 0;
	for (uint64_t i = 0; i < 70; i++) {
		uint64_t seqs[] = {head - i, tail + i, i};
		for (size_t j = 0; j < 3; j++) {
			struct ring_frame frame;
			if (!ring_reader_get(reader, seqs[j], &frame))
				continue;
			sum = (uint8_t)(sum + frame.data[0] + frame.data[frame.meta.length - 1]);
			(void)ring_reader_age(reader, &frame);
		}
	}
	static struct recorder_state published;
	static char devices[RING_DEVICES_BYTES];
	(void)ring_reader_state(reader, &published);
	(void)ring_reader_devices(reader, devices);
}

/* The ring is copied to the heap, so that AddressSanitizer sees every read outside of it. */
static void random_bytes_in_the_ring_never_lead_outside_of_it(void **state)
{
	(void)state;
	struct ring_writer *writer = open_writer();
	for (uint32_t i = 1; i <= 100; i++)
		ring_put(writer, 20000 + i * 100, i, i);
	uint64_t bytes;
	const void *memory = ring_writer_memory(writer, &bytes);
	uint8_t *copy = malloc((size_t)bytes);
	assert_non_null(copy);
	uint32_t seed = 42;
	const size_t index_bytes = 64 * sizeof(struct ring_entry);
	for (int round = 0; round < 3000; round++) {
		memcpy(copy, memory, RING_HEADER_BYTES + index_bytes);
		bool after_open = round % 2;
		struct ring_reader *reader = after_open ? ring_reader_attach(copy, bytes, &ring_case.why) : NULL;
		for (uint32_t i = ring_random(&seed) % 8; i > 0; i--)
			copy[ring_random(&seed) % 272] = (uint8_t)ring_random(&seed);
		for (uint32_t i = ring_random(&seed) % 200; i > 0; i--)
			copy[RING_HEADER_BYTES + ring_random(&seed) % index_bytes] = (uint8_t)ring_random(&seed);
		if (!after_open)
			reader = ring_reader_attach(copy, bytes, &ring_case.why);
		if (reader)
			touch_everything(reader);
		ring_reader_close(reader);
	}
	free(copy);
	ring_writer_close(writer);
}

static void a_header_that_claims_more_than_the_object_is_refused(void **state)
{
	(void)state;
	struct ring_writer *writer = open_writer();
	uint64_t bytes;
	const void *memory = ring_writer_memory(writer, &bytes);
	assert_null(ring_reader_attach(memory, bytes - 1, &ring_case.why));
	assert_null(ring_reader_attach(memory, 100, &ring_case.why));
	assert_null(ring_reader_attach(memory, 0, &ring_case.why));
	struct ring_reader *reader = ring_reader_attach(memory, bytes, &ring_case.why);
	assert_non_null(reader);
	ring_reader_close(reader);
	ring_writer_close(writer);
}

/* A dead writer's ring with an inconsistent header is not taken over. */
static void a_damaged_ring_is_not_adopted(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		uint64_t value;
	} damages[] = {
		{offsetof(struct ring_header, head), 11},
		{offsetof(struct ring_header, head), UINT64_MAX},
		{offsetof(struct ring_header, tail), 12},
		{offsetof(struct ring_header, reserve), 5},
		{offsetof(struct ring_header, reserve), UINT64_MAX},
		{offsetof(struct ring_header, write_pos), UINT64_C(1) << 40},
		{RING_HEADER_BYTES + 10 * sizeof(struct ring_entry) + offsetof(struct ring_entry, pos), 1 << 30},
		{RING_HEADER_BYTES + 10 * sizeof(struct ring_entry) + 32, UINT64_MAX},
		{offsetof(struct ring_header, data_bytes), 4096},
		{offsetof(struct ring_header, index_entries), 7},
	};
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		assert_int_equal(in_child(write_ten_and_die), 0);
		int fd = shm_open(ring_case.name, O_RDWR, 0);
		assert_int_equal(pwrite(fd, &damages[i].value, 8, (off_t)damages[i].at), 8);
		close(fd);
		uint64_t adopted = 1;
		struct ring_writer *writer = open_writer_of(MIB, 64, &adopted);
		assert_non_null(writer);
		assert_int_equal(adopted, 0);
		assert_int_equal(ring_put(writer, 100, 1, 1), 1);
		ring_writer_close(writer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_CASE(a_dead_writers_frames_are_taken_over),
		RING_CASE(a_ring_of_another_boot_is_replaced),
		RING_CASE(a_lock_left_odd_is_reset_by_the_next_writer),
		RING_CASE(no_torn_frame_passes_while_writers_are_killed),
		RING_CASE(random_bytes_in_the_ring_never_lead_outside_of_it),
		RING_CASE(a_header_that_claims_more_than_the_object_is_refused),
		RING_CASE(a_damaged_ring_is_not_adopted),
	};
	return cmocka_run_group_tests_name("ring_crash", tests, name_ring, remove_ring);
}
