/* live_places.c - see live_places.h. */
#include "fcgi/live/live_places.h"

#include <inttypes.h>
#include <stdlib.h>

#include "fcgi/auth/client_address.h"

bool live_permits_init(struct live_permits *places)
{
	*places = (struct live_permits){.shares = calloc(1, sizeof(*places->shares))};
	return places->shares && address_shares_init(places->shares);
}

void live_permits_finish(struct live_permits *places)
{
	free(places->shares);
	*places = (struct live_permits){0};
}

/* False if the address has as many viewers as one may have; *claim is 0 if it is not counted. */
static bool claim_share(struct live_permits *places, const struct live_feed *feed,
			const struct fastcgi_request *request, uint32_t *claim)
{
	const struct config_http *http = &feed->http;
	struct ip_address address;

	*claim = 0;
	if (http->address_share == 0 || !client_address_from_request(request, http->proxies, &address))
		return true;
	const struct address_claim wanted = {
		.key = address_shares_key(places->shares, &address),
		.amount = 1,
		.max = address_share_of(feed->max_viewers, http->address_share),
	};
	*claim = address_shares_take(places->shares, &wanted);
	return *claim != 0;
}

int live_permits_acquire(struct live_permits *places, struct live_feed *feed, const struct fastcgi_request *request,
			 uint32_t *claim, struct reason *why)
{
	uint64_t most = feed->max_viewers;

	if (!claim_share(places, feed, request, claim)) {
		atomic_fetch_add(&feed->account.counters->refused, 1);
		reason_set(why,
			   "Your address has as many live viewers as a single one may have: %d %% of %" PRIu64
			   " (http.address_share). Try again soon; a proxy that many share belongs into http.proxies.",
			   feed->http.address_share, most);
		return 429;
	}
	if (places->viewers < most) {
		places->viewers++;
		return 200;
	}
	address_shares_return(places->shares, *claim);
	atomic_fetch_add(&feed->account.counters->refused, 1);
	reason_set(why, "All %" PRIu64 " places for live viewers are taken; try again in a moment.", most);
	return 503;
}

void live_permits_release(struct live_permits *places, uint32_t claim)
{
	places->viewers--;
	address_shares_return(places->shares, claim);
}
