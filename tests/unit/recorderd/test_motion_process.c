/*
 * test_motion_process.c - a recorder-motion that works, dies, hangs and lies.
 *
 * This program is its own recorder-motion: the camera's name says how it behaves.
 */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "recorderd/motion/motion_process.h"
#include "shared/base/log.h"
#include "tests/unit/fakes/fake_clock.h"
#include "tests/unit/support/recording_rig.h"

#define FIRST    (RIG_WALL_US / US_PER_S)
#define SECONDS  20
#define LIMIT_US (60 * US_PER_S)

/* The child */

static void send_part(const struct motion_record *record, size_t from, size_t bytes)
{
	if (write(STDOUT_FILENO, (const char *)record + from, bytes) != (ssize_t)bytes)
		_exit(9);
}

static struct motion_record record_of(int64_t second)
{
	struct motion_record record = {
		.second = second, .frames = 5, .mean_luma = 80, .sharpness = 60, .likeness = 127};

	motion_record_seal(&record, 0);
	return record;
}

static void send_record(int64_t second)
{
	struct motion_record record = record_of(second);

	send_part(&record, 0, sizeof(record));
}

static void send_all(void)
{
	for (int i = 0; i < SECONDS; i++)
		send_record(FIRST + i);
}

static void send_all_in_pieces(void)
{
	for (int i = 0; i < SECONDS; i++) {
		struct motion_record record = record_of(FIRST + i);

		send_part(&record, 0, 100);
		usleep(1000);
		send_part(&record, 100, sizeof(record) - 100);
	}
}

static void send_covered(void)
{
	for (int i = 0; i < SECONDS; i++) {
		struct motion_record record = record_of(FIRST + i);

		record.sharpness = 2;
		record.likeness = 0;
		motion_record_seal(&record, 0);
		send_part(&record, 0, sizeof(record));
	}
}

static _Noreturn void send_garbage(void)
{
	for (;;)
		if (write(STDOUT_FILENO, "garbage!", 8) != 8)
			_exit(9);
}

static _Noreturn void repeat(void)
{
	for (;;)
		send_record(FIRST);
}

static _Noreturn void complain(void)
{
	if (write(STDERR_FILENO, "no!\n", 4) != 4)
		_exit(9);
	send_record(FIRST);
	for (;;)
		if (write(STDERR_FILENO, "no!\n", 4) < 0)
			_exit(9);
}

static int open_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = -3; /* ".", ".." and the folder itself */

	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static _Noreturn void tell_limits(int argc, char **argv)
{
	struct rlimit files;
	char byte;

	getrlimit(RLIMIT_NOFILE, &files);
	fprintf(stderr, "%d %s %s, %d files of %d, nice %d, input %zd\n", argc, argv[3], argv[4], open_files(),
		(int)files.rlim_max, getpriority(PRIO_PROCESS, 0), read(STDIN_FILENO, &byte, 1));
	exit(5);
}

static int be_child(int argc, char **argv)
{
	const char *what = argv[2];

	if (strcmp(what, "works") == 0)
		send_all();
	else if (strcmp(what, "pieces") == 0)
		send_all_in_pieces();
	else if (strcmp(what, "covered") == 0)
		send_covered();
	else if (strcmp(what, "garbage") == 0)
		send_garbage();
	else if (strcmp(what, "repeats") == 0)
		repeat();
	else if (strcmp(what, "future") == 0)
		send_record(FIRST + SECONDS);
	else if (strcmp(what, "past") == 0)
		send_record(FIRST - 1);
	else if (strcmp(what, "complains") == 0)
		complain();
	else if (strcmp(what, "refuses") == 0) {
		fputs("2026-05-17 10:23:00.123 error motion: the pictures are damaged\n", stderr);
		return 1;
	} else if (strcmp(what, "crashes") == 0)
		raise(SIGTERM);
	else if (strcmp(what, "tells") == 0)
		tell_limits(argc, argv);
	else if (strcmp(what, "leaves") == 0) {
		send_record(FIRST + SECONDS - 1);
		return 0;
	} else if (strcmp(what, "closes") == 0)
		close(STDOUT_FILENO);
	else if (strcmp(what, "ends") == 0)
		return 0;
	for (;;)
		pause();
}

