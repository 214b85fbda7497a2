/*
 * fake_camera.h - cameras that a test plugs in and unplugs.
 *
 * Defines source_open() and device_list() in place of recorderd's own.
 */
#ifndef TESTS_UNIT_FAKES_FAKE_CAMERA_H
#define TESTS_UNIT_FAKES_FAKE_CAMERA_H

#include <stdatomic.h>
#include <stdint.h>

#include "recorderd/source/source.h"

/* What is plugged in (read by the device worker's thread), and what the open camera delivers. */
extern struct fake_cameras {
	_Atomic bool camera_is_there, fallback_is_there, other_on_bus, opening_hangs;
	_Atomic bool is_external;       /* what is opened */
	_Atomic unsigned opens, closes; /* counted by the fake */
	_Atomic unsigned lowest;        /* how many modes there are below the requested one */
	_Atomic uint32_t offered_fps_milli;
	enum source_outcome next_outcome; /* of the next read */
	bool torn;                        /* the next frames are damaged */
	struct source_frame next_frame;
} fake;

/* What the open camera does next: deliver a frame (next_frame), or fail. */
void fake_camera_signal(enum source_outcome outcome);

#endif
