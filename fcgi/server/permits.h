/*
 * permits.h - what a request holds of what all requests share: permits for downloads and encodings, and memory for
 * responses.
 *
 * The limits are those of [http] and apply to all workers together (worker_slots.h). No address gets more than its
 * share of each (http.address_share), except for this machine and the configured proxies (client_address.h).
 */
#ifndef FCGI_SERVER_PERMITS_H
#define FCGI_SERVER_PERMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/pool/worker_slots.h"

struct api_request;

/* Part of a request. */
struct api_permits {
	bool held[API_PERMITS];
	uint64_t reserved_bytes;
	bool address_known;                 /* address_key has been looked up */
	uint64_t address_key;               /* see address_shares.h; 0: the address is not counted */
	uint32_t claims[API_ADDRESS_KINDS]; /* 0: none */
	bool share_exceeded;                /* the last refusal was because of this address alone */
	bool must_wait; /* the last refusal was because another address is waiting for the only permit */
};

/*
 * Acquires one of the permits that the configuration allows for all workers together; it is released when the request
 * ends. False if all are in use, or this address has its share of them: respond_no_permit() says which.
 */
bool api_acquire(struct api_request *request, enum api_permit permit);

/* Releases it earlier. */
void api_release(struct api_request *request, enum api_permit permit);

/*
 * Reserves memory for a response until it has left: what clients do not read stays in memory. False if all workers
 * together hold as much as they may, or this address does.
 */
bool api_reserve_memory(struct api_request *request, uint64_t bytes);

/* Stands for the client's address in shared memory; 0: the address is not counted. */
uint64_t api_address_key(struct api_request *request);

#endif