/* The recorder */

static struct motion_process *process;
static struct motion_status status;
static struct loop_timer round_timer;
static mono_t limit;
static bool (*until)(void);
static struct {
	unsigned count;
	struct motion_record newest;
} got;

static void take_record(void *context, const struct motion_record *record)
{
	(void)context;
	assert_true(motion_record_valid(record, 0));
	if (got.count)
		assert_true(record->second >= got.newest.second || record->second == FIRST);
	got.count++;
	got.newest = *record;
}

static void look(void *context)
{
	(void)context;
	motion_process_status(process, &status);
	if (until()) {
		loop_stop(rig.loop);
		return;
	}
	if (mono_now().us > limit.us)
		fail_msg("the expected state was not reached; %u records, %s", got.count, status.error);
	loop_timer_set(rig.loop, &round_timer, (mono_t){mono_now().us + 2 * US_PER_MS});
}

static void wait_until(bool (*condition)(void))
{
	until = condition;
	limit.us = mono_now().us + LIMIT_US;
	round_timer.due = look;
	loop_timer_set(rig.loop, &round_timer, mono_now());
	loop_run(rig.loop);
}

static void put_second(int64_t second)
{
	rig_put_bytes(second * US_PER_S + 500000, "picture", 7);
	motion_process_frame(process);
}

static int set_up(void **state)
{
	fake_clock.mono_ahead_us = 0;
	memset(&got, 0, sizeof(got));
	return rig_set_up(state);
}

/* Starts a child that behaves like that. */
static void start_on_ring(const char *what)
{
	snprintf(rig.config.camera.name, sizeof(rig.config.camera.name), "%s", what);
	rig.config.motion.enabled = true;
	rig.config.motion.fps = 5;
	process = motion_process_create(&(struct motion_parts){
		.loop = rig.loop,
		.config = &rig.config,
		.program = "/proc/self/exe",
		.record = take_record,
	});
	assert_non_null(process);
	motion_process_set_ring(process, rig.reader);
}

/* The same, and captures SECONDS seconds of frames, which it does not look at. */
static void start(const char *what)
{
	start_on_ring(what);
	for (int i = 0; i < SECONDS; i++)
		put_second(FIRST + i);
}

static int tear_down(void **state)
{
	motion_process_destroy(process);
	process = NULL;
	return rig_tear_down(state);
}

static void pass(int64_t us)
{
	fake_clock.mono_ahead_us += us;
	loop_turn(rig.loop); /* the tick is due */
}

static bool has_all(void)
{
	return got.count == SECONDS;
}

static bool has_one(void)
{
	return got.count == 1;
}

static bool has_several(void)
{
	return got.count >= 3;
}

static bool has_failed(void)
{
	return status.restarts > 0;
}

static bool fails(void)
{
	return status.state == MOTION_FAILING;
}

/* Does not wait for as long as the recorder does. */
static bool has_restarted_often(void)
{
	fake_clock.mono_ahead_us += 50 * US_PER_MS;
	return status.restarts >= 4;
}

static void its_records_are_passed_on(void **state)
{
	(void)state;
	start("works");
	motion_process_status(process, &status);
	assert_int_equal(status.state, MOTION_STARTING);
	wait_until(has_all);
	assert_int_equal(got.newest.second, FIRST + SECONDS - 1);
	assert_int_equal(status.state, MOTION_RUNNING);
	assert_int_equal(status.records, SECONDS);
	assert_int_equal(status.end.us, (FIRST + SECONDS) * US_PER_S);
	assert_int_equal(status.restarts, 0);
	assert_true(status.covered.us == 0 && status.view_changed.us == 0 && status.blurred.us == 0);
}

static void a_record_may_come_in_pieces(void **state)
{
	(void)state;
	start("pieces");
	wait_until(has_all);
	assert_int_equal(status.restarts, 0);
}

static void a_covered_camera_is_marked_in_its_records(void **state)
{
	(void)state;
	start("covered");
	wait_until(has_all);
	assert_int_equal(got.newest.flags, MOTION_COVERED);
	assert_int_equal(status.covered.us, FIRST * US_PER_S);
}

