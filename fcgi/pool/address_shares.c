/* address_shares.c - how much of each limited resource every client address uses. */
#include "fcgi/pool/address_shares.h"

#include <assert.h>
#include <string.h>
#include <sys/random.h>

#include <sha2.h>

/* The fields of a word, from the lowest bit on. The owner is stored plus one, so that no claim is 0. */
#define HASH_BITS   32
#define KIND_AT     HASH_BITS
#define AMOUNT_AT   (KIND_AT + 3)
#define AMOUNT_BITS 18
#define OWNER_AT    (AMOUNT_AT + AMOUNT_BITS)
#define SAME_MASK   ((UINT64_C(1) << AMOUNT_AT) - 1) /* hash and kind */

static_assert(ADDRESS_KINDS <= 1u << (AMOUNT_AT - KIND_AT), "a kind has 3 bits");
static_assert(ADDRESS_OWNERS < 1u << (64 - OWNER_AT), "an owner has 11 bits");
static_assert(ADDRESS_AMOUNT_MAX < 1u << AMOUNT_BITS, "an amount has 18 bits");

bool address_shares_init(struct address_shares *shares)
{
	memset(shares, 0, sizeof(*shares));
	return getrandom(shares->secret, sizeof(shares->secret), 0) == (ssize_t)sizeof(shares->secret);
}

/*
 * SHA-256 of the secret and the address. Both have a fixed length and only a part of the hash is used, so a length
 * extension attack gains nothing.
 */
uint64_t address_shares_key(const struct address_shares *shares, const struct ip_address *address)
{
	const struct ip_address part = ip_address_network_part(address);
	uint8_t hash[SHA256_DIGEST_LENGTH];
	uint32_t key;
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, shares->secret, sizeof(shares->secret));
	SHA256Update(&context, part.bytes, sizeof(part.bytes));
	SHA256Final(hash, &context);
	memcpy(&key, hash, sizeof(key));
	return key != 0 ? key : 1;
}

static uint64_t word_of(const struct address_claim *claim)
{
	uint64_t amount = claim->amount < ADDRESS_AMOUNT_MAX ? claim->amount : ADDRESS_AMOUNT_MAX;

	return (uint64_t)(claim->owner + 1) << OWNER_AT | amount << AMOUNT_AT | (uint64_t)claim->kind << KIND_AT |
	       claim->key;
}

static unsigned owner_of(uint64_t word)
{
	return (unsigned)(word >> OWNER_AT) - 1;
}

static uint64_t amount_of(uint64_t word)
{
	return word >> AMOUNT_AT & ((1u << AMOUNT_BITS) - 1);
}

/* Stores a word. Returns its number, or 0 if the table is full. */
static uint32_t put(struct address_shares *shares, uint64_t word)
{
	for (uint32_t i = 0; i < ADDRESS_CLAIMS; i++) {
		uint64_t expected = 0;
		if (!atomic_compare_exchange_strong(&shares->word[i], &expected, word))
			continue;
		uint32_t used = atomic_load(&shares->used);
		while (used < i + 1 && !atomic_compare_exchange_weak(&shares->used, &used, i + 1))
			;
		return i + 1;
	}
	return 0;
}

/* The sum of all claims with the same key and kind that count, this one included. */
static uint64_t sum_of(const struct address_shares *shares, const struct address_claim *claim, uint64_t word)
{
	uint32_t used = atomic_load(&shares->used);
	uint64_t sum = 0;

	for (uint32_t i = 0; i < used; i++) {
		uint64_t other = atomic_load(&shares->word[i]);
		if (other == 0 || ((other ^ word) & SAME_MASK) != 0)
			continue;
		if (owner_of(other) == claim->owner || !claim->counts || claim->counts(claim->context, owner_of(other)))
			sum += amount_of(other);
	}
	return sum;
}

uint32_t address_shares_take(struct address_shares *shares, const struct address_claim *claim)
{
	uint64_t word = word_of(claim);
	uint32_t number = put(shares, word);

	if (number == 0)
		return 0;
	uint64_t sum = sum_of(shares, claim, word);
	if (sum <= claim->max || sum == amount_of(word))
		return number;
	address_shares_return(shares, number);
	return 0;
}

void address_shares_return(struct address_shares *shares, uint32_t number)
{
	if (number > 0)
		atomic_store(&shares->word[number - 1], 0);
}

void address_shares_forget(struct address_shares *shares, unsigned owner)
{
	uint32_t used = atomic_load(&shares->used);

	for (uint32_t i = 0; i < used; i++) {
		uint64_t word = atomic_load(&shares->word[i]);
		if (word != 0 && owner_of(word) == owner)
			atomic_compare_exchange_strong(&shares->word[i], &word, 0);
	}
}

uint64_t address_share_of(uint64_t all, int percent)
{
	uint64_t share = percent > 0 && percent < 100 ? all * (uint64_t)percent / 100 : all;

	return share > 0 ? share : 1;
}
