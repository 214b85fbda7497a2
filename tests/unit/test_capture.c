/* test_capture.c - a camera that is unplugged, falls silent, changes its mind, or comes back: what the ring and the
 * state say of it. The cameras and the clocks are the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "recorderd/capture.h"
#include "shared/log.h"
#include "shared/ring_reader.h"
#include "tests/unit/fake_camera.h"
#include "tests/unit/fake_clock.h"

#define ROUNDS_MAX         60000 /* of a millisecond or more */
#define CLOSE_LIMIT_US     (60 * US_PER_S)
#define CLOCK_TOLERANCE_US (20 * US_PER_MS) /* two readings, on a busy machine */

static struct config config;
static struct loop *loop;
static struct loop_timer round_timer;
static struct ring_writer *ring;
static struct ring_reader *reader;
static struct capture *capture;
static struct recorder_state status;
static unsigned stretches_over, opened_fps, frames_told;
static bool (*until)(void);
static unsigned rounds, opens_seen;
static enum camera_state expected_state;
static uint64_t wanted_head;

static void on_frame(void *context)
{
	(void)context;
	frames_told++;
}

static void on_opened(void *context, unsigned fps)
{
	(void)context;
	opened_fps = fps;
}

static void on_stretch_over(void *context)
{
	(void)context;
	stretches_over++;
}

static void look_round(void *context)
{
	(void)context;
	capture_status(capture, &status);
	if (until()) {
		loop_stop(loop);
		return;
	}
	assert_in_range(++rounds, 1, ROUNDS_MAX);
	loop_timer_set(loop, &round_timer, (mono_t){mono_now().us + US_PER_MS});
}

static void wait_until(bool (*condition)(void))
{
	until = condition;
	rounds = 0;
	round_timer.due = look_round;
	loop_timer_set(loop, &round_timer, mono_now());
	loop_run(loop);
}

static bool is_opened(void)
{
	return status.camera_state == CAMERA_OPENING && atomic_load(&opens) > atomic_load(&closes);
}

static bool is_waiting(void)
{
	return status.camera_state == CAMERA_WAITING;
}

static bool is_stalled(void)
{
	return status.camera_state == CAMERA_STALLED;
}

static bool was_closed(void)
{
	return atomic_load(&closes) > 0;
}

static bool has_frame(void)
{
	return ring_reader_head(reader) >= wanted_head;
}

/* One frame from the camera, taken now; its place in the ring. */
static struct ring_frame film(uint16_t width)
{
	static uint8_t bytes[100] = "picture";
	struct ring_frame frame;

	next_frame = (struct source_frame){
		.parts = {{bytes, sizeof bytes}}, .count = 1, .captured = mono_now(), .width = width, .height = 48};
	wanted_head = ring_reader_head(reader) + 1;
	poke(SOURCE_FINE);
	wait_until(has_frame);
	assert_true(ring_reader_get(reader, wanted_head, &frame));
	return frame;
}

static int start_case(void **state)
{
	char name[64];
	struct ring_wish wish = {
		.name = name, .data_bytes = 1 << 20, .index_entries = 256, .keep_us = 3600 * US_PER_S, .exact = true};
	uint64_t bytes, adopted;
	struct reason why;
	const void *memory;

	(void)state;
	log_set_level(LOG_ERROR);
	config = (struct config){.camera = {.device = "/dev/video0", .width = 64, .height = 48, .fps = 30},
				 .record = {.enabled = true}};
	camera_is_there = true;
	stand_in_serves = false;
	opens = closes = stretches_over = opened_fps = frames_told = 0;
	offered_fps_milli = 29970;
	says = SOURCE_FINE;
	status = (struct recorder_state){0};
	snprintf(name, sizeof name, "/recorder-capture.%d", (int)getpid());
	ring = ring_writer_open(&wish, &bytes, &adopted, &why);
	assert_non_null(ring);
	memory = ring_writer_memory(ring, &bytes);
	reader = ring_reader_attach(memory, bytes, &why);
	assert_non_null(reader);
	loop = loop_create();
	return 0;
}