static void a_test_picture_cannot_be_covered(void **state)
{
	(void)state;
	rig.source = SOURCE_TEST;
	start("covered");
	wait_until(has_all);
	assert_int_equal(got.newest.flags, 0);
	assert_int_equal(status.covered.us, 0);
}

static void a_liar_is_replaced(void **state)
{
	static const struct {
		const char *what, *error;
		unsigned records;
	} liars[] = {
		{"garbage", "no record", 0},
		{"repeats", "was not captured, or had one", 1},
		{"future", "was not captured", 0},
		{"past", "was not captured", 0},
	};

	for (size_t i = 0; i < sizeof(liars) / sizeof(liars[0]); i++) {
		start(liars[i].what);
		wait_until(has_failed);
		assert_non_null(strstr(status.error, liars[i].error));
		assert_int_equal(got.count, liars[i].records);
		wait_until(fails);
		wait_until(has_restarted_often);
		tear_down(state);
		assert_int_equal(set_up(state), 0);
	}
}

static void a_child_that_hangs_is_replaced(void **state)
{
	(void)state;
	start("works");
	wait_until(has_all);
	put_second(FIRST + SECONDS);
	pass(5 * US_PER_S);
	motion_process_status(process, &status);
	assert_int_equal(status.restarts, 0);
	fake_clock.mono_ahead_us += 10 * US_PER_S;
	wait_until(has_failed);
	assert_non_null(strstr(status.error, "hangs"));
	assert_int_equal(status.state, MOTION_STARTING); /* once is not often */
}

static void a_child_that_never_sends_anything_is_replaced(void **state)
{
	(void)state;
	start("hangs");
	fake_clock.mono_ahead_us += 16 * US_PER_S;
	wait_until(has_failed);
	assert_non_null(strstr(status.error, "hangs"));
}

static void a_child_without_frames_owes_nothing(void **state)
{
	(void)state;
	start("works");
	wait_until(has_all);
	for (int i = 0; i < 20; i++) {
		fake_clock.mono_ahead_us += 60 * US_PER_S;
		loop_turn(rig.loop);
	}
	motion_process_status(process, &status);
	assert_int_equal(status.restarts, 0);
	assert_int_equal(status.state, MOTION_RUNNING);
}

static void a_child_owes_nothing_for_the_frames_of_the_previous_recorder(void **state)
{
	(void)state;
	rig_put_bytes(RIG_WALL_US, "picture", 7);
	start_on_ring("hangs");
	pass(60 * US_PER_S);
	pass(60 * US_PER_S);
	motion_process_status(process, &status);
	assert_int_equal(status.restarts, 0);
	put_second(FIRST + 1);
	pass(20 * US_PER_S);
	motion_process_status(process, &status);
	assert_int_equal(status.restarts, 1);
}

static void a_child_gets_three_descriptors_and_less_priority(void **state)
{
	(void)state;
	start("tells");
	wait_until(has_failed);
	assert_string_equal(status.error, "5 --fps 5, 3 files of 32, nice 10, input 0");
}

static void endless_complaints_stop_nothing(void **state)
{
	(void)state;
	start("complains");
	wait_until(has_one);
	put_second(FIRST + SECONDS);
	fake_clock.mono_ahead_us += 11 * US_PER_S;
	wait_until(has_failed);
	assert_string_equal(status.error, "recorder-motion hangs: it sends no records: no!");
}

static void a_closed_ring_is_no_failure(void **state)
{
	(void)state;
	start("leaves");
	wait_until(has_several); /* each successor may begin with the second of the newest frame */
	assert_int_equal(status.restarts, 0);
	assert_string_equal(status.error, "");
}

static void a_child_that_ends_or_closes_its_output_is_replaced(void **state)
{
	start("ends");
	wait_until(fails);
	assert_non_null(strstr(status.error, "ended with status 0"));
	tear_down(state);
	assert_int_equal(set_up(state), 0);
	start("closes");
	wait_until(fails);
	assert_non_null(strstr(status.error, "closed its output"));
	tear_down(state);
	assert_int_equal(set_up(state), 0);
	start("crashes");
	wait_until(fails);
	assert_string_equal(status.error, "recorder-motion was ended by signal 15 (Terminated)");
}

