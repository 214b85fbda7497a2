/*
 * pass_table.h - the requests that workers have passed on to others, in shared memory (worker_slots.h).
 *
 * Both workers hold the connection: the one that read the request (the owner), and the one that continues with it
 * (the taker), which may hang in a disk at any moment. The one that claims the response sends it; the other one
 * silently closes its copy of the connection.
 *
 *     begin (owner) -> PASS_WAITING -> take (taker) -> PASS_TAKEN -> claim (taker) -> PASS_ANSWERED -> end (owner)
 *                          '--------- revoke (owner) ---'
 *
 * A pass is one atomic word: its number, which is never used again, the slots of both workers, and its state. A
 * worker that dies leaves nothing behind: the master forgets its passes, and those that it had taken but not
 * claimed.
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

/* Identifies a pass; number 0: none. */
struct pass_ticket {
	uint64_t number;
	uint32_t entry; /* below PASS_TABLE_ENTRIES */
};

/* For the owner: begins a pass. False if the table is full. */
bool pass_table_begin(struct pass_table *passes, int owner, struct pass_ticket *out);

/* For the taker. False if the owner has revoked the pass, or has died. */
bool pass_table_take(struct pass_table *passes, const struct pass_ticket *ticket, int taker);
bool pass_table_claim(struct pass_table *passes, const struct pass_ticket *ticket);

/* For the owner: the state of the pass; *taker is valid from PASS_TAKEN on. PASS_FREE: the master has forgotten it. */
enum pass_state pass_table_state(const struct pass_table *passes, const struct pass_ticket *ticket, int *taker);

/* For the owner: takes the request back and ends the pass. False if the taker has claimed the response. */
bool pass_table_revoke(struct pass_table *passes, const struct pass_ticket *ticket);

/* Forgets the passes of a worker that has ended, and those that it had taken but not claimed. */
void pass_table_forget_worker(struct pass_table *passes, int worker);

#endif
