/*
 * address_shares.h - what each client address takes up of what is limited (http.address_share), in memory that several
 * processes may share.
 *
 * A claim is one atomic word: its owner (a number of the process, which takes its claims with it when it ends), its
 * kind, its amount, and a keyed hash of the address. The hash has 32 bits: two addresses that happen to have the same
 * one share what they may have, and without the key, which is drawn at random for each table, nobody can find such two.
 * Addresses themselves are not kept.
 *
 * No locks: who takes adds its claim first and looks at the sum afterwards, so that two who do that at the same moment
 * are at worst both refused.
 */
#ifndef FCGI_POOL_ADDRESS_SHARES_H
#define FCGI_POOL_ADDRESS_SHARES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/net/ip_address.h"

#define ADDRESS_CLAIMS     16384u
#define ADDRESS_OWNERS     1024u
#define ADDRESS_KINDS      8u
#define ADDRESS_AMOUNT_MAX ((1u << 18) - 1)

struct address_shares {
	uint8_t secret[32];
	_Atomic uint32_t used;                 /* words behind that were never taken */
	_Atomic uint64_t word[ADDRESS_CLAIMS]; /* 0: free */
};

/* Empty, with a key of its own. False with errno if the kernel has no random bytes. */
bool address_shares_init(struct address_shares *shares);

/* What stands for an address in claims: never 0, which stands for one that nothing is counted for. */
uint64_t address_shares_key(const struct address_shares *shares, const struct ip_address *address);

struct address_claim {
	uint64_t key;
	unsigned owner;  /* below ADDRESS_OWNERS */
	unsigned kind;   /* below ADDRESS_KINDS: each is counted by itself */
	uint64_t amount; /* at least 1; more than ADDRESS_AMOUNT_MAX counts as that */
	uint64_t most;   /* that the claims of one key may come to */

	/* Whether the claims of an owner count; NULL: all do. Those of this claim's owner always do. */
	bool (*counts)(const void *context, unsigned owner);
	const void *context;
};

/*
 * The number of a new claim, to be given back; 0 if that makes more than `most` for its key and kind. A single claim is
 * always allowed.
 */
uint32_t address_shares_take(struct address_shares *shares, const struct address_claim *claim);

/* 0 is safe. */
void address_shares_return(struct address_shares *shares, uint32_t number);

/* The owner is no more. */
void address_shares_forget(struct address_shares *shares, unsigned owner);

/* Of `places`, how many one address may have: `percent` of them, at least one; percent 0: all. */
uint64_t address_share_of(uint64_t places, int percent);

#endif