static int end_case(void **state)
{
	(void)state;
	assert_true(capture_destroy(capture, CLOSE_LIMIT_US));
	assert_int_equal(opens, closes);
	ring_reader_close(reader);
	ring_writer_close(ring);
	loop_destroy(loop);
	capture = NULL;
	return 0;
}

static void start(void)
{
	capture = capture_create(&(struct capture_parts){
		.loop = loop,
		.config = &config,
		.ring = ring,
		.last_stretch = 41,
		.frame = on_frame,
		.opened = on_opened,
		.stretch_over = on_stretch_over,
	});
	assert_non_null(capture);
}

static void start_streaming(void)
{
	start();
	wait_until(is_opened);
	film(64);
	capture_status(capture, &status);
	assert_int_equal(status.camera_state, CAMERA_STREAMING);
}

static void frames_come_with_both_clocks_and_the_recorder_was_down_before(void **state)
{
	struct ring_frame frame;

	(void)state;
	start();
	wait_until(is_opened);
	assert_int_equal(opened_fps, 30);
	frame = film(64);
	assert_int_equal(frame.meta.stretch, 42);
	assert_int_equal(frame.meta.gap_cause, GAP_RECORDER_DOWN);
	assert_int_equal(frame.meta.mono_us, next_frame.captured.us);
	assert_in_range(frame.meta.wall_us - frame.meta.mono_us - clock_offset_us() + CLOCK_TOLERANCE_US, 0,
			2 * CLOCK_TOLERANCE_US);
	assert_int_equal(frame.meta.width, 64);
	assert_int_equal(film(64).meta.stretch, 42);
	assert_int_equal(frames_told, 2);
	capture_status(capture, &status);
	assert_int_equal(status.frames, 2);
	assert_string_equal(status.device, "/dev/video0");
	assert_string_equal(status.configured, "");
}

static void frames_that_come_while_recording_is_off_bear_it(void **state)
{
	(void)state;
	start_streaming();
	assert_int_equal(film(64).meta.flags, 0);
	capture_set_recording(capture, false);
	assert_int_equal(film(64).meta.flags, RING_FRAME_OFF);
	assert_int_equal(film(64).meta.stretch, 42);
	capture_set_recording(capture, true);
	assert_int_equal(film(64).meta.flags, 0);
}

static void without_a_camera_it_waits_and_says_what_it_misses(void **state)
{
	(void)state;
	camera_is_there = false;
	start();
	wait_until(is_waiting);
	assert_non_null(strstr(status.last_error, "there is no camera at /dev/video0"));
	camera_is_there = true;
	wait_until(is_opened);
	assert_int_equal(film(64).meta.gap_cause, GAP_RECORDER_DOWN);
}

static void unplugged_is_a_gap_of_that_cause_and_the_camera_is_opened_when_it_is_back(void **state)
{
	(void)state;
	start_streaming();
	camera_is_there = false;
	poke(SOURCE_GONE);
	wait_until(was_closed);
	wait_until(is_waiting);
	assert_int_equal(stretches_over, 1);
	assert_non_null(strstr(status.last_error, "camera"));
	camera_is_there = true;
	wait_until(is_opened);
	assert_int_equal(film(64).meta.gap_cause, GAP_UNPLUGGED);
	assert_int_equal(film(64).meta.stretch, 43);
	poke(SOURCE_GONE); /* and is there again at once */
	wait_until(is_opened);
	assert_int_equal(film(64).meta.gap_cause, GAP_UNPLUGGED);
}

static bool was_opened_anew(void)
{
	return atomic_load(&opens) > opens_seen && status.camera_state == expected_state;
}

