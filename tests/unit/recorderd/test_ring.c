/* test_ring.c - the ring: order, wrapping, tail, age, wake-ups, the published state. */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support/ring_cases.h"

static void frames_are_whole_and_in_order(void **state)
{
	(void)state;
	struct ring_writer *writer = open_writer();
	struct ring_reader *reader = open_reader();
	assert_int_equal(ring_reader_head(reader), 0);
	assert_int_equal(ring_reader_tail(reader), 0);
	static uint8_t copy[MIB];
	for (uint32_t i = 1; i <= 500; i++) {
		assert_int_equal(ring_put(writer, 1000 + i * 37 % 90000, i, i), i);
		struct ring_frame frame;
		assert_true(ring_reader_get(reader, ring_reader_head(reader), &frame));
		assert_int_equal(frame.seq, i);
		assert_int_equal(frame.meta.mono_us, i);
		assert_int_equal(frame.meta.length, 1000 + i * 37 % 90000);
		assert_true(ring_reader_copy(reader, &frame, copy));
		assert_true(frame_is_intact(copy, frame.meta.length));
	}
	ring_reader_close(reader);
	ring_writer_close(writer);
}

static void every_frame_from_tail_to_head_is_whole(void **state)
{
	(void)state;
	struct ring_writer *writer = open_writer();
	struct ring_reader *reader = open_reader();
	uint32_t seed = 7;
	for (uint32_t i = 1; i <= 400; i++) {
		ring_put(writer, 5000 + ring_random(&seed) % 200000, i, i);
		uint64_t tail = ring_reader_tail(reader);
		assert_true(tail >= 1 && tail <= i && (i < 64 || i - tail < 64));
		for (uint64_t seq = tail; seq <= i; seq++) {
			struct ring_frame frame;
			assert_true(ring_reader_get(reader, seq, &frame));
			assert_true(frame_is_intact(frame.data, frame.meta.length));
		}
	}
	struct ring_frame frame;
	assert_false(ring_reader_get(reader, 0, &frame));
	assert_false(ring_reader_get(reader, 401, &frame));
	assert_false(ring_reader_get(reader, 1, &frame));
	ring_reader_close(reader);
	ring_writer_close(writer);
}

static void a_frame_larger_than_a_quarter_of_the_ring_is_refused(void **state)
{
	(void)state;
	struct ring_writer *writer = open_writer();
	struct ring_reader *reader = open_reader();
	assert_int_equal(ring_put(writer, MIB / 4 + 1, 1, 1), 0);
	assert_int_equal(ring_put(writer, 0, 1, 1), 0);
	assert_int_equal(ring_reader_head(reader), 0);
	assert_int_equal(ring_put(writer, MIB / 4, 1, 1), 1);
	ring_reader_close(reader);
	ring_writer_close(writer);
}

static void frames_older_than_the_limit_leave_the_tail(void **state)
{
	(void)state;
	struct ring_request request = {.name = ring_case.name,
				       .data_bytes = MIB,
				       .index_entries = 64,
				       .keep_us = 10 * US_PER_S,
				       .exact = true};
	uint64_t bytes, adopted;
	struct ring_writer *writer = ring_writer_open(&request, &bytes, &adopted, &ring_case.why);
	assert_non_null(writer);
	struct ring_reader *reader = open_reader();
	for (uint32_t i = 1; i <= 30; i++)
		ring_put(writer, 100, i, i * US_PER_S);
	assert_int_equal(ring_reader_tail(reader), 20);
	ring_put(writer, 100, 31, 1000 * US_PER_S);
	assert_int_equal(ring_reader_tail(reader), 31);
	ring_reader_close(reader);
	ring_writer_close(writer);
}

static void age_grows_from_0_to_1_as_a_frame_is_overwritten(void **state)
{
	(void)state;
	struct ring_writer *writer = open_writer();
	struct ring_reader *reader = open_reader();
	ring_put(writer, MIB / 8, 1, 1);
	struct ring_frame frame;
	assert_true(ring_reader_get(reader, 1, &frame));
	for (uint32_t i = 1; i <= 8; i++) {
		assert_true(ring_reader_is_intact(reader, &frame));
		assert_true(ring_reader_age(reader, &frame) == i / 8.0);
		ring_put(writer, MIB / 8, i, i);
	}
	assert_false(ring_reader_is_intact(reader, &frame));
	assert_true(ring_reader_age(reader, &frame) == 1.0);
	assert_false(ring_reader_get(reader, 1, &frame));
	ring_reader_close(reader);
	ring_writer_close(writer);
}

