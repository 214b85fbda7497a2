/* ring_size.h - how large the ring shall be: memory.minutes of frames, within memory.max_mb or a quarter of RAM. */
#ifndef RECORDERD_RING_RING_SIZE_H
#define RECORDERD_RING_RING_SIZE_H

#include <stddef.h>

#include "recorderd/ring/ring_writer.h"
#include "shared/config/config.h"
#include "shared/ring/state.h"

/* `cameras` share the default quarter of RAM. The index takes at most a thirtieth of the data, and 64 KiB. Fills all of
 * *out but the name. Returns what limits it. */
enum memory_limit ring_size_choose(const struct config *config, size_t cameras, struct ring_request *out);

/*
 * Lowers a wish that is no exact one to what one of `cameras` may have of a /dev/shm where `room_bytes` are for all of
 * them (UINT64_MAX: it has no limit). True where it was lowered.
 */
bool ring_size_limit_to_share(struct ring_request *wish, uint64_t room_bytes, size_t cameras);

/* Bytes of /dev/shm that a ring of that wish takes, with its header and index. */
uint64_t ring_size_total_bytes(const struct ring_request *wish);

#endif