/* Opened, and gone before a frame: how long until it is opened again. */
static int64_t lose_before_a_frame(enum source_outcome outcome)
{
	mono_t lost_at = mono_now();

	opens_seen = atomic_load(&opens);
	poke(outcome);
	wait_until(was_opened_anew);
	return mono_now().us - lost_at.us;
}

static void one_that_opens_and_never_delivers_is_opened_less_and_less_often(void **state)
{
	(void)state;
	start_streaming();
	expected_state = CAMERA_OPENING;
	assert_true(lose_before_a_frame(SOURCE_GONE) >= US_PER_S / 5); /* it had only just begun */
	expected_state = CAMERA_WAITING;
	assert_true(lose_before_a_frame(SOURCE_GONE) >= 2 * US_PER_S / 5);
	assert_true(lose_before_a_frame(SOURCE_RESIZED) >= 4 * US_PER_S / 5);
	assert_true(lose_before_a_frame(SOURCE_GONE) >= 8 * US_PER_S / 5);
	assert_int_equal(stretches_over, 1);
	assert_int_equal(film(64).meta.gap_cause, GAP_UNPLUGGED);
	capture_status(capture, &status);
	assert_int_equal(status.camera_state, CAMERA_STREAMING);
	mono_ahead_us += 3 * US_PER_S / 2;
	wall_ahead_us += 3 * US_PER_S / 2;
	film(64);
	expected_state = CAMERA_OPENING;
	lose_before_a_frame(SOURCE_GONE); /* after a while of frames: at once */
	assert_int_equal(film(64).meta.gap_cause, GAP_UNPLUGGED);
}

static void an_error_is_a_stall_and_opening_again_heals_it(void **state)
{
	(void)state;
	start_streaming();
	poke(SOURCE_FAILED);
	wait_until(was_closed);
	wait_until(is_opened);
	assert_int_equal(film(64).meta.gap_cause, GAP_STALLED);
}

static bool goes_silent(void)
{
	mono_ahead_us += US_PER_S / 4;
	wall_ahead_us += US_PER_S / 4;
	return is_stalled();
}

static void a_silent_camera_is_opened_again_and_the_gap_says_stalled(void **state)
{
	(void)state;
	start_streaming();
	wait_until(goes_silent);
	assert_non_null(strstr(status.last_error, "no frame for"));
	assert_int_equal(stretches_over, 1);
	wait_until(is_opened);
	assert_int_equal(closes, 1);
	assert_int_equal(film(64).meta.gap_cause, GAP_STALLED);
}

static void one_that_falls_silent_and_is_then_gone_was_unplugged(void **state)
{
	(void)state;
	start_streaming();
	camera_is_there = false;
	wait_until(goes_silent);
	wait_until(is_waiting);
	camera_is_there = true;
	wait_until(is_opened);
	assert_int_equal(film(64).meta.gap_cause, GAP_UNPLUGGED);
}

static void a_slow_camera_within_its_limit_is_left_alone(void **state)
{
	(void)state;
	start_streaming();
	for (int i = 0; i < 20; i++) {
		mono_ahead_us += 3 * US_PER_S / 2;
		wall_ahead_us += 3 * US_PER_S / 2;
		assert_int_equal(film(64).meta.stretch, 42);
	}
	assert_int_equal(opens, 1);
}

static void another_picture_size_begins_a_stretch(void **state)
{
	struct ring_frame frame;

	(void)state;
	start_streaming();
	frame = film(96);
	assert_int_equal(frame.meta.stretch, 43);
	assert_int_equal(frame.meta.gap_cause, GAP_FORMAT);
	assert_int_equal(film(96).meta.stretch, 43);
	poke(SOURCE_RESIZED);
	wait_until(was_closed);
	wait_until(is_opened);
	frame = film(64);
	assert_int_equal(frame.meta.stretch, 44);
	assert_int_equal(frame.meta.gap_cause, GAP_FORMAT);
}

