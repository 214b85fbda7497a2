/* health_disk.c - whether the disk can hold what retention.hours asks for, in sentences. */
#include "shared/ring/health_disk.h"

#include <stdio.h>

#include "shared/base/clock.h"

#define GB      1e9
#define HOUR_US (3600 * (double)US_PER_S)

static bool is_known(const struct recorder_state *state)
{
	return state->disk_wanted_us > 0 && state->disk_wanted_bytes > 0;
}

bool health_disk_is_short(const struct recorder_state *state)
{
	return is_known(state) && state->disk_room_bytes < state->disk_wanted_bytes;
}

/* How many hours fit, with two digits at most: it is an estimate. */
static double hours_that_fit(const struct recorder_state *state)
{
	double hours = (double)state->disk_wanted_us / HOUR_US * (double)state->disk_room_bytes /
		       (double)state->disk_wanted_bytes;

	return hours < 10 ? (double)(int)(hours * 10) / 10 : (double)(int64_t)hours;
}

void health_disk_text(const struct recorder_state *state, char out[HEALTH_DISK_TEXT_BYTES])
{
	double hours = (double)state->disk_wanted_us / HOUR_US;
	double wanted_gb = (double)state->disk_wanted_bytes / GB, room_gb = (double)state->disk_room_bytes / GB;

	out[0] = '\0';
	if (!is_known(state))
		return;
	if (!health_disk_is_short(state))
		snprintf(out, HEALTH_DISK_TEXT_BYTES,
			 "Recordings of %g h take about %.3g GB%s; there is room for %.3g GB.", hours, wanted_gb,
			 state->disk_measured ? "" : " if everything moves", room_gb);
	else
		snprintf(out, HEALTH_DISK_TEXT_BYTES,
			 "There is room for about %g h of recordings%s (%.3g GB), not for the %g h of retention.hours "
			 "(%.3g GB): the oldest are deleted earlier. Use a larger disk, a smaller picture, a lower "
			 "camera.fps or a higher record.quality, or lower retention.hours.",
			 hours_that_fit(state), state->disk_measured ? "" : " if everything moves", room_gb, hours,
			 wanted_gb);
}