/* Readers have the ring open, so they can hold any lock on it: the next writer must not need one. */
static void a_lock_on_the_ring_does_not_keep_a_writer_out(void **state)
{
	(void)state;
	uint64_t adopted;
	struct ring_writer *writer = open_writer();
	ring_put(writer, 100, 1, 1);
	ring_writer_detach(writer);
	int fd = shm_open(ring_case.name, O_RDONLY, 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	writer = open_writer_of(MIB, 64, &adopted);
	assert_non_null(writer);
	assert_int_equal(adopted, 1);
	ring_writer_close(writer);
	close(fd);
}

static void only_the_user_and_the_group_can_read_the_object(void **state)
{
	(void)state;
	mode_t before = umask(0);
	struct ring_writer *writer = open_writer();
	umask(before);
	int fd = shm_open(ring_case.name, O_RDONLY, 0);
	struct stat status;
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	close(fd);
	ring_writer_close(writer);
}

static void a_closed_ring_is_not_current_and_its_name_is_free(void **state)
{
	(void)state;
	struct ring_writer *writer = open_writer();
	struct ring_reader *reader = open_reader();
	assert_true(ring_reader_is_current(reader, ring_case.name));
	ring_writer_close(writer);
	assert_false(ring_reader_is_current(reader, ring_case.name));
	ring_reader_close(reader);
	assert_null(ring_reader_open(ring_case.name, &ring_case.why));
	assert_non_null(strstr(ring_case.why.text, "not running"));
}

static int wait_for_first_frame(void)
{
	struct ring_reader *reader = ring_reader_open(ring_case.name, &ring_case.why);
	return reader && ring_reader_wait(reader, 0, -1) && ring_reader_head(reader) == 1 ? 0 : 1;
}

static void a_put_wakes_a_reader_in_another_process(void **state)
{
	(void)state;
	struct ring_writer *writer = open_writer();
	pid_t pid = fork();
	if (pid == 0)
		_exit(wait_for_first_frame());
	/* Time for the child to sleep in the futex. If it sleeps only later, the result must be the same. */
	struct timespec moment = {.tv_nsec = 50 * 1000 * 1000};
	nanosleep(&moment, NULL);
	ring_put(writer, 100, 1, 1);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);

	struct ring_reader *reader = open_reader();
	assert_false(ring_reader_wait(reader, 1, 10));
	assert_true(ring_reader_wait(reader, 0, 0));
	ring_reader_close(reader);
	ring_writer_close(writer);
}

static void *put_two_thousand(void *context)
{
	for (uint32_t i = 1; i <= 2000; i++)
		ring_put(context, 1000 + i % 3000, i, i);
	return NULL;
}

/* Both use one mapping, as in the recorder, so that ThreadSanitizer sees both sides. */
static void a_reader_in_the_writers_process_gets_whole_frames(void **state)
{
	(void)state;
	struct ring_writer *writer = open_writer();
	uint64_t bytes;
	const void *memory = ring_writer_memory(writer, &bytes);
	struct ring_reader *reader = ring_reader_attach(memory, bytes, &ring_case.why);
	assert_non_null(reader);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, put_two_thousand, writer), 0);
	static uint8_t copy[MIB];
	for (uint64_t seen = 0; seen < 2000;) {
		assert_true(ring_reader_wait(reader, seen, -1));
		seen = ring_reader_head(reader);
		struct ring_frame frame;
		if (ring_reader_get(reader, ring_reader_tail(reader), &frame) && ring_reader_copy(reader, &frame, copy))
			assert_true(frame_is_intact(copy, frame.meta.length));
	}
	pthread_join(thread, NULL);
	ring_reader_close(reader);
	ring_writer_close(writer);
}

static void *close_writer(void *context)
{
	struct timespec moment = {.tv_nsec = 20 * 1000 * 1000};
	nanosleep(&moment, NULL);
	ring_writer_close(context);
	return NULL;
}

static void closing_the_ring_ends_the_wait(void **state)
{
	(void)state;
	struct ring_writer *writer = open_writer();
	struct ring_reader *reader = open_reader();
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, close_writer, writer), 0);
	assert_false(ring_reader_wait(reader, 0, -1));
	pthread_join(thread, NULL);
	ring_reader_close(reader);
}