static void step_and_film(int64_t by_us)
{
	struct ring_frame before = film(64), after;

	wall_ahead_us += by_us;
	after = film(64);
	assert_int_equal(after.meta.stretch, before.meta.stretch + 1);
	assert_int_equal(after.meta.gap_cause, GAP_CLOCK);
	assert_in_range(after.meta.wall_us - after.meta.mono_us - clock_offset_us() + CLOCK_TOLERANCE_US, 0,
			2 * CLOCK_TOLERANCE_US);
	assert_int_equal(film(64).meta.stretch, after.meta.stretch);
	assert_int_equal(opens, 1);
}

static void a_clock_that_is_set_begins_a_stretch_in_either_direction(void **state)
{
	(void)state;
	start_streaming();
	step_and_film(3600 * US_PER_S);
	step_and_film(-7200 * US_PER_S);
	step_and_film(50 * US_PER_MS);
	step_and_film(-US_PER_S);
}

static void slewing_moves_both_clocks_and_begins_nothing(void **state)
{
	int64_t offset_us;
	struct ring_frame frame;

	(void)state;
	start_streaming();
	frame = film(64);
	offset_us = frame.meta.wall_us - frame.meta.mono_us;
	for (int i = 0; i < 10; i++) {
		wall_ahead_us += 100; /* 1 ms in all: what two readings can differ by on a busy machine */
		frame = film(64);
		assert_int_equal(frame.meta.stretch, 42);
		assert_int_equal(frame.meta.wall_us - frame.meta.mono_us, offset_us);
	}
}

static bool looks_for_better(void)
{
	mono_ahead_us += US_PER_S / 4;
	wall_ahead_us += US_PER_S / 4;
	poke(SOURCE_FINE); /* the stand-in goes on filming */
	return strcmp(status.device, "/dev/video0") == 0;
}

static bool knows_devices(void)
{
	return status.camera_ids[0] == 7;
}

static void a_stand_in_serves_until_the_configured_camera_is_back(void **state)
{
	struct ring_frame frame;

	(void)state;
	camera_is_there = false;
	stand_in_serves = true;
	start_streaming();
	assert_string_equal(status.device, "/dev/video7");
	assert_string_equal(status.configured, "/dev/video0");
	wait_until(knows_devices);
	camera_is_there = true;
	wait_until(looks_for_better);
	assert_string_equal(status.configured, "");
	frame = film(64);
	assert_int_equal(frame.meta.gap_cause, GAP_FORMAT);
	assert_true(frame.meta.stretch > 42);
}

static void closing_in_the_middle_of_anything_closes_the_camera(void **state)
{
	(void)state;
	start();
	assert_true(capture_destroy(capture, CLOSE_LIMIT_US)); /* an opening is under way */
	capture = NULL;
	assert_int_equal(opens, closes);
	start_streaming();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_case, end_case)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(frames_come_with_both_clocks_and_the_recorder_was_down_before),
		CASE(frames_that_come_while_recording_is_off_bear_it),
		CASE(without_a_camera_it_waits_and_says_what_it_misses),
		CASE(unplugged_is_a_gap_of_that_cause_and_the_camera_is_opened_when_it_is_back),
		CASE(one_that_opens_and_never_delivers_is_opened_less_and_less_often),
		CASE(an_error_is_a_stall_and_opening_again_heals_it),
		CASE(a_silent_camera_is_opened_again_and_the_gap_says_stalled),
		CASE(one_that_falls_silent_and_is_then_gone_was_unplugged),
		CASE(a_slow_camera_within_its_limit_is_left_alone),
		CASE(another_picture_size_begins_a_stretch),
		CASE(a_clock_that_is_set_begins_a_stretch_in_either_direction),
		CASE(slewing_moves_both_clocks_and_begins_nothing),
		CASE(a_stand_in_serves_until_the_configured_camera_is_back),
		CASE(closing_in_the_middle_of_anything_closes_the_camera),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
