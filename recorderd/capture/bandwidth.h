/*
 * bandwidth.h - decides when a camera gets too little of its USB bus, and is to be opened in a lower mode.
 *
 * A bus that is shared with another camera can have room for a stream by its own reckoning (STREAMON succeeds), and
 * still deliver nothing of it, or pieces of frames. Opening the camera again in the same mode does not help.
 */
#ifndef RECORDERD_CAPTURE_BANDWIDTH_H
#define RECORDERD_CAPTURE_BANDWIDTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorderd/source/source.h"
#include "recorderd/v4l2/device.h"
#include "shared/base/clock.h"

#define BANDWIDTH_TEXT_BYTES 448

/* Zeroed: nothing is known yet. */
struct bandwidth {
	unsigned steps_down;    /* how many modes below the requested one to open */
	unsigned bad_opens;     /* in a row, in this mode: they gave no frames, or mostly torn ones */
	char other_camera[128]; /* another camera on the same USB bus: "Webcam (/dev/video2)"; empty: none */
	mono_t window_start;
	uint32_t whole, torn; /* frames since then */
};

/* Looks for another camera on the bus of this one. True if there is none any more, so that the full mode may fit. */
bool bandwidth_set_devices(struct bandwidth *bandwidth, const char *bus, const struct device *devices, size_t count);

/*
 * Counts a frame. True if most frames of the last seconds were torn, with another camera on the bus: open the camera
 * again, after bandwidth_failed().
 */
bool bandwidth_count(struct bandwidth *bandwidth, const struct source_info *info, bool whole, mono_t now);

/*
 * The source as it was open gave no frames, or torn ones. Decides in which mode to open it next: the same once more,
 * then the next lower one, and after the lowest the requested one again. `at_max` says that
 * no longer wait is possible, so that a lower mode is tried even without another camera on the bus.
 */
void bandwidth_failed(struct bandwidth *bandwidth, const struct source_info *info, bool at_max);

/* The camera is not there any more, or another one is: the next one is opened in the requested mode. */
void bandwidth_reset(struct bandwidth *bandwidth);

/* One sentence on a source that is open in a lower mode than requested; empty if it is not. */
void bandwidth_describe(const struct bandwidth *bandwidth, const struct source_info *info,
			char out[BANDWIDTH_TEXT_BYTES]);

#endif
