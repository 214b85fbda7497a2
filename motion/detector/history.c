/* history.c - the pictures of the last second, and the background as it was in the last ten minutes. */
#include "motion/detector/history.h"

#include <string.h>

#define SECOND_AGO_US (900 * US_PER_MS) /* pictures are not exactly a fifth of a second apart */

void history_clear(struct history *history)
{
	history->count = 0;
}

void history_add(struct history *history, struct plane_size size, const float *y, mono_t at)
{
	size_t slot = history->count++ % HISTORY_PICTURES;

	history->at[slot] = at;
	memcpy(history->planes[slot], y, (size_t)plane_pixels(size) * sizeof(*y));
}

const float *history_second_ago(const struct history *history, mono_t now)
{
	for (uint64_t age = 1; age <= history->count && age <= HISTORY_PICTURES; age++) {
		size_t slot = (history->count - age) % HISTORY_PICTURES;

		if (now.us - history->at[slot].us >= SECOND_AGO_US)
			return history->planes[slot];
	}
	return NULL;
}

void snapshots_clear(struct snapshots *snapshots)
{
	snapshots->count = 0;
}

void snapshots_offer(struct snapshots *snapshots, struct plane_size size, const float *background, mono_t now)
{
	size_t last = (snapshots->count + SNAPSHOTS - 1) % SNAPSHOTS;

	if (snapshots->count > 0 && now.us - snapshots->at[last].us < SNAPSHOT_INTERVAL_S * US_PER_S)
		return;
	size_t slot = snapshots->count++ % SNAPSHOTS;
	snapshots->at[slot] = now;
	for (int i = 0; i < plane_pixels(size); i++)
		snapshots->planes[slot][i] = (uint8_t)larger(smaller(background[i], LUMA_MAX), 0);
}

const uint8_t *snapshots_oldest(const struct snapshots *snapshots)
{
	if (snapshots->count == 0)
		return NULL;
	return snapshots->planes[snapshots->count < SNAPSHOTS ? 0 : snapshots->count % SNAPSHOTS];
}