static uint32_t expected_restarts;

static bool has_restarted_as_expected(void)
{
	return status.restarts >= expected_restarts;
}

static bool has_child(void)
{
	FILE *children = fopen("/proc/thread-self/children", "r");

	assert_non_null(children);
	bool any = fgetc(children) != EOF;
	fclose(children);
	return any;
}

static void a_child_that_says_why_it_cannot_work_is_started_less_and_less_often(void **state)
{
	int64_t wait_us = 5 * US_PER_S;

	(void)state;
	start("refuses");
	for (expected_restarts = 1; expected_restarts <= 6; expected_restarts++) {
		wait_until(has_restarted_as_expected);
		assert_string_equal(status.error, "the pictures are damaged");
		assert_int_equal(status.state, MOTION_FAILING);
		if (expected_restarts == 6)
			continue;
		pass(wait_us - 3 * US_PER_S);
		assert_false(has_child());
		pass(3 * US_PER_S);
		wait_us *= 2;
	}
	rig.epoch++; /* another picture size, for instance: at once, and not in minutes */
	put_second(FIRST + SECONDS);
	wait_until(has_restarted_as_expected);
}

static void a_missing_program_is_named(void **state)
{
	(void)state;
	rig.config.motion.enabled = true;
	process = motion_process_create(&(struct motion_parts){
		.loop = rig.loop,
		.config = &rig.config,
		.program = "/nowhere/recorder-motion",
		.record = take_record,
	});
	motion_process_set_ring(process, rig.reader);
	wait_until(fails);
	assert_non_null(strstr(status.error, "/nowhere/recorder-motion"));
}

static void it_can_be_switched_off_and_on(void **state)
{
	(void)state;
	start("works");
	wait_until(has_all);
	rig.config.motion.enabled = false;
	motion_process_reload(process);
	motion_process_status(process, &status);
	assert_int_equal(status.state, MOTION_OFF);
	put_second(FIRST + SECONDS);
	got.count = 0;
	rig.config.motion.enabled = true;
	motion_process_reload(process);
	for (int i = 0; i < SECONDS; i++)
		put_second(FIRST + i); /* the clock was set back */
	wait_until(has_all);
	assert_int_equal(status.state, MOTION_RUNNING);
	assert_int_equal(status.restarts, 0);
}

static void another_rate_needs_another_child(void **state)
{
	(void)state;
	start("works");
	wait_until(has_all);
	got.count = 0;
	rig.config.motion.fps = 2;
	motion_process_reload(process);
	for (int i = 0; i < SECONDS; i++)
		put_second(FIRST + i);
	wait_until(has_all);
	motion_process_reload(process); /* nothing has changed */
	motion_process_set_ring(process, NULL);
	motion_process_frame(process);
	motion_process_status(process, &status);
	assert_int_equal(status.state, MOTION_STARTING);
	assert_int_equal(status.restarts, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(its_records_are_passed_on),
		CASE(a_record_may_come_in_pieces),
		CASE(a_covered_camera_is_marked_in_its_records),
		CASE(a_test_picture_cannot_be_covered),
		CASE(a_liar_is_replaced),
		CASE(a_child_that_hangs_is_replaced),
		CASE(a_child_that_never_sends_anything_is_replaced),
		CASE(a_child_without_frames_owes_nothing),
		CASE(a_child_owes_nothing_for_the_frames_of_the_previous_recorder),
		CASE(a_child_gets_three_descriptors_and_less_priority),
		CASE(endless_complaints_stop_nothing),
		CASE(a_closed_ring_is_no_failure),
		CASE(a_child_that_ends_or_closes_its_output_is_replaced),
		CASE(a_child_that_says_why_it_cannot_work_is_started_less_and_less_often),
		CASE(a_missing_program_is_named),
		CASE(it_can_be_switched_off_and_on),
		CASE(another_rate_needs_another_child),
	};

	if (argc == 5 && strcmp(argv[1], "--camera") == 0)
		return be_child(argc, argv);
	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("motion_process", tests, NULL, NULL);
}
