/*
 * capture_bench.h - capture with cameras and clocks that are the test's: its frames come into a real ring. Include it
 * in one file of a program.
 */
#ifndef TESTS_UNIT_SUPPORT_CAPTURE_BENCH_H
#define TESTS_UNIT_SUPPORT_CAPTURE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "recorderd/capture/capture.h"
#include "shared/base/log.h"
#include "shared/ring/ring_reader.h"
#include "tests/unit/support/fake_camera.h"
#include "tests/unit/support/fake_clock.h"
#include "tests/unit/support/in_range.h"

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
static unsigned rounds;
static uint64_t wanted_head;

static inline void on_frame(void *context)
{
	(void)context;
	frames_told++;
}

static inline void on_opened(void *context, unsigned fps)
{
	(void)context;
	opened_fps = fps;
}

static inline void on_stretch_over(void *context)
{
	(void)context;
	stretches_over++;
}

static inline void look_round(void *context)
{
	(void)context;
	capture_status(capture, &status);
	if (until()) {
		loop_stop(loop);
		return;
	}
	assert_int_in_range(++rounds, 1, ROUNDS_MAX);
	loop_timer_set(loop, &round_timer, (mono_t){mono_now().us + US_PER_MS});
}

static inline void wait_until(bool (*condition)(void))
{
	until = condition;
	rounds = 0;
	round_timer.due = look_round;
	loop_timer_set(loop, &round_timer, mono_now());
	loop_run(loop);
}

static inline bool is_opened(void)
{
	return status.camera_state == CAMERA_OPENING && atomic_load(&opens) > atomic_load(&closes);
}

static inline bool is_waiting(void)
{
	return status.camera_state == CAMERA_WAITING;
}

static inline bool is_stalled(void)
{
	return status.camera_state == CAMERA_STALLED;
}

static inline bool was_closed(void)
{
	return atomic_load(&closes) > 0;
}

static inline bool has_frame(void)
{
	return ring_reader_head(reader) >= wanted_head;
}

/* One frame from the camera, taken now; its place in the ring. */
static inline struct ring_frame film(uint16_t width)
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

static inline int start_case(void **state)
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

static inline int end_case(void **state)
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

static inline void start(void)
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

static inline void start_streaming(void)
{
	start();
	wait_until(is_opened);
	film(64);
	capture_status(capture, &status);
	assert_int_equal(status.camera_state, CAMERA_STREAMING);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_case, end_case)

#endif
