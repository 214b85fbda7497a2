/*
 * api_permit.c - what a request may know, and what it takes of what all workers share: places and memory. See api.h.
 */
#include "fcgi/api_worker_internal.h"
#include "fcgi/who_may.h"

#define STILLS_MAX 1 /* who comes meanwhile waits (still_shelf.h) */

/* Of answers in memory that clients have not taken yet, in all workers. */
#define HELD_MAX_BYTES (UINT64_C(64) << 20)

bool api_place_begin(struct api_request *request, enum api_place place)
{
	const struct worker_setup *setup = &request->worker->setup;
	const struct config_http *limits = &request->camera->config->http;
	int max = place == API_DOWNLOAD ? limits->max_downloads : limits->max_transcodes;

	if (place == API_STILL)
		max = STILLS_MAX;
	if (!request->places[place])
		request->places[place] = api_slots_begin(setup->slots, setup->slot, place, (uint32_t)max);
	return request->places[place];
}

void api_place_end(struct api_request *request, enum api_place place)
{
	const struct worker_setup *setup = &request->worker->setup;

	if (request->places[place])
		api_slots_end(setup->slots, setup->slot, place);
	request->places[place] = false;
}

bool api_hold_begin(struct api_request *request, uint64_t bytes)
{
	const struct worker_setup *setup = &request->worker->setup;

	if (!api_slots_hold(setup->slots, setup->slot, bytes, HELD_MAX_BYTES))
		return false;
	request->held_bytes += bytes;
	return true;
}

void permit_give_back(struct api_request *request)
{
	const struct worker_setup *setup = &request->worker->setup;

	for (int place = 0; place < API_PLACES; place++)
		api_place_end(request, (enum api_place)place);
	api_slots_let_go(setup->slots, setup->slot, request->held_bytes);
	request->held_bytes = 0;
}

struct token_store *api_tokens(const struct api_request *request)
{
	return request->worker->setup.confinement->tokens;
}

const struct sandbox_state *api_sandbox(const struct api_request *request)
{
	return &request->worker->setup.confinement->lock;
}

struct api_slots *api_shared(const struct api_request *request)
{
	return request->worker->setup.slots;
}

bool api_knows(const struct api_request *request, size_t camera)
{
	return who_may_know(api_tokens(request), camera, request->fcgi);
}
