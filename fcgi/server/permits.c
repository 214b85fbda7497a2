/* permits.c - what a request holds of what all requests share. */
#include "fcgi/server/permits.h"

#include "fcgi/auth/client_address.h"
#include "fcgi/server/worker_internal.h"

#define STILLS_MAX 1 /* other requests wait their turn (snapshot_cache.h) */

/* For responses that clients have not read yet, over all workers. */
#define RESERVED_MAX_BYTES (UINT64_C(64) << 20)

static struct api_permits *permits_of(struct api_request *request)
{
	return &worker_request_of(request)->permits;
}

static int own_slot(const struct api_request *request)
{
	return worker_request_const(request)->worker->setup.slot;
}

uint64_t api_address_key(struct api_request *request)
{
	struct api_permits *permits = permits_of(request);
	struct ip_address address;

	if (!permits->address_known &&
	    client_address_from_request(request->fcgi, request_limits(request)->proxies, &address))
		permits->address_key = address_shares_key(&api_shared(request)->addresses, &address);
	permits->address_known = true;
	return permits->address_key;
}

/* Claims `amount` of `all` for the request's address. */
static bool claim(struct api_request *request, enum api_address_kind kind, uint64_t amount, uint64_t all)
{
	struct api_permits *permits = permits_of(request);
	uint64_t key = api_address_key(request);
	int percent = request_limits(request)->address_share;

	permits->share_exceeded = false;
	if (key == 0 || percent == 0)
		return true;
	permits->claims[kind] = worker_slots_claim_share(api_shared(request), own_slot(request), kind, key, amount,
							 address_share_of(all, percent));
	permits->share_exceeded = permits->claims[kind] == 0;
	return !permits->share_exceeded;
}

static void unclaim(struct api_request *request, enum api_address_kind kind)
{
	struct api_permits *permits = permits_of(request);

	address_shares_return(&api_shared(request)->addresses, permits->claims[kind]);
	permits->claims[kind] = 0;
}

static uint32_t limit_of(const struct config_http *limits, enum api_permit permit)
{
	switch (permit) {
	case API_PERMIT_DOWNLOAD:
		return (uint32_t)limits->max_downloads;
	case API_PERMIT_TRANSCODE:
		return (uint32_t)limits->max_transcodes;
	default:
		return STILLS_MAX;
	}
}

/* API_ADDRESS_KINDS: the permit is not counted per address. */
static enum api_address_kind kind_of(enum api_permit permit)
{
	static const enum api_address_kind kinds[API_PERMITS] = {
		[API_PERMIT_DOWNLOAD] = API_ADDRESS_DOWNLOAD,
		[API_PERMIT_TRANSCODE] = API_ADDRESS_TRANSCODE,
		[API_PERMIT_STILL] = API_ADDRESS_KINDS,
	};

	return kinds[permit];
}

/* Addresses take turns at a permit of which there is only one, since no share can divide it. NULL: they do not. */
static struct address_turn *turn_for(struct api_request *request, enum api_permit permit)
{
	const struct config_http *limits = request_limits(request);
	bool shared = limits->address_share > 0 && limits->address_share < 100;

	if (permit != API_PERMIT_TRANSCODE || limit_of(limits, permit) != 1 || !shared)
		return NULL;
	return &api_shared(request)->encodings;
}

static bool take_permit(struct api_request *request, enum api_permit permit, uint32_t max)
{
	struct address_turn *turn = turn_for(request, permit);
	bool taken = worker_slots_acquire_permit(api_shared(request), own_slot(request), permit, max);

	if (turn && taken)
		address_turn_taken(turn, api_address_key(request));
	else if (turn)
		address_turn_refused(turn, api_address_key(request));
	return taken;
}

bool api_acquire(struct api_request *request, enum api_permit permit)
{
	struct api_permits *permits = permits_of(request);
	uint32_t max = limit_of(request_limits(request), permit);
	enum api_address_kind kind = kind_of(permit);
	const struct address_turn *turn = turn_for(request, permit);

	if (permits->held[permit])
		return true;
	permits->must_wait = turn && address_turn_must_wait(turn, api_address_key(request));
	if (permits->must_wait)
		return false;
	if (kind != API_ADDRESS_KINDS && !claim(request, kind, 1, max))
		return false;
	permits->held[permit] = take_permit(request, permit, max);
	if (!permits->held[permit] && kind != API_ADDRESS_KINDS)
		unclaim(request, kind);
	return permits->held[permit];
}

void api_release(struct api_request *request, enum api_permit permit)
{
	struct api_permits *permits = permits_of(request);

	if (!permits->held[permit])
		return;
	permits->held[permit] = false;
	worker_slots_release_permit(api_shared(request), own_slot(request), permit);
	if (kind_of(permit) != API_ADDRESS_KINDS)
		unclaim(request, kind_of(permit));
}

/* A request has one response, so this is called once for each. */
bool api_reserve_memory(struct api_request *request, uint64_t bytes)
{
	if (!claim(request, API_ADDRESS_MEMORY, (bytes + 1023) / 1024, RESERVED_MAX_BYTES / 1024))
		return false;
	if (worker_slots_reserve_memory(api_shared(request), own_slot(request), bytes, RESERVED_MAX_BYTES)) {
		permits_of(request)->reserved_bytes += bytes;
		return true;
	}
	unclaim(request, API_ADDRESS_MEMORY);
	return false;
}

void permits_release_all(struct api_request *request)
{
	struct api_permits *permits = permits_of(request);

	for (int permit = 0; permit < API_PERMITS; permit++)
		api_release(request, (enum api_permit)permit);
	worker_slots_release_memory(api_shared(request), own_slot(request), permits->reserved_bytes);
	permits->reserved_bytes = 0;
	unclaim(request, API_ADDRESS_MEMORY);
}
