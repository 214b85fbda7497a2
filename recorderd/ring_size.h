/* ring_size.h - how large the ring shall be: memory.minutes of frames, within memory.max_mb or a quarter of RAM. */
#ifndef RECORDERD_RING_SIZE_H
#define RECORDERD_RING_SIZE_H

#include <stddef.h>

#include "shared/config.h"
#include "shared/ring_writer.h"

/* `cameras` share the default quarter of RAM. The index takes at most a thirtieth of the data, and 64 KiB. Fills all of
 * *out but the name. */
void ring_size_choose(const struct config *config, size_t cameras, struct ring_wish *out);

#endif
