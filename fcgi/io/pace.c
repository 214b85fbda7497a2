/* pace.c - detects clients that read too slowly. */
#include "fcgi/io/pace.h"

#include "shared/base/clock.h"

#define CHECKS_PER_WINDOW 8
#define CHECK_MIN_US      (50 * US_PER_MS)

int64_t pace_interval_us(int64_t window_us)
{
	return window_us / CHECKS_PER_WINDOW > CHECK_MIN_US ? window_us / CHECKS_PER_WINDOW : CHECK_MIN_US;
}

void pace_begin(struct pace *pace, uint64_t read, int64_t now_us)
{
	*pace = (struct pace){.checked_us = now_us, .read = read};
}

bool pace_update(struct pace *pace, uint64_t read, bool blocked, int64_t now_us, int64_t window_us)
{
	int64_t passed_us = now_us - pace->checked_us, most_us = 2 * pace_interval_us(window_us);

	/* If a check is late, it was not the client that delayed it. */
	if (blocked && passed_us > 0)
		pace->waited_us += passed_us < most_us ? passed_us : most_us;
	pace->checked_us = now_us;
	if (window_us <= 0 || pace->waited_us < window_us)
		return true;
	uint64_t bytes = read > pace->read ? read - pace->read : 0;
	bool enough = (double)bytes >= (double)PACE_MIN_BYTES_PER_S * (double)window_us / (double)US_PER_S;
	pace_begin(pace, read, now_us);
	return enough;
}
