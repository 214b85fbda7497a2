/* live_permits.c - how many live viewers there may be. */
#include "fcgi/live/live_permits.h"

#include <inttypes.h>
#include <stdlib.h>

#include "fcgi/auth/client_address.h"

bool live_permits_init(struct live_permits *permits)
{
	*permits = (struct live_permits){.shares = calloc(1, sizeof(*permits->shares))};
	return permits->shares && address_shares_init(permits->shares);
}

void live_permits_free(struct live_permits *permits)
{
	free(permits->shares);
	*permits = (struct live_permits){0};
}

/* False if the address has its share of viewers; *claim is 0 if the address is not counted. */
static bool claim_share(struct live_permits *permits, const struct live_feed *feed,
			const struct fastcgi_request *request, uint32_t *claim)
{
	const struct config_http *http = &feed->http;
	struct ip_address address;

	*claim = 0;
	if (http->address_share == 0 || !client_address_from_request(request, http->proxies, &address))
		return true;
	const struct address_claim share = {
		.key = address_shares_key(permits->shares, &address),
		.amount = 1,
		.max = address_share_of(feed->max_viewers, http->address_share),
	};
	*claim = address_shares_take(permits->shares, &share);
	return *claim != 0;
}

int live_permits_acquire(struct live_permits *permits, struct live_feed *feed, const struct fastcgi_request *request,
			 uint32_t *claim, struct reason *why)
{
	uint64_t max = feed->max_viewers;

	if (!claim_share(permits, feed, request, claim)) {
		atomic_fetch_add(&feed->stats.counters->refused, 1);
		reason_set(why,
			   "Your address has its share of live viewers, %d %% of %" PRIu64
			   " (http.address_share). Try again soon. If many clients share a proxy, add the proxy to "
			   "http.proxies.",
			   feed->http.address_share, max);
		return 429;
	}
	if (permits->viewers < max) {
		permits->viewers++;
		return 200;
	}
	address_shares_return(permits->shares, *claim);
	atomic_fetch_add(&feed->stats.counters->refused, 1);
	reason_set(why, "There are %" PRIu64 " live viewers already, the maximum (http.max_viewers). Try again soon.",
		   max);
	return 503;
}

void live_permits_release(struct live_permits *permits, uint32_t claim)
{
	permits->viewers--;
	address_shares_return(permits->shares, claim);
}
