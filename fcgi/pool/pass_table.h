/*
 * pass_table.h - requests that one worker has passed on to another, in memory that all workers of a recorder-api share
 * (worker_slots.h).
 *
 * Both workers hold the connection: the one that has read the request (the owner), and the one that goes on with it
 * (the taker), which may come to hang in a disk at any moment. Whoever claims the answer gives it; the other one closes
 * its copy of the connection in silence.
 *
 *     begin (owner) -> PASS_WAITING -> take (taker) -> PASS_TAKEN -> claim (taker) -> PASS_ANSWERED -> end (owner)
 *                          '------------ back (owner) --'
 *
 * A pass is one atomic word: its number, which is never used again, the slots of both workers, and its state. A worker
 * that dies leaves nothing behind: the master forgets its passes, also those that it has taken and not claimed.
 */
#ifndef FCGI_POOL_PASS_TABLE_H
#define FCGI_POOL_PASS_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PASS_TABLE_ENTRIES 1024

enum pass_state {
	PASS_FREE,
	PASS_WAITING,
	PASS_TAKEN,
	PASS_ANSWERED,
};

struct pass_table {
	_Atomic uint64_t last_number;
	_Atomic uint64_t word[PASS_TABLE_ENTRIES]; /* from the highest bit on: number 38, owner 12, taker 12, state 2 */
};

/* Which one: `number` 0 is none. */
struct pass_ticket {
	uint64_t number;
	uint32_t place; /* below PASS_TABLE_ENTRIES */
};

/* The owner: a pass that waits. False where there is no room for one. */
bool pass_table_begin(struct pass_table *passes, int owner, struct pass_ticket *out);

/* The taker: false where the owner has it back, or has gone. */
bool pass_table_take(struct pass_table *passes, const struct pass_ticket *ticket, int taker);
bool pass_table_claim(struct pass_table *passes, const struct pass_ticket *ticket);

/* The owner: what has become of it; *taker is good from PASS_TAKEN on. PASS_FREE: the master has forgotten it. */
enum pass_state pass_table_state(const struct pass_table *passes, const struct pass_ticket *ticket, int *taker);

/* The owner: takes it back, and forgets it. False where the taker gives, or gave, the answer. */
bool pass_table_revoke(struct pass_table *passes, const struct pass_ticket *ticket);

/* A worker is no more: its own passes, and those that it has taken and not claimed. */
void pass_table_forget_worker(struct pass_table *passes, int worker);

#endif
