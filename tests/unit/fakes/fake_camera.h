/*
 * fake_camera.h - cameras that a test plugs in and out: source_open() and device_list() of the program, in place of
 * recorderd's own.
 */
#ifndef TESTS_UNIT_FAKES_FAKE_CAMERA_H
#define TESTS_UNIT_FAKES_FAKE_CAMERA_H

#include <stdatomic.h>
#include <stdint.h>

#include "recorderd/source/source.h"

/* What is plugged in, which the thread of the device worker reads, and what the camera that serves gives. */
extern struct fake_cameras {
	_Atomic bool camera_is_there, fallback_is_there, opening_hangs;
	_Atomic unsigned opens, closes; /* counted by the fake */
	_Atomic uint32_t offered_fps_milli;
	enum source_outcome says; /* to the next read */
	struct source_frame next_frame;
} fake;

/* The camera that serves says this next: a frame (next_frame), or what is wrong with it. */
void fake_camera_signal(enum source_outcome outcome);

#endif
