/* pass_table.c - the requests that workers have passed on to others. */
#include "fcgi/pool/pass_table.h"

#define STATE_BITS  2
#define SLOT_BITS   12
#define OWNER_AT    (STATE_BITS + SLOT_BITS)
#define NUMBER_AT   (OWNER_AT + SLOT_BITS)
#define NUMBER_LAST ((UINT64_C(1) << (64 - NUMBER_AT)) - 1)

static uint64_t word_of(uint64_t number, int owner, int taker, enum pass_state state)
{
	return number << NUMBER_AT | (uint64_t)owner << OWNER_AT | (uint64_t)taker << STATE_BITS | (uint64_t)state;
}

static enum pass_state state_of(uint64_t word)
{
	return (enum pass_state)(word & ((1u << STATE_BITS) - 1));
}

static int slot_at(uint64_t word, int bit)
{
	return (int)(word >> bit & ((1u << SLOT_BITS) - 1));
}

/*
 * Changes the state if it is `from` and the entry still holds this pass. A negative `taker` leaves the taker
 * unchanged.
 */
static bool move(struct pass_table *passes, const struct pass_ticket *ticket, enum pass_state from, enum pass_state to,
		 int taker)
{
	_Atomic uint64_t *at = &passes->word[ticket->entry];
	uint64_t word = atomic_load(at);

	if (word >> NUMBER_AT != ticket->number || state_of(word) != from)
		return false;
	uint64_t next =
		word_of(ticket->number, slot_at(word, OWNER_AT), taker < 0 ? slot_at(word, STATE_BITS) : taker, to);
	return atomic_compare_exchange_strong(at, &word, next);
}

bool pass_table_begin(struct pass_table *passes, int owner, struct pass_ticket *out)
{
	uint64_t number = (atomic_fetch_add(&passes->last_number, 1) + 1) & NUMBER_LAST;

	for (uint32_t i = 0; i < PASS_TABLE_ENTRIES; i++) {
		uint32_t entry = (uint32_t)((number + i) % PASS_TABLE_ENTRIES);
		uint64_t word = atomic_load(&passes->word[entry]);
		if (state_of(word) != PASS_FREE ||
		    !atomic_compare_exchange_strong(&passes->word[entry], &word,
						    word_of(number, owner, 0, PASS_WAITING)))
			continue;
		*out = (struct pass_ticket){number, entry};
		return true;
	}
	return false;
}

/* The ticket comes from another process, so its entry is checked. */
bool pass_table_take(struct pass_table *passes, const struct pass_ticket *ticket, int taker)
{
	return ticket->entry < PASS_TABLE_ENTRIES && move(passes, ticket, PASS_WAITING, PASS_TAKEN, taker);
}

bool pass_table_claim(struct pass_table *passes, const struct pass_ticket *ticket)
{
	return move(passes, ticket, PASS_TAKEN, PASS_ANSWERED, -1);
}

enum pass_state pass_table_state(const struct pass_table *passes, const struct pass_ticket *ticket, int *taker)
{
	uint64_t word = atomic_load(&passes->word[ticket->entry]);

	*taker = slot_at(word, STATE_BITS);
	return word >> NUMBER_AT == ticket->number ? state_of(word) : PASS_FREE;
}

bool pass_table_revoke(struct pass_table *passes, const struct pass_ticket *ticket)
{
	/* In this order: between two of these calls the state may advance, but never go back. */
	if (move(passes, ticket, PASS_WAITING, PASS_FREE, -1) || move(passes, ticket, PASS_TAKEN, PASS_FREE, -1))
		return true;
	move(passes, ticket, PASS_ANSWERED, PASS_FREE, -1);
	return false;
}

static bool concerns(uint64_t word, int worker)
{
	enum pass_state state = state_of(word);

	return (state != PASS_FREE && slot_at(word, OWNER_AT) == worker) ||
	       (state == PASS_TAKEN && slot_at(word, STATE_BITS) == worker);
}

void pass_table_forget_worker(struct pass_table *passes, int worker)
{
	for (uint32_t i = 0; i < PASS_TABLE_ENTRIES; i++) {
		uint64_t word = atomic_load(&passes->word[i]);
		while (concerns(word, worker) &&
		       !atomic_compare_exchange_strong(&passes->word[i], &word,
						       word_of(word >> NUMBER_AT, 0, 0, PASS_FREE)))
			;
	}
}
