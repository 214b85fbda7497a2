/* ring_size.h - how large a ring to ask for: memory.minutes of frames, within memory.max_mb or a quarter of RAM. */
#ifndef RECORDERD_RING_RING_SIZE_H
#define RECORDERD_RING_RING_SIZE_H

#include <stddef.h>

#include "recorderd/ring/ring_writer.h"
#include "shared/config/config.h"
#include "shared/ring/state.h"

/*
 * `cameras` share the default quarter of RAM. The index takes at most a thirtieth of the data, plus 64 KiB. Fills in
 * all of *out but the name. Returns what limits the size.
 */
enum memory_limit ring_size_choose(const struct config *config, size_t cameras, struct ring_request *out);

/*
 * Lowers a request to the share of one of `cameras` in a /dev/shm with `room_bytes` for all of them (UINT64_MAX: no
 * limit). An exact one is lowered only if it does not fit at all, then to a quarter of RAM as well, and is not exact
 * afterwards. True if it was lowered.
 */
bool ring_size_limit_to_share(struct ring_request *request, uint64_t room_bytes, size_t cameras);

/* Bytes of /dev/shm that such a ring takes, with its header and index. */
uint64_t ring_size_total_bytes(const struct ring_request *request);

#endif