static void the_state_is_whole_and_its_texts_are_terminated(void **state)
{
	(void)state;
	struct ring_writer *writer = open_writer();
	struct ring_reader *reader = open_reader();
	struct recorder_state published, got;
	assert_false(ring_reader_state(reader, &got));
	memset(&published, 'x', sizeof(published));
	published.heartbeat_mono_us = mono_now().us;
	ring_writer_set_state(writer, &published);
	assert_true(ring_reader_state(reader, &got));
	assert_int_equal(strlen(got.camera), sizeof(got.camera) - 1);
	assert_int_equal(strlen(got.last_error), sizeof(got.last_error) - 1);
	assert_int_equal(got.camera_count, 32);
	assert_true(ring_reader_is_alive(reader, &got));
	got.heartbeat_mono_us -= 4 * US_PER_S;
	assert_false(ring_reader_is_alive(reader, &got));
	ring_reader_close(reader);
	ring_writer_close(writer);
}

/* The name that a camera has is printed on terminals, and so are the texts of another user's ring. */
static void texts_of_the_state_have_no_control_characters(void **state)
{
	(void)state;
	struct ring_writer *writer = open_writer();
	struct ring_reader *reader = open_reader();
	struct recorder_state got, published;
	memset(&published, '\033', sizeof(published));
	strcpy(published.model, "Caf\xc3\xa9\t\xc2\x9b"
				"2J\x7f\xc2");
	ring_writer_set_state(writer, &published);
	assert_true(ring_reader_state(reader, &got));
	assert_string_equal(got.model, "Caf\xc3\xa9???"
				       "2J?\xc2");
	const struct {
		const char *text;
		size_t bytes;
	} texts[] = {
#define TEXT(name) {got.name, sizeof(got.name)}
		TEXT(camera),
		TEXT(device),
		TEXT(driver),
		TEXT(bus),
		TEXT(format),
		TEXT(configured),
		TEXT(encoder),
		TEXT(open_segment),
		TEXT(disk_error),
		TEXT(last_error),
		TEXT(folder_note),
		TEXT(config_file),
		TEXT(clips_note),
		TEXT(hosts),
		TEXT(allow_origin),
		TEXT(proxies),
		TEXT(memory_note),
		TEXT(sandbox_missing),
		TEXT(camera_notes[STATE_CAMERA_NOTES - 1]),
#undef TEXT
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(strnlen(texts[i].text, texts[i].bytes), texts[i].bytes - 1);
		assert_int_equal(strspn(texts[i].text, "?"), texts[i].bytes - 1);
	}
	ring_reader_close(reader);
	ring_writer_close(writer);
}

static void the_list_of_devices_is_whole_or_missing(void **state)
{
	(void)state;
	struct ring_writer *writer = open_writer();
	struct ring_reader *reader = open_reader();
	static char got[RING_DEVICES_BYTES], text[RING_DEVICES_BYTES + 1];
	assert_false(ring_reader_devices(reader, got));
	ring_writer_set_devices(writer, "[{\"id\":0}]");
	assert_true(ring_reader_devices(reader, got));
	assert_string_equal(got, "[{\"id\":0}]");
	memset(text, 'x', RING_DEVICES_BYTES);
	ring_writer_set_devices(writer, text);
	assert_false(ring_reader_devices(reader, got));
	text[RING_DEVICES_BYTES - 1] = '\0';
	ring_writer_set_devices(writer, text);
	assert_true(ring_reader_devices(reader, got));
	assert_string_equal(got, text);
	ring_reader_close(reader);
	ring_writer_close(writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_CASE(frames_are_whole_and_in_order),
		RING_CASE(every_frame_from_tail_to_head_is_whole),
		RING_CASE(a_frame_larger_than_a_quarter_of_the_ring_is_refused),
		RING_CASE(frames_older_than_the_limit_leave_the_tail),
		RING_CASE(age_grows_from_0_to_1_as_a_frame_is_overwritten),
		RING_CASE(a_lock_on_the_ring_does_not_keep_a_writer_out),
		RING_CASE(only_the_user_and_the_group_can_read_the_object),
		RING_CASE(a_closed_ring_is_not_current_and_its_name_is_free),
		RING_CASE(a_put_wakes_a_reader_in_another_process),
		RING_CASE(a_reader_in_the_writers_process_gets_whole_frames),
		RING_CASE(closing_the_ring_ends_the_wait),
		RING_CASE(the_state_is_whole_and_its_texts_are_terminated),
		RING_CASE(texts_of_the_state_have_no_control_characters),
		RING_CASE(the_list_of_devices_is_whole_or_missing),
	};
	return cmocka_run_group_tests_name("ring", tests, name_ring, remove_ring);
}
