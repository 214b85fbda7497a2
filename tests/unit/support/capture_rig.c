/* capture_rig.c - runs capture with fake cameras and a fake clock. */
#include <stdio.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/ring/ring_reader.h"
#include "tests/unit/support/capture_rig.h"
#include "tests/unit/support/in_range.h"

struct capture_rig capture_rig;

#define ROUNDS_MAX 60000 /* of at least a millisecond each */

static struct loop *loop;
static struct loop_timer round_timer;
static struct ring_writer *ring;
static struct ring_reader *reader;
static bool (*until)(void);
static unsigned rounds;
static uint64_t wanted_head;

static void on_frame(void *context)
{
	(void)context;
	capture_rig.frames_reported++;
}

static void on_opened(void *context, unsigned fps)
{
	(void)context;
	capture_rig.opened_fps = fps;
}

static void on_epoch_ended(void *context)
{
	(void)context;
	capture_rig.epochs_ended++;
}

static void check_condition(void *context)
{
	(void)context;
	capture_get_state(capture_rig.capture, &capture_rig.state);
	if (until()) {
		loop_stop(loop);
		return;
	}
	assert_int_in_range(++rounds, 1, ROUNDS_MAX);
	loop_timer_set(loop, &round_timer, (mono_t){mono_now().us + US_PER_MS});
}

void capture_rig_wait(bool (*condition)(void))
{
	until = condition;
	rounds = 0;
	round_timer.due = check_condition;
	loop_timer_set(loop, &round_timer, mono_now());
	loop_run(loop);
}

bool camera_is_opened(void)
{
	return capture_rig.state.camera_state == CAMERA_OPENING && atomic_load(&fake.opens) > atomic_load(&fake.closes);
}

bool camera_is_streaming(void)
{
	return capture_rig.state.camera_state == CAMERA_STREAMING;
}

bool camera_is_waiting(void)
{
	return capture_rig.state.camera_state == CAMERA_WAITING;
}

bool camera_is_stalled(void)
{
	return capture_rig.state.camera_state == CAMERA_STALLED;
}

bool camera_was_closed(void)
{
	return atomic_load(&fake.closes) > 0;
}

static bool has_frame(void)
{
	return ring_reader_head(reader) >= wanted_head;
}

void capture_rig_send(const uint8_t *data, size_t length, uint16_t width)
{
	fake.next_frame = (struct source_frame){.parts = {{(void *)(uintptr_t)data, length}},
						.count = 1,
						.captured = mono_now(),
						.width = width,
						.height = 48};
	wanted_head = ring_reader_head(reader) + 1;
	fake_camera_signal(SOURCE_OK);
}

struct ring_frame capture_rig_send_frame(uint16_t width)
{
	static const uint8_t bytes[100] = "picture";

	capture_rig_send(bytes, sizeof(bytes), width);
	return capture_rig_sent_frame();
}

struct ring_frame capture_rig_sent_frame(void)
{
	struct ring_frame frame;

	capture_rig_wait(has_frame);
	assert_true(ring_reader_get(reader, wanted_head, &frame));
	return frame;
}

int capture_rig_set_up(void **state)
{
	char name[64];
	struct ring_request request = {
		.name = name, .data_bytes = 1 << 20, .index_entries = 256, .keep_us = 3600 * US_PER_S, .exact = true};
	uint64_t bytes, adopted;
	struct reason why;
	const void *memory;

	(void)state;
	log_set_level(LOG_ERROR);
	capture_rig.config = (struct config){.camera = {.device = "/dev/video0", .width = 64, .height = 48, .fps = 30},
					     .record = {.enabled = true}};
	fake.camera_is_there = true;
	fake.fallback_is_there = fake.other_on_bus = fake.torn = false;
	fake.is_external = false;
	fake.lowest = 2;
	fake.opens = fake.closes = capture_rig.epochs_ended = capture_rig.opened_fps = capture_rig.frames_reported = 0;
	fake.offered_fps_milli = 29970;
	fake.next_outcome = SOURCE_OK;
	capture_rig.state = (struct recorder_state){0};
	capture_rig.off_cause = GAP_NONE;
	snprintf(name, sizeof(name), "/recorder-capture.%d", (int)getpid());
	ring = ring_writer_open(&request, &bytes, &adopted, &why);
	assert_non_null(ring);
	memory = ring_writer_memory(ring, &bytes);
	reader = ring_reader_attach(memory, bytes, &why);
	assert_non_null(reader);
	loop = loop_create();
	return 0;
}

int capture_rig_tear_down(void **state)
{
	(void)state;
	assert_true(capture_destroy(capture_rig.capture, CLOSE_LIMIT_US));
	assert_int_equal(fake.opens, fake.closes);
	ring_reader_close(reader);
	ring_writer_close(ring);
	loop_destroy(loop);
	capture_rig.capture = NULL;
	return 0;
}

static struct capture *create(void)
{
	return capture_create(&(struct capture_parts){
		.loop = loop,
		.config = &capture_rig.config,
		.ring = ring,
		.last_epoch = 41,
		.off_cause = capture_rig.off_cause,
		.frame = on_frame,
		.opened = on_opened,
		.epoch_ended = on_epoch_ended,
	});
}

void capture_rig_start(void)
{
	capture_rig.capture = create();
	assert_non_null(capture_rig.capture);
}

void capture_rig_start_refused(void)
{
	assert_null(create());
}

void capture_rig_start_streaming(void)
{
	capture_rig_start();
	capture_rig_wait(camera_is_opened);
	capture_rig_send_frame(64);
	capture_get_state(capture_rig.capture, &capture_rig.state);
	assert_int_equal(capture_rig.state.camera_state, CAMERA_STREAMING);
}
