/* live_permits.c - how many live viewers and clients of /events/live there may be. */
#include "fcgi/live/live_permits.h"

#include <inttypes.h>
#include <stdlib.h>

#include "fcgi/auth/client_address.h"

static const struct {
	const char *clients, *key;
} words[] = {
	[LIVE_PERMIT_VIEW] = {"live viewers", "http.max_viewers"},
	[LIVE_PERMIT_EVENTS] = {"clients of /events/live", "http.max_event_clients"},
};

static uint64_t max_of(const struct live_permits *permits, const struct live_feed *feed)
{
	return permits->kind == LIVE_PERMIT_EVENTS ? feed->max_event_clients : feed->max_viewers;
}

bool live_permits_init(struct live_permits *permits, enum live_permit kind)
{
	*permits = (struct live_permits){.kind = kind, .shares = calloc(1, sizeof(*permits->shares))};
	return permits->shares && address_shares_init(permits->shares);
}

void live_permits_free(struct live_permits *permits)
{
	free(permits->shares);
	*permits = (struct live_permits){0};
}

/* False if the address has its share of clients; *claim is 0 if the address is not counted. */
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
		.max = address_share_of(max_of(permits, feed), http->address_share),
	};
	*claim = address_shares_take(permits->shares, &share);
	return *claim != 0;
}

/* /metrics has those of viewers. */
static void count_refusal(const struct live_permits *permits, struct live_feed *feed)
{
	if (permits->kind == LIVE_PERMIT_VIEW)
		atomic_fetch_add(&feed->stats.counters->refused, 1);
}

int live_permits_acquire(struct live_permits *permits, struct live_feed *feed, const struct fastcgi_request *request,
			 uint32_t *claim, struct reason *why)
{
	uint64_t max = max_of(permits, feed);

	if (!claim_share(permits, feed, request, claim)) {
		count_refusal(permits, feed);
		reason_set(why,
			   "Your address has its share of %s, %d %% of %" PRIu64
			   " (http.address_share). Try again soon. If many clients share a proxy, add the proxy to "
			   "http.proxies.",
			   words[permits->kind].clients, feed->http.address_share, max);
		return 429;
	}
	if (permits->clients < max) {
		permits->clients++;
		return 200;
	}
	address_shares_return(permits->shares, *claim);
	count_refusal(permits, feed);
	reason_set(why, "There are %" PRIu64 " %s already, the maximum (%s). Try again soon.", max,
		   words[permits->kind].clients, words[permits->kind].key);
	return 503;
}

void live_permits_release(struct live_permits *permits, uint32_t claim)
{
	permits->clients--;
	address_shares_return(permits->shares, claim);
}
