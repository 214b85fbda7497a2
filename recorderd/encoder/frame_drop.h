/*
 * frame_drop.h - decides which frames to skip when the encoder is too slow for all of them, so that it keeps up and the
 * frames that it gets are evenly spaced. Pure.
 *
 * While frames wait, the encoder works as fast as it can, and its throughput is measured as a share of the camera's
 * rate. That share of the frames is fed: a little less while the lag is longer than it should be, a little more while
 * it is shorter. An encoder that keeps up, or that only paused for a while, gets all frames.
 */
#ifndef RECORDERD_ENCODER_FRAME_DROP_H
#define RECORDERD_ENCODER_FRAME_DROP_H

#include <stdbool.h>
#include <stdint.h>

struct frame_drop {
	double ratio;       /* share of the frames that are fed; 1: all */
	double accumulator; /* of the shares of the skipped frames; the next frame is fed when it reaches 1 */

	/* Measured once a second */
	double throughput; /* share of the camera's rate, smoothed */
	unsigned samples;  /* of the throughput */
	bool updated;
	int64_t updated_us, lag_us; /* of the last measurement */
};

#define FRAME_DROP_NONE ((struct frame_drop){.ratio = 1})

/*
 * To be called before each frame. now_us is the capture time (monotonic) of the newest frame, lag_us how much earlier
 * the frame in question was captured. A lag of more than limit_us is too much.
 */
void frame_drop_update(struct frame_drop *drop, int64_t now_us, int64_t lag_us, int64_t limit_us);

/* Returns whether to feed the next frame. */
bool frame_drop_accept(struct frame_drop *drop);

#endif
