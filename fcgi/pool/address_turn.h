/*
 * address_turn.h - client addresses take turns at a permit of which there is only one.
 *
 * No share can divide a single permit (http.address_share). So the address that had it last leaves it to another
 * one that was refused a moment ago. The state may be in memory that several processes share. No locks: at worst,
 * two simultaneous requests are served in the wrong order.
 */
#ifndef FCGI_POOL_ADDRESS_TURN_H
#define FCGI_POOL_ADDRESS_TURN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* For how long the permit is kept for an address that was refused: longer than its Retry-After. */
#define ADDRESS_TURN_MS 15000u

/* Zeroed: no address had the permit, and none is waiting. */
struct address_turn {
	_Atomic uint64_t last;    /* key of the address that had it (address_shares.h); 0: one that is not counted */
	_Atomic uint64_t waiting; /* key (32 bits); above it, milliseconds of the monotonic clock; 0: no address */
};

/* True if the permit is kept for another address. Never for an address that is not counted (key 0). */
bool address_turn_must_wait(const struct address_turn *turn, uint64_t key);

/* This address got the permit, or was refused because it was in use. */
void address_turn_taken(struct address_turn *turn, uint64_t key);
void address_turn_refused(struct address_turn *turn, uint64_t key);

#endif
