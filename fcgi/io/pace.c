/* pace.c - see pace.h. */
#include "fcgi/io/pace.h"

#include "shared/base/clock.h"

#define LOOKS       8 /* in a window */
#define LOOK_MIN_US (50 * US_PER_MS)

int64_t pace_interval_us(int64_t window_us)
{
	return window_us / LOOKS > LOOK_MIN_US ? window_us / LOOKS : LOOK_MIN_US;
}

void pace_begin(struct pace *pace, uint64_t taken, int64_t now_us)
{
	*pace = (struct pace){.looked_us = now_us, .taken = taken};
}

bool pace_update(struct pace *pace, uint64_t taken, bool full, int64_t now_us, int64_t window_us)
{
	int64_t passed_us = now_us - pace->looked_us, most_us = 2 * pace_interval_us(window_us);

	/* A look that comes late was held up by something else than the client. */
	if (full && passed_us > 0)
		pace->waited_us += passed_us < most_us ? passed_us : most_us;
	pace->looked_us = now_us;
	if (window_us <= 0 || pace->waited_us < window_us)
		return true;
	uint64_t bytes = taken > pace->taken ? taken - pace->taken : 0;
	bool enough = (double)bytes >= (double)PACE_MIN_BYTES_PER_S * (double)window_us / (double)US_PER_S;
	pace_begin(pace, taken, now_us);
	return enough;
}
