/* test_encoder_faults.c - an FFmpeg that dies, hangs, is missing or skips frames; a recorder that is restarted. */
#include "tests/unit/fakes/fake_clock.h"
#include "tests/unit/support/child_processes.h"
#include "tests/unit/support/delayed_ffmpeg.h"
#include "tests/unit/support/recording_rig.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct encoder_status status;

static const struct encoder_status *status_now(void)
{
	encoder_status(rig.encoder, &status);
	return &status;
}

static void signal_child(int number)
{
	pid_t child = child_find("ffmpeg");

	assert_true(child > 0);
	assert_int_equal(kill(child, number), 0);
}

static bool some_are_on_disk(struct rig *of)
{
	return storage_frames(of->storage) >= 20;
}

static bool has_restarted(struct rig *of)
{
	(void)of;
	return status_now()->restarts > 0;
}

/* Does not wait for the disk, unlike rig_wait(). */
static void put_the_rest(void)
{
	while (rig.given < rig.to_give)
		rig_put(rig.wall_us[rig.given++]);
	encoder_pump(rig.encoder);
}

static void stop_and_read(void)
{
	rig_stop();
	rig_read_folder();
}

static void a_killed_encoder_is_replaced_and_no_frame_is_lost_or_recorded_twice(void **state)
{
	(void)state;
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 6);
	rig_wait(some_are_on_disk);
	signal_child(SIGKILL);
	rig_wait(has_restarted);
	assert_true(status.failing);
	assert_non_null(strstr(status.last_error, "FFmpeg"));
	rig_wait(rig_all_put);
	stop_and_read();
	assert_all_recorded();
	assert_key_frames();
	assert_durations();
	assert_int_equal(rig.segment_count, 2);
	assert_int_equal(rig.segments[1].gap_cause, GAP_NONE);
	assert_int_equal(rig.segments[1].start_wall_us, rig.segments[0].end_wall_us);
}

static void an_encoder_killed_while_it_drains_loses_no_frame(void **state)
{
	(void)state;
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 2);
	rig_wait(some_are_on_disk);
	signal_child(SIGSTOP);
	put_the_rest();
	encoder_end_run(rig.encoder);
	signal_child(SIGKILL);
	rig_wait(has_restarted);
	stop_and_read();
	assert_all_recorded();
	assert_int_equal(rig.segment_count, 2);
	assert_int_equal(rig.segments[1].gap_cause, GAP_NONE);
}

static bool child_has_many_in_flight(struct rig *of)
{
	return of->given >= storage_frames(of->storage) + RIG_AHEAD;
}

static void a_hanging_encoder_is_replaced(void **state)
{
	(void)state;
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 9); /* enough for it to have many in flight when it is stopped */
	rig_wait(some_are_on_disk);
	signal_child(SIGSTOP);
	rig_wait(child_has_many_in_flight);
	put_the_rest();
	assert_int_equal(status_now()->restarts, 0);
	fake_clock.mono_ahead_us += 11 * US_PER_S;
	rig_wait(has_restarted);
	stop_and_read();
	assert_all_recorded();
}

static int rounds;

static bool some_rounds_are_over(struct rig *of)
{
	(void)of;
	return ++rounds > 300; /* of 2 ms each: enough for several ticks of the encoder */
}

/* As on a busy machine, if the camera is unplugged soon. */
static void an_encoder_that_starts_slowly_is_waited_for_even_after_its_run_is_over(void **state)
{
	char folder[] = "/tmp/slow-ffmpeg-XXXXXX", *before;

	(void)state;
	assert_non_null(mkdtemp(folder));
	before = delayed_ffmpeg_install(folder);
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 1);
	put_the_rest();
	encoder_end_run(rig.encoder);
	fake_clock.mono_ahead_us += 11 * US_PER_S;
	rounds = 0;
	rig_wait(some_rounds_are_over);
	assert_int_equal(status_now()->restarts, 0);
	delayed_ffmpeg_release(folder);
	stop_and_read();
	delayed_ffmpeg_remove(folder, before);
	assert_all_recorded();
	assert_int_equal(rig.segment_count, 1);
}

