/* frame_drop.c - see frame_drop.h. */
#include "recorderd/encoder/frame_drop.h"

#include "shared/base/clock.h"

#define EVERY_US     US_PER_S
#define STOOD_US     (3 * US_PER_S)    /* longer without a look: it stood still, which measures nothing */
#define WAITING_US   US_PER_S          /* with less waiting, the encoder may be idle at times */
#define EVEN_OUT_US  (60.0 * US_PER_S) /* what waits too much is worked off within about so long */
#define SMOOTHED     0.2
#define MEASURED_MIN 5
#define KEEP_LEAST   0.02

static double clamp(double value, double least, double most)
{
	return value < least ? least : value > most ? most : value;
}

/* What was chosen from, in capture time, while so much time went by. */
static void measure(struct frame_drop *thinning, int64_t elapsed_us, int64_t behind_us)
{
	int64_t moved_us = elapsed_us - (behind_us - thinning->behind_us);
	double manages = thinning->keep * (double)moved_us / (double)elapsed_us;

	thinning->manages = thinning->measured ? thinning->manages + (manages - thinning->manages) * SMOOTHED : manages;
	thinning->measured++;
}

void frame_drop_update(struct frame_drop *thinning, int64_t now_us, int64_t behind_us, int64_t limit_us)
{
	int64_t elapsed_us = now_us - thinning->judged_us;
	bool thins = thinning->keep < 1;

	if (thinning->judged && elapsed_us < EVERY_US)
		return;
	if (behind_us < WAITING_US) {
		thinning->keep = 1;
		thinning->measured = 0;
	} else if (thinning->judged && elapsed_us < STOOD_US) {
		measure(thinning, elapsed_us, behind_us);
	} else {
		thinning->measured = 0;
	}
	if (thinning->measured >= MEASURED_MIN && (thins || behind_us > limit_us)) {
		double wanted_us = (double)limit_us * 3 / 4;
		double mend = clamp((wanted_us - (double)behind_us) / EVEN_OUT_US, -0.5, 0.5);

		thinning->keep = clamp(thinning->manages * (1 + mend), KEEP_LEAST, 1);
	}
	thinning->judged = true;
	thinning->judged_us = now_us;
	thinning->behind_us = behind_us;
}

/* Error diffusion. */
bool frame_drop_accept(struct frame_drop *thinning)
{
	thinning->credit += thinning->keep;
	if (thinning->credit < 1)
		return false;
	thinning->credit -= 1;
	return true;
}
