/* time_text.c - formats times. */
#include "shared/text/time_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct split {
	time_t seconds; /* floored, so `us` is never negative */
	unsigned us;
};

static struct split split(wall_t at)
{
	int64_t seconds = at.us / US_PER_S, us = at.us % US_PER_S;

	if (us < 0) {
		seconds--;
		us += US_PER_S;
	}
	return (struct split){(time_t)seconds, (unsigned)us};
}

static struct tm local_time(time_t seconds)
{
	struct tm local = {0};

	localtime_r(&seconds, &local);
	return local;
}

void time_format_compact(wall_t at, char out[TIME_COMPACT_BYTES])
{
	struct tm local = local_time(split(at).seconds);

	strftime(out, TIME_COMPACT_BYTES, "%Y%m%d_%H%M%S", &local);
}

/* `fraction` has the digits after the decimal point. */
static void format_iso(time_t seconds, const char *fraction, char out[TIME_ISO_BYTES])
{
	struct tm local = local_time(seconds);
	unsigned minutes = (unsigned)labs(local.tm_gmtoff) / 60;

	size_t length = strftime(out, TIME_ISO_BYTES, "%Y-%m-%dT%H:%M:%S", &local);
	snprintf(out + length, TIME_ISO_BYTES - length, ".%s%c%02u:%02u", fraction, local.tm_gmtoff < 0 ? '-' : '+',
		 minutes / 60, minutes % 60);
}

void time_format_iso(wall_t at, char out[TIME_ISO_BYTES])
{
	struct split parts = split(at);
	char fraction[8];

	snprintf(fraction, sizeof(fraction), "%03u", parts.us / 1000 % 1000);
	format_iso(parts.seconds, fraction, out);
}

void time_format_iso_us(wall_t at, char out[TIME_ISO_BYTES])
{
	struct split parts = split(at);
	char fraction[8];

	snprintf(fraction, sizeof(fraction), "%06u", parts.us % 1000000);
	format_iso(parts.seconds, fraction, out);
}

void time_format_words(wall_t at, wall_t now, char out[TIME_WORDS_BYTES])
{
	struct tm local = local_time(split(at).seconds), today = local_time(split(now).seconds);
	bool same_day = local.tm_year == today.tm_year && local.tm_yday == today.tm_yday;

	strftime(out, TIME_WORDS_BYTES, same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &local);
}

int32_t time_utc_offset_s(wall_t at)
{
	return (int32_t)local_time(split(at).seconds).tm_gmtoff;
}

wall_t time_floor_second(wall_t at)
{
	return (wall_t){(int64_t)split(at).seconds * US_PER_S};
}