static bool has_failed_often(struct rig *of)
{
	(void)of;
	fake_clock.mono_ahead_us += US_PER_S; /* past the wait before the next try */
	return status_now()->restarts >= 7;
}

static bool is_encoding_again(struct rig *of)
{
	(void)of;
	return !status_now()->failing;
}

static void a_missing_encoder_is_reported_and_loses_nothing_that_is_still_in_the_ring(void **state)
{
	char *path = strdup(getenv("PATH"));

	(void)state;
	setenv("PATH", rig.config.record.directory, 1);
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 3);
	rig_wait(has_failed_often);
	assert_true(status.failing);
	assert_false(status.running);
	assert_non_null(strstr(status.last_error, "cannot run ffmpeg"));
	setenv("PATH", path, 1);
	free(path);
	rig_wait(is_encoding_again);
	rig_wait(rig_all_put);
	assert_int_equal(status_now()->lost, 0);
	stop_and_read();
	assert_all_recorded();
	assert_int_equal(rig.segment_count, 1);
}

static void the_error_of_an_encoder_that_refuses_its_options_is_quoted(void **state)
{
	(void)state;
	snprintf(rig.config.record.preset, sizeof(rig.config.record.preset), "no-such-preset");
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 1);
	rig_wait(has_restarted);
	assert_true(status.failing);
	assert_non_null(strstr(status.last_error, "no-such-preset")); /* in the first of several lines */
	assert_null(strstr(status.last_error, "0x"));
	stop_and_read();
	assert_int_equal(rig.found, 0);
}

/* Starts with a second of frames, of which one is not a JPEG. */
static void record_with_undecodable_frame(size_t bad)
{
	rig_plan(RIG_WALL_US, 25, US_PER_S, 1);
	for (; rig.given < rig.to_give; rig.given++) {
		if (rig.given == bad)
			rig_put_bytes(rig.wall_us[rig.given], "no picture at all", 17);
		else
			rig_put(rig.wall_us[rig.given]);
	}
	rig_start();
}

static bool all_accounted_for(struct rig *of)
{
	if (status_now()->failing)
		fake_clock.mono_ahead_us += US_PER_S; /* past the wait before the next try */
	return storage_frames(of->storage) + status.lost == of->given;
}

static void assert_all_recorded_but(size_t bad)
{
	assert_int_equal(status.lost, 1);
	stop_and_read();
	assert_int_equal(rig.found, rig.given - 1);
	for (size_t i = 0; i < rig.found; i++)
		assert_int_equal(rig.records[i].wall_us, rig.wall_us[i < bad ? i : i + 1]);
}

static void an_undecodable_frame_is_the_only_one_lost(void **state)
{
	(void)state;
	record_with_undecodable_frame(10);
	encoder_end_run(rig.encoder);
	rig_wait(all_accounted_for);
	assert_all_recorded_but(10);
}

static void an_undecodable_first_frame_is_the_only_one_lost(void **state)
{
	(void)state;
	record_with_undecodable_frame(0);
	encoder_end_run(rig.encoder);
	rig_wait(all_accounted_for);
	assert_all_recorded_but(0);
}

static void an_undecodable_last_frame_is_the_only_one_lost(void **state)
{
	(void)state;
	record_with_undecodable_frame(24);
	encoder_end_run(rig.encoder);
	rig_wait(all_accounted_for);
	assert_all_recorded_but(24);
}

static int small_ring(void **state)
{
	(void)state;
	return rig_prepare(256 << 10);
}

