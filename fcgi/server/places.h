/*
 * places.h - what a request takes of what all requests share: places for downloads and encodings, and memory for
 * answers. Limits are those of [http], over all workers (worker_slots.h); of each no address has more than its share
 * (http.address_share), loopback and proxies apart (client_address.h).
 */
#ifndef FCGI_SERVER_PLACES_H
#define FCGI_SERVER_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/pool/worker_slots.h"

struct api_request;

/* Part of a request. */
struct api_permits {
	bool places[API_PERMITS];
	uint64_t held_bytes;
	bool address_known;                 /* whether address_key was looked for */
	uint64_t address_key;               /* of address_shares.h; 0: its address is not counted */
	uint32_t claims[API_ADDRESS_KINDS]; /* 0: none */
	bool share_exceeded;                /* what was refused last was refused to this address alone */
	bool must_wait;                     /* likewise, since another address waits for the only place */
};

/*
 * Takes a place among those that the configuration allows for all workers; it is given back when the request ends.
 * False if all are taken, or as many as one address may have (respond_no_permit() says which).
 */
bool api_acquire(struct api_request *request, enum api_permit place);

/* Gives it back earlier. */
void api_release(struct api_request *request, enum api_permit place);

/*
 * Counts the bytes of an answer that is sent from memory, until it has left: what clients do not take stays there.
 * False if all workers together hold as much as they may, or this address does.
 */
bool api_reserve_memory(struct api_request *request, uint64_t bytes);

/* What stands for the client's address in shared memory; 0: it is not counted. */
uint64_t api_address_key(struct api_request *request);

#endif
