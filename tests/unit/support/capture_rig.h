/* capture_rig.h - capture with the fakes of the cameras and the clock: its frames come into a real ring. */
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
#define CLOCK_TOLERANCE_US (20 * US_PER_MS) /* two readings, on a busy machine */

/* Of the case that runs. `status` is as of the last round of capture_rig_wait(), or as the case reads it. */
extern struct capture_rig {
	struct config config;
	struct capture *capture; /* NULL: not started */
	struct recorder_state status;
	unsigned epochs_ended, opened_fps, frames_told; /* what capture has reported */
} capture_rig;

/* Runs the loop until that holds. It is asked each millisecond, with `status` read anew. */
void capture_rig_wait(bool (*condition)(void));

/* Conditions for it. */
bool camera_is_opened(void);
bool camera_is_waiting(void);
bool camera_is_stalled(void);
bool camera_was_closed(void);

/* One frame from the camera, taken now; its place in the ring. */
struct ring_frame capture_rig_send_frame(uint16_t width);

/* Setup of a case: a ring, a loop, and a camera that can be opened; capture is not started yet. */
int capture_rig_set_up(void **state);

/* Its teardown, by which every camera that was opened has to be closed. */
int capture_rig_tear_down(void **state);

/* Starts capture. */
void capture_rig_start(void);

/* Starts capture and gives it its first frame. */
void capture_rig_start_streaming(void);

#define CASE(name) cmocka_unit_test_setup_teardown(name, capture_rig_set_up, capture_rig_tear_down)

#endif
