/*
 * live_places.h - who may be a live viewer: http.max_viewers over all cameras, and of these no more for one address
 * than its share (http.address_share; loopback and proxies apart, see client_address.h).
 */
#ifndef FCGI_LIVE_LIVE_PLACES_H
#define FCGI_LIVE_LIVE_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/live/live_feed.h"
#include "fcgi/pool/address_shares.h"

struct live_permits {
	uint64_t viewers;
	struct address_shares *shares; /* owned */
};

/* False with errno. live_permits_finish() is safe on a zeroed one. */
bool live_permits_init(struct live_permits *places);
void live_permits_finish(struct live_permits *places);

/*
 * Takes a place for a viewer of that feed: 200, and *claim is what to give back with it; else the status of a refusal
 * (429, 503) and a sentence.
 */
int live_permits_acquire(struct live_permits *places, struct live_feed *feed, const struct fastcgi_request *request,
			 uint32_t *claim, struct reason *why);
void live_permits_release(struct live_permits *places, uint32_t claim);

#endif
