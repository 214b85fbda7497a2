/*
 * live_permits.h - how many clients of a kind there may be over all cameras: http.max_viewers live viewers, and
 * http.max_event_clients clients of /events/live. Per client address there may be no more than its share of them (http.address_share; this machine and proxies are exempt, see client_address.h).
 */
#ifndef FCGI_LIVE_LIVE_PERMITS_H
#define FCGI_LIVE_LIVE_PERMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/feed/live_feed.h"
#include "fcgi/pool/address_shares.h"

enum live_permit { LIVE_PERMIT_VIEW, LIVE_PERMIT_EVENTS };

struct live_permits {
	enum live_permit kind;
	uint64_t clients;
	struct address_shares *shares; /* owned */
};

/* False with errno. live_permits_free() is safe on a zeroed one. */
bool live_permits_init(struct live_permits *permits, enum live_permit kind);
void live_permits_free(struct live_permits *permits);

/*
 * Acquires a permit for a client of that feed. Returns 200 and sets *claim for live_permits_release(), or returns
 * the status of a refusal (429, 503) and sets *why.
 */
int live_permits_acquire(struct live_permits *permits, struct live_feed *feed, const struct fastcgi_request *request,
			 uint32_t *claim, struct reason *why);
void live_permits_release(struct live_permits *permits, uint32_t claim);

#endif
