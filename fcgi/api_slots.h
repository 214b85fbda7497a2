/*
 * api_slots.h - what the processes of one recorder-api share: a slot a worker, in anonymous shared memory.
 *
 * A worker writes its own slot only; the sums over all of them are what the limits of [http] are held against. The
 * master zeroes a slot when it has reaped its worker, so that a killed one takes no place with it.
 */
#ifndef FCGI_API_SLOTS_H
#define FCGI_API_SLOTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fcgi/still_shelf.h"
#include "shared/histogram.h"

#define API_SLOTS 64

enum api_place {
	API_DOWNLOAD,
	API_TRANSCODE,
	API_STILL, /* a single picture is decoded or scaled */
	API_PLACES,
};

struct api_slot {
	_Atomic int32_t pid;                 /* 0: free */
	_Atomic uint32_t places[API_PLACES]; /* taken */
	_Atomic uint64_t held_bytes;         /* of answers in memory that have not left yet */
	_Atomic uint32_t retiring;           /* accepts nothing any more, ends its downloads */
	_Atomic uint64_t requests;
};

struct api_slots {
	struct api_slot slot[API_SLOTS];
	_Atomic uint64_t requests_before; /* of workers that are gone */
	_Atomic uint64_t workers_died;    /* not by retiring */
	_Atomic uint32_t lock_said;       /* the log says how workers are locked up */
	_Atomic uint64_t answers[6];      /* by the first digit of their status */
	struct still_shelf stills;
	struct histogram clips; /* from a request for a clip to the beginning of its answer */
};

/* NULL with errno where memory is short. */
struct api_slots *api_slots_create(void);
void api_slots_destroy(struct api_slots *slots);

/* Number of a free slot, now taken; -1 where all are. */
int api_slots_take(struct api_slots *slots);
void api_slots_release(struct api_slots *slots, int number);
int api_slots_free(const struct api_slots *slots);

/* Takes a place in the own slot unless that makes more than `max` in all of them. */
bool api_slots_begin(struct api_slots *slots, int own, enum api_place place, uint32_t max);
void api_slots_end(struct api_slots *slots, int own, enum api_place place);
uint32_t api_slots_sum(const struct api_slots *slots, enum api_place place);

/* The same for bytes of memory; a single answer may be larger than `max`, where it is the only one. */
bool api_slots_hold(struct api_slots *slots, int own, uint64_t bytes, uint64_t max);
void api_slots_let_go(struct api_slots *slots, int own, uint64_t bytes);

uint64_t api_slots_requests(const struct api_slots *slots);

#endif
