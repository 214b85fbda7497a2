/* damage_share.h - the share of damaged frames among the last few hundred, and the most common kind. Pure functions. */
#ifndef RECORDERD_SOURCE_DAMAGE_SHARE_H
#define RECORDERD_SOURCE_DAMAGE_SHARE_H

#include <stdint.h>

#include "shared/ring/state.h"

struct damage_share {
	uint32_t frames, damaged;
	uint32_t kinds[DAMAGE_KINDS];
};

/* Counts a frame; DAMAGE_NONE: an intact one. */
void damage_share_add(struct damage_share *share, enum frame_damage damage);

/* In 1/1000; 0 until there have been enough frames. */
uint32_t damage_share_milli(const struct damage_share *share);

/* The most common kind; DAMAGE_NONE if no frame was damaged. */
enum frame_damage damage_share_kind(const struct damage_share *share);

#endif
