/*
 * worker_slots.h - what the processes of one recorder-api share: a slot a worker, in anonymous shared memory.
 *
 * A worker writes its own slot only; the sums over all of them are what the limits of [http] are held against. The
 * master zeroes a slot when it has reaped its worker, so that a killed one takes no place with it.
 *
 * Workers are in groups (worker_groups.h). A worker that waits for a disk that does not answer cannot even be killed:
 * it hangs. Its places do not count while it does, since nothing of them is being used, and a group has no more than
 * WORKER_SLOTS_PER_GROUP processes, however often its workers are replaced meanwhile.
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
#include "fcgi/pool/snapshot_cache.h"
#include "shared/base/clock.h"
#include "shared/base/histogram.h"

#define WORKER_SLOTS           1024
#define WORKER_SLOTS_PER_GROUP 16

/* A worker hangs if it has waited for a single answer of the disk for so long. */
#define WORKER_HANGS_US (3 * US_PER_S)

enum api_permit {
	API_PERMIT_DOWNLOAD,
	API_PERMIT_TRANSCODE,
	API_PERMIT_STILL, /* a single picture is decoded or scaled */
	API_PERMITS,
};

/* What is counted for each address. Single pictures are made one at a time: whose turn it is, the shelf says. */
enum api_address_kind {
	API_ADDRESS_DOWNLOAD,
	API_ADDRESS_TRANSCODE,
	API_ADDRESS_MEMORY, /* KiB of answers in memory */
	API_ADDRESS_KINDS,
};

struct worker_slot {
	_Atomic int32_t pid;                  /* 0: free */
	_Atomic uint32_t group;               /* worker_groups.h */
	_Atomic uint32_t generation;          /* of the configuration that it works by */
	_Atomic int64_t busy_us;              /* on the monotonic clock: began the work of now; 0: waits for work */
	_Atomic uint32_t places[API_PERMITS]; /* taken */
	_Atomic uint64_t held_bytes;          /* of answers in memory that have not left yet */
	_Atomic uint32_t retiring;            /* accepts nothing any more, ends its downloads */
	_Atomic uint64_t requests;
};

struct worker_slots {
	struct worker_slot slot[WORKER_SLOTS];
	_Atomic uint64_t requests_before; /* of workers that are gone */
	_Atomic uint64_t workers_died;    /* not by retiring */
	_Atomic uint32_t sandbox_logged;  /* the log says how workers are locked up */
	_Atomic uint64_t answers[6];      /* by the first digit of their status */
	struct address_shares addresses;
	struct address_turn encodings;
	struct snapshot_cache stills;
	struct pass_table passes;
	struct histogram clips; /* from a request for a clip to the beginning of its answer */
};

/* NULL with errno where memory is short, or the kernel has no random bytes. */
struct worker_slots *worker_slots_create(void);
void worker_slots_destroy(struct worker_slots *slots);

/* Number of a slot for one more worker of a group, now taken and busy; -1 if the group has all that it may have. */
int worker_slots_take(struct worker_slots *slots, uint32_t group);
void worker_slots_release(struct worker_slots *slots, int number);

/* How many more workers a group may have, and how many it has. */
int worker_slots_available(const struct worker_slots *slots, uint32_t group);
int worker_slots_taken(const struct worker_slots *slots, uint32_t group);

/*
 * How many take requests and work by that configuration. One of before does not count: it may hang, and hear late or
 * never that it is to retire.
 */
int worker_slots_accepting(const struct worker_slots *slots, uint32_t group, uint32_t generation);

/* How long the worker of a group that hangs longest has done so, in microseconds; 0: none hangs. */
int64_t worker_slots_hang_us(const struct worker_slots *slots, uint32_t group);

/* Whether a group has a worker that takes requests and does not hang, other than that in slot `but` (-1: none). */
bool worker_slots_can_serve(const struct worker_slots *slots, uint32_t group, int but);

bool worker_slot_hangs(const struct worker_slots *slots, int number);

/*
 * Takes a place in the own slot unless that makes more than `max` in all of them; a picture (API_PERMIT_STILL) in all of the
 * group, so that one that is read from a slow disk keeps no other camera's waiting.
 */
bool worker_slots_acquire_permit(struct worker_slots *slots, int own, enum api_permit place, uint32_t max);
void worker_slots_release_permit(struct worker_slots *slots, int own, enum api_permit place);

/*
 * The number of a claim that the address `key` (address_shares.h) makes in the own slot, in bytes / 1024 for
 * API_ADDRESS_MEMORY; 0 if all its claims of that kind would come to more than `most`. Those of hanging workers do not
 * count.
 */
uint32_t worker_slots_claim_share(struct worker_slots *slots, int own, enum api_address_kind kind, uint64_t key,
				  uint64_t amount, uint64_t most);

uint32_t worker_slots_permits_used(const struct worker_slots *slots, enum api_permit place);

/* The same for bytes of memory; a single answer may be larger than `max`, where it is the only one. */
bool worker_slots_reserve_memory(struct worker_slots *slots, int own, uint64_t bytes, uint64_t max);
void worker_slots_release_memory(struct worker_slots *slots, int own, uint64_t bytes);

uint64_t worker_slots_requests(const struct worker_slots *slots);

#endif
