/* capture_rig.h - runs capture with fake cameras and a fake clock, and with a real ring. */
#ifndef TESTS_UNIT_SUPPORT_CAPTURE_RIG_H
#define TESTS_UNIT_SUPPORT_CAPTURE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorderd/capture/capture.h"
#include "shared/ring/ring_reader.h"
#include "tests/unit/fakes/fake_camera.h"
#include "tests/unit/fakes/fake_clock.h"

#define CLOSE_LIMIT_US     (60 * US_PER_S)
#define CLOCK_TOLERANCE_US (20 * US_PER_MS) /* between two readings, on a busy machine */

/* Of the current case. `state` is as of the last round of capture_rig_wait(), or as the case reads it. */
extern struct capture_rig {
	struct config config;
	enum gap_cause off_cause; /* capture begins switched off */
	struct capture *capture;  /* NULL: not started */
	struct recorder_state state;
	unsigned epochs_ended, opened_fps, frames_reported; /* counted from capture's callbacks */
} capture_rig;

/* Runs the loop until the condition is true. It is checked every millisecond, after `state` has been updated. */
void capture_rig_wait(bool (*condition)(void));

/* Conditions for capture_rig_wait(). */
bool camera_is_opened(void);
bool camera_is_streaming(void);
bool camera_is_waiting(void);
bool camera_is_stalled(void);
bool camera_was_closed(void);

/* Has the camera deliver a frame captured now, and returns it as it is in the ring. */
struct ring_frame capture_rig_send_frame(uint16_t width);

/* In two steps: has it deliver any bytes, 48 pixels high, and returns the frame once it is in the ring. */
void capture_rig_send(const uint8_t *data, size_t length, uint16_t width);
struct ring_frame capture_rig_sent_frame(void);

/* Setup of a case: a ring, a loop, and a camera that can be opened. Capture is not started yet. */
int capture_rig_set_up(void **state);

/* Teardown of a case. Checks that every camera that was opened has been closed. */
int capture_rig_tear_down(void **state);

/* Starts capture. */
void capture_rig_start(void);

/* Starts capture, which has to fail. */
void capture_rig_start_refused(void);

/* Starts capture and gives it its first frame. */
void capture_rig_start_streaming(void);

#define CASE(name) cmocka_unit_test_setup_teardown(name, capture_rig_set_up, capture_rig_tear_down)

#endif
