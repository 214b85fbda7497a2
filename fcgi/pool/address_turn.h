/*
 * address_turn.h - whose turn it is where there is only one place, which no share can divide (http.address_share): who
 * had it last leaves it to another address that was refused a moment ago. In memory that several processes may share.
 *
 * No locks: two who do something at the same moment are at worst served in another order.
 */
#ifndef FCGI_POOL_ADDRESS_TURN_H
#define FCGI_POOL_ADDRESS_TURN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* So long the place is kept for who was refused: longer than the Retry-After that it was told. */
#define ADDRESS_TURN_MS 15000u

/* Zeroed: nobody had it, and nobody waits. */
struct address_turn {
	_Atomic uint64_t had;   /* a key of address_shares.h; 0: somebody who is not counted */
	_Atomic uint64_t waits; /* above the key's 32 bits milliseconds of the monotonic clock; 0: nobody */
};

/* Whether the place is kept for somebody else. Who is not counted (key 0) is never kept from it. */
bool address_turn_must_wait(const struct address_turn *turn, uint64_t key);

/* The place was taken, or somebody else had it. */
void address_turn_taken(struct address_turn *turn, uint64_t key);
void address_turn_refused(struct address_turn *turn, uint64_t key);

#endif
