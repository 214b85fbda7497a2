/* frame_drop.c - decides which frames to skip when the encoder is too slow. */
#include "recorderd/encoder/frame_drop.h"

#include "shared/base/clock.h"

#define UPDATE_EVERY_US US_PER_S
#define PAUSE_US        (3 * US_PER_S)    /* after a longer time without an update there is nothing to measure */
#define BUSY_LAG_US     US_PER_S          /* with a shorter lag the encoder may be idle at times */
#define CORRECTION_US   (60.0 * US_PER_S) /* a lag that is too long is worked off in about this time */
#define SMOOTHING       0.2
#define SAMPLES_MIN     5
#define RATIO_MIN       0.02

static double clamp(double value, double least, double most)
{
	return value < least ? least : value > most ? most : value;
}

/* Compares how far feeding has advanced, in capture time, with the time that has passed. */
static void measure(struct frame_drop *drop, int64_t elapsed_us, int64_t lag_us)
{
	int64_t advanced_us = elapsed_us - (lag_us - drop->lag_us);
	double throughput = drop->ratio * (double)advanced_us / (double)elapsed_us;

	drop->throughput = drop->samples ? drop->throughput + (throughput - drop->throughput) * SMOOTHING : throughput;
	drop->samples++;
}

void frame_drop_update(struct frame_drop *drop, int64_t now_us, int64_t lag_us, int64_t limit_us)
{
	int64_t elapsed_us = now_us - drop->updated_us;
	bool dropping = drop->ratio < 1;

	if (drop->updated && elapsed_us < UPDATE_EVERY_US)
		return;
	if (lag_us < BUSY_LAG_US) {
		drop->ratio = 1;
		drop->samples = 0;
	} else if (drop->updated && elapsed_us < PAUSE_US) {
		measure(drop, elapsed_us, lag_us);
	} else {
		drop->samples = 0;
	}
	if (drop->samples >= SAMPLES_MIN && (dropping || lag_us > limit_us)) {
		double wanted_us = (double)limit_us * 3 / 4;
		double correction = clamp((wanted_us - (double)lag_us) / CORRECTION_US, -0.5, 0.5);

		drop->ratio = clamp(drop->throughput * (1 + correction), RATIO_MIN, 1);
	}
	drop->updated = true;
	drop->updated_us = now_us;
	drop->lag_us = lag_us;
}

/* Error diffusion. */
bool frame_drop_accept(struct frame_drop *drop)
{
	drop->accumulator += drop->ratio;
	if (drop->accumulator < 1)
		return false;
	drop->accumulator -= 1;
	return true;
}
