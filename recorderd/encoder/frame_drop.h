/*
 * frame_drop.h - which frames an encoder gets that is too slow for all of them: so many that it keeps pace, at even
 * distances. Pure.
 *
 * While frames wait, the encoder works as fast as it can; the share of the camera's rate that it manages then is
 * measured, and so much is kept, a little less while more waits than should, a little more while less does. An encoder
 * that manages all of it, or that only stood still for a while, is given all.
 */
#ifndef RECORDERD_ENCODER_FRAME_DROP_H
#define RECORDERD_ENCODER_FRAME_DROP_H

#include <stdbool.h>
#include <stdint.h>

struct frame_drop {
	double keep;   /* share of the frames that is fed: 1 is all */
	double credit; /* what the frames left out so far add up to: 1 is the next one */

	/* Measured once a second */
	double manages; /* share of the rate, smoothed */
	unsigned measured;
	bool judged;
	int64_t judged_us, behind_us;
};

#define FRAME_DROP_NONE ((struct frame_drop){.keep = 1})

/*
 * Before each frame is chosen: the newest frame was captured at now_us (monotonic), the one to be chosen behind_us
 * earlier; more than limit_us is too much.
 */
void frame_drop_update(struct frame_drop *thinning, int64_t now_us, int64_t behind_us, int64_t limit_us);

/* Whether the next frame is kept: of any row of frames the same share. */
bool frame_drop_accept(struct frame_drop *thinning);

#endif