static void frames_overwritten_in_the_ring_are_a_gap_and_are_counted(void **state)
{
	char *path = strdup(getenv("PATH"));
	uint64_t not_recorded;

	(void)state;
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 60);
	rig_wait(some_are_on_disk);
	setenv("PATH", rig.config.record.directory, 1);
	signal_child(SIGKILL);
	rig_wait(has_restarted);
	put_the_rest();
	setenv("PATH", path, 1);
	free(path);
	rig_wait(is_encoding_again);
	not_recorded = status.lost + status.dropped;
	stop_and_read();
	assert_true(status.lost > 100);
	assert_int_equal(rig.found + not_recorded, rig.given);
	assert_int_equal(rig.segment_count, 2);
	assert_int_equal(rig.segments[1].gap_cause, GAP_ENCODER);
	assert_int_equal(rig.records[rig.found - 1].wall_us, rig.wall_us[rig.given - 1]);
}

/* The recorder dies, and the next one takes over its ring. */
static void crash_and_start(void)
{
	encoder_destroy(rig.encoder);
	rig.encoder = NULL;
	rig_stop();
	rig.adopted = ring_reader_head(rig.reader);
	rig_start();
}

static void a_restarted_recorder_continues_after_the_newest_frame_on_disk(void **state)
{
	(void)state;
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 4);
	rig_wait(some_are_on_disk);
	signal_child(SIGSTOP);
	put_the_rest();
	crash_and_start();
	stop_and_read();
	assert_all_recorded();
	assert_int_equal(rig.segments[1].gap_cause, GAP_NONE);
	assert_int_equal(rig.segments[1].run_no, rig.segments[0].run_no + 1);
	assert_int_equal(rig.segments[1].segment_no, rig.segments[0].segment_no + 1);
}

static void a_recorder_that_takes_over_a_ring_with_nothing_on_disk_records_new_frames(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 2);
	for (; rig.given < 20; rig.given++)
		rig_put(rig.wall_us[rig.given]);
	rig.adopted = ring_reader_head(rig.reader);
	rig_start();
	rig_wait(rig_all_put);
	stop_and_read();
	assert_int_equal(rig.found, rig.given - 20);
	assert_int_equal(rig.records[0].wall_us, rig.wall_us[20]);
}

static bool all_are_on_disk(struct rig *of)
{
	return storage_frames(of->storage) == of->given;
}

static void a_restarted_recorder_skips_frames_from_while_recording_was_off(void **state)
{
	(void)state;
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 1);
	rig_wait(rig_all_put);
	encoder_end_run(rig.encoder);
	rig_wait(all_are_on_disk);
	encoder_set_recording(rig.encoder, false, GAP_OFF);
	rig_put_while_off(RIG_WALL_US + US_PER_S);
	crash_and_start();
	rig.epoch++;
	rig_plan(RIG_WALL_US + 4 * US_PER_S, 25, US_PER_S, 1);
	rig_wait(rig_all_put);
	stop_and_read();
	assert_all_recorded();
	assert_int_equal(rig.segment_count, 2);
	assert_int_equal(rig.segments[1].gap_cause, GAP_OFF);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_killed_encoder_is_replaced_and_no_frame_is_lost_or_recorded_twice),
		CASE(an_encoder_killed_while_it_drains_loses_no_frame),
		CASE(a_hanging_encoder_is_replaced),
		CASE(an_encoder_that_starts_slowly_is_waited_for_even_after_its_run_is_over),
		CASE(a_missing_encoder_is_reported_and_loses_nothing_that_is_still_in_the_ring),
		CASE(the_error_of_an_encoder_that_refuses_its_options_is_quoted),
		CASE(an_undecodable_frame_is_the_only_one_lost),
		CASE(an_undecodable_first_frame_is_the_only_one_lost),
		CASE(an_undecodable_last_frame_is_the_only_one_lost),
		cmocka_unit_test_setup_teardown(frames_overwritten_in_the_ring_are_a_gap_and_are_counted, small_ring,
						rig_tear_down),
		CASE(a_restarted_recorder_continues_after_the_newest_frame_on_disk),
		CASE(a_restarted_recorder_skips_frames_from_while_recording_was_off),
		CASE(a_recorder_that_takes_over_a_ring_with_nothing_on_disk_records_new_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
