/* places.c - see places.h. */
#include "fcgi/server/places.h"

#include "fcgi/auth/client_address.h"
#include "fcgi/server/worker_internal.h"

#define STILLS_MAX 1 /* who comes meanwhile waits (snapshot_cache.h) */

/* Of answers in memory that clients have not taken yet, in all workers. */
#define RESERVED_MAX_BYTES (UINT64_C(64) << 20)

static const struct config_http *limits_of(const struct api_request *request)
{
	const struct api_camera *camera = request->camera ? request->camera : &request->cameras[0];

	return &camera->config->http;
}

uint64_t api_address_key(struct api_request *request)
{
	struct api_permits *taken = &request->taken;
	struct ip_address address;

	if (!taken->address_known && client_address_from_request(request->fcgi, limits_of(request)->proxies, &address))
		taken->address_key = address_shares_key(&api_shared(request)->addresses, &address);
	taken->address_known = true;
	return taken->address_key;
}

/* Claims so much of `all` for the request's address. */
static bool claim(struct api_request *request, enum api_address_kind kind, uint64_t amount, uint64_t all)
{
	const struct worker_setup *setup = &request->worker->setup;
	struct api_permits *taken = &request->taken;
	uint64_t key = api_address_key(request);
	int percent = limits_of(request)->address_share;

	taken->share_exceeded = false;
	if (key == 0 || percent == 0)
		return true;
	taken->claims[kind] =
		worker_slots_claim_share(setup->slots, setup->slot, kind, key, amount, address_share_of(all, percent));
	taken->share_exceeded = taken->claims[kind] == 0;
	return !taken->share_exceeded;
}

static void unclaim(struct api_request *request, enum api_address_kind kind)
{
	address_shares_return(&api_shared(request)->addresses, request->taken.claims[kind]);
	request->taken.claims[kind] = 0;
}

static uint32_t places_of(const struct config_http *limits, enum api_permit place)
{
	switch (place) {
	case API_PERMIT_DOWNLOAD:
		return (uint32_t)limits->max_downloads;
	case API_PERMIT_TRANSCODE:
		return (uint32_t)limits->max_transcodes;
	default:
		return STILLS_MAX;
	}
}

/* API_ADDRESS_KINDS: nothing is counted for it. */
static enum api_address_kind kind_of(enum api_permit place)
{
	static const enum api_address_kind kinds[API_PERMITS] = {
		[API_PERMIT_DOWNLOAD] = API_ADDRESS_DOWNLOAD,
		[API_PERMIT_TRANSCODE] = API_ADDRESS_TRANSCODE,
		[API_PERMIT_STILL] = API_ADDRESS_KINDS,
	};

	return kinds[place];
}

/* The turn for a kind of place, if there is one place only, and addresses have shares. */
static struct address_turn *turn_for(struct api_request *request, enum api_permit place)
{
	const struct config_http *limits = limits_of(request);
	bool alone = limits->address_share > 0 && limits->address_share < 100 && places_of(limits, place) == 1;

	return place == API_PERMIT_TRANSCODE && alone ? &api_shared(request)->encodings : NULL;
}

static bool take_place(struct api_request *request, enum api_permit place, uint32_t max)
{
	const struct worker_setup *setup = &request->worker->setup;
	struct address_turn *turn = turn_for(request, place);
	bool taken = worker_slots_acquire_permit(setup->slots, setup->slot, place, max);

	if (turn && taken)
		address_turn_taken(turn, api_address_key(request));
	else if (turn)
		address_turn_refused(turn, api_address_key(request));
	return taken;
}

bool api_acquire(struct api_request *request, enum api_permit place)
{
	uint32_t max = places_of(limits_of(request), place);
	enum api_address_kind kind = kind_of(place);
	const struct address_turn *turn = turn_for(request, place);

	if (request->taken.places[place])
		return true;
	request->taken.must_wait = turn && address_turn_must_wait(turn, api_address_key(request));
	if (request->taken.must_wait)
		return false;
	if (kind != API_ADDRESS_KINDS && !claim(request, kind, 1, max))
		return false;
	request->taken.places[place] = take_place(request, place, max);
	if (!request->taken.places[place] && kind != API_ADDRESS_KINDS)
		unclaim(request, kind);
	return request->taken.places[place];
}

void api_release(struct api_request *request, enum api_permit place)
{
	const struct worker_setup *setup = &request->worker->setup;

	if (!request->taken.places[place])
		return;
	request->taken.places[place] = false;
	worker_slots_release_permit(setup->slots, setup->slot, place);
	if (kind_of(place) != API_ADDRESS_KINDS)
		unclaim(request, kind_of(place));
}

/* An answer of a worker is one: what is held for it is claimed once. */
bool api_reserve_memory(struct api_request *request, uint64_t bytes)
{
	const struct worker_setup *setup = &request->worker->setup;

	if (!claim(request, API_ADDRESS_MEMORY, (bytes + 1023) / 1024, RESERVED_MAX_BYTES / 1024))
		return false;
	if (worker_slots_reserve_memory(setup->slots, setup->slot, bytes, RESERVED_MAX_BYTES)) {
		request->taken.held_bytes += bytes;
		return true;
	}
	unclaim(request, API_ADDRESS_MEMORY);
	return false;
}

void permits_release_all(struct api_request *request)
{
	const struct worker_setup *setup = &request->worker->setup;

	for (int place = 0; place < API_PERMITS; place++)
		api_release(request, (enum api_permit)place);
	worker_slots_release_memory(setup->slots, setup->slot, request->taken.held_bytes);
	request->taken.held_bytes = 0;
	unclaim(request, API_ADDRESS_MEMORY);
}
