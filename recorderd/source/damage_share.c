/* damage_share.c - the share of damaged frames among the last few hundred. */
#include "recorderd/source/damage_share.h"

#define FRAMES_MIN 32u
#define FRAMES_MAX 256u /* then all counts are halved, so older frames count less and less */

void damage_share_add(struct damage_share *share, enum frame_damage damage)
{
	if (share->frames >= FRAMES_MAX) {
		share->frames /= 2;
		share->damaged /= 2;
		for (unsigned i = 0; i < DAMAGE_KINDS; i++)
			share->kinds[i] /= 2;
	}
	share->frames++;
	share->damaged += damage != DAMAGE_NONE;
	share->kinds[damage] += damage != DAMAGE_NONE;
}

uint32_t damage_share_milli(const struct damage_share *share)
{
	return share->frames >= FRAMES_MIN ? share->damaged * 1000 / share->frames : 0;
}

enum frame_damage damage_share_kind(const struct damage_share *share)
{
	unsigned most = DAMAGE_NONE;

	for (unsigned i = 0; i < DAMAGE_KINDS; i++)
		if (share->kinds[i] > share->kinds[most])
			most = i;
	return (enum frame_damage)most;
}
