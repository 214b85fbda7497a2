/*
 * worker_slots.h - what the processes of one recorder-api share: one slot per worker, in anonymous shared memory.
 *
 * A worker writes its own slot only. The limits of [http] apply to the sums over all slots. The master clears a
 * slot when it has reaped its worker, so a killed worker keeps no permits.
 *
 * Workers are in groups (worker_groups.h). A worker that waits for a disk that does not respond cannot even be
 * killed: it hangs. Its permits do not count meanwhile, since nothing uses them, and a group has at most
 * WORKER_SLOTS_PER_GROUP processes, however often its workers are replaced.
 */
#ifndef FCGI_POOL_WORKER_SLOTS_H
#define FCGI_POOL_WORKER_SLOTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fcgi/pool/address_shares.h"
#include "fcgi/pool/address_turn.h"
#include "fcgi/pool/pass_table.h"
#include "fcgi/pool/remote_board.h"
#include "fcgi/pool/snapshot_cache.h"
#include "fcgi/pool/snapshot_queue.h"
#include "shared/base/clock.h"
#include "shared/base/histogram.h"

#define WORKER_SLOTS           1024
#define WORKER_SLOTS_PER_GROUP 16

/* A worker hangs if it has waited this long for a single response of the disk. */
#define WORKER_HANGS_US (3 * US_PER_S)

/* What only a limited number of requests may do at a time. */
enum api_permit {
	API_PERMIT_DOWNLOAD,
	API_PERMIT_TRANSCODE,
	API_PERMIT_STILL, /* decoding or scaling a single picture */
	API_PERMITS,
};

/* What is counted per client address. Single pictures are not: clients take turns at those (snapshot_queue.h). */
enum api_address_kind {
	API_ADDRESS_DOWNLOAD,
	API_ADDRESS_TRANSCODE,
	API_ADDRESS_MEMORY, /* KiB of responses in memory */
	API_ADDRESS_KINDS,
};

struct worker_slot {
	_Atomic int32_t pid;         /* 0: free */
	_Atomic uint32_t group;      /* worker_groups.h */
	_Atomic uint32_t generation; /* of the configuration that the worker uses */
	_Atomic int64_t busy_us;     /* when its current work began, on the monotonic clock; 0: it waits for work */
	_Atomic uint32_t permits[API_PERMITS]; /* in use */
	_Atomic uint64_t reserved_bytes;       /* of responses in memory that have not left yet */
	_Atomic uint32_t retiring;             /* accepts no more requests, ends its downloads */
	_Atomic uint64_t requests;
};

struct worker_slots {
	struct worker_slot slot[WORKER_SLOTS];
	_Atomic uint64_t requests_before; /* handled by workers that are gone */
	_Atomic uint64_t workers_died;    /* otherwise than by retiring */
	_Atomic uint32_t sandbox_logged;  /* one worker has logged its sandbox */
	_Atomic uint64_t responses[6];    /* by the first digit of the status */
	struct address_shares addresses;
	struct address_turn encodings;
	struct snapshot_cache snapshots;
	struct snapshot_queue snapshot_queue;
	struct pass_table passes;
	struct remote_board remote;
	struct histogram clip_delay; /* from a request for a clip to the beginning of its response */
};

/* NULL with errno if memory ran out, or the kernel has no random bytes. */
struct worker_slots *worker_slots_create(void);
void worker_slots_destroy(struct worker_slots *slots);

/* Takes a slot for one more worker of a group, and marks it busy. Returns its number; -1 if the group is full. */
int worker_slots_take(struct worker_slots *slots, uint32_t group);
void worker_slots_release(struct worker_slots *slots, int number);

/* How many more workers a group may have, and how many it has. */
int worker_slots_available(const struct worker_slots *slots, uint32_t group);
int worker_slots_taken(const struct worker_slots *slots, uint32_t group);

/*
 * How many workers accept requests and use this configuration. Workers with an older one do not count: they may
 * hang, and learn late or never that they are to retire.
 */
int worker_slots_accepting(const struct worker_slots *slots, uint32_t group, uint32_t generation);

/* For how long the group's worker that has been hanging longest has done so, in microseconds; 0: none hangs. */
int64_t worker_slots_hang_us(const struct worker_slots *slots, uint32_t group);

/* True if a group has a worker that accepts requests and does not hang, not counting slot `except` (-1: none). */
bool worker_slots_can_serve(const struct worker_slots *slots, uint32_t group, int except);

bool worker_slot_hangs(const struct worker_slots *slots, int number);

/*
 * Takes a permit in slot `own`, unless more than `max` would then be in use in all slots. API_PERMIT_STILL is
 * counted per group, so that a picture on a slow disk does not delay those of other cameras.
 */
bool worker_slots_acquire_permit(struct worker_slots *slots, int own, enum api_permit permit, uint32_t max);
void worker_slots_release_permit(struct worker_slots *slots, int own, enum api_permit permit);

/*
 * Makes a claim for the address `key` (address_shares.h) in slot `own`; API_ADDRESS_MEMORY is counted in KiB.
 * Returns its number; 0 if all claims of the address of that kind would exceed `max`. Those of hanging workers do
 * not count.
 */
uint32_t worker_slots_claim_share(struct worker_slots *slots, int own, enum api_address_kind kind, uint64_t key,
				  uint64_t amount, uint64_t max);

uint32_t worker_slots_permits_used(const struct worker_slots *slots, enum api_permit permit);

/* Reserves memory for a response. One response may be larger than `max` if it is the only one. */
bool worker_slots_reserve_memory(struct worker_slots *slots, int own, uint64_t bytes, uint64_t max);
void worker_slots_release_memory(struct worker_slots *slots, int own, uint64_t bytes);

uint64_t worker_slots_requests(const struct worker_slots *slots);

#endif
