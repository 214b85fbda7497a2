/*
 * live_permits.h - how many live viewers there may be: http.max_viewers over all cameras, and per client address no
 * more than its share of them (http.address_share; this machine and proxies are exempt, see client_address.h).
 */
#ifndef FCGI_LIVE_LIVE_PERMITS_H
#define FCGI_LIVE_LIVE_PERMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/live/live_feed.h"
#include "fcgi/pool/address_shares.h"

struct live_permits {
	uint64_t viewers;
	struct address_shares *shares; /* owned */
};

/* False with errno. live_permits_free() is safe on a zeroed one. */
bool live_permits_init(struct live_permits *permits);
void live_permits_free(struct live_permits *permits);

/*
 * Acquires a permit for a viewer of that feed. Returns 200 and sets *claim for live_permits_release(), or returns
 * the status of a refusal (429, 503) and sets *why.
 */
int live_permits_acquire(struct live_permits *permits, struct live_feed *feed, const struct fastcgi_request *request,
			 uint32_t *claim, struct reason *why);
void live_permits_release(struct live_permits *permits, uint32_t claim);

#endif
