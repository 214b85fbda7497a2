/*
 * address_shares.h - how much of each limited resource every client address uses (http.address_share).
 *
 * The table may be in memory that several processes share. A claim is one atomic word: its owner (a number that
 * stands for a process, whose claims go when it ends), its kind, its amount, and a keyed hash of the address. The
 * hash has 32 bits. Two addresses with the same hash share one allowance, but nobody can find such a pair without
 * the key, which is random for each table. The addresses themselves are not stored.
 *
 * No locks: a claim is added first and the sum checked afterwards, so at worst two simultaneous claims are both
 * refused.
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
	_Atomic uint32_t used;                 /* words from here on have never been used */
	_Atomic uint64_t word[ADDRESS_CLAIMS]; /* 0: free */
};

/* Makes an empty table with its own key. False with errno if the kernel has no random bytes. */
bool address_shares_init(struct address_shares *shares);

/* The key of an address in claims. Never 0, which is the key of addresses that are not counted. */
uint64_t address_shares_key(const struct address_shares *shares, const struct ip_address *address);

struct address_claim {
	uint64_t key;
	unsigned owner;  /* below ADDRESS_OWNERS */
	unsigned kind;   /* below ADDRESS_KINDS; each kind is counted separately */
	uint64_t amount; /* at least 1; anything above ADDRESS_AMOUNT_MAX counts as that */
	uint64_t max;    /* for the sum of the claims of this key and kind */

	/* Whether the claims of an owner count; NULL: all do. Those of this claim's own owner always do. */
	bool (*counts)(const void *context, unsigned owner);
	const void *context;
};

/*
 * Makes a claim. Returns its number, for address_shares_return(); 0 if the sum for its key and kind would exceed
 * `max`. A claim without others of that key and kind is always allowed.
 */
uint32_t address_shares_take(struct address_shares *shares, const struct address_claim *claim);

/* 0 is safe. */
void address_shares_return(struct address_shares *shares, uint32_t number);

/* Returns all claims of an owner that has ended. */
void address_shares_forget(struct address_shares *shares, unsigned owner);

/* How much of `all` one address may have: `percent` of it, but at least 1; percent 0: all. */
uint64_t address_share_of(uint64_t all, int percent);

#endif
