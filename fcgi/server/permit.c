/*
 * permit.c - what a request may know of its worker and of the cameras. See server.h.
 */
#include "fcgi/auth/authorize.h"
#include "fcgi/server/worker_internal.h"

struct token_store *api_tokens(const struct api_request *request)
{
	return request->worker->setup.confinement->tokens;
}

const struct sandbox_state *api_sandbox(const struct api_request *request)
{
	return &request->worker->setup.confinement->lock;
}

struct worker_slots *api_shared(const struct api_request *request)
{
	return request->worker->setup.slots;
}

bool api_may_see_camera(const struct api_request *request, size_t camera)
{
	return authorize_camera(api_tokens(request), camera, request->fcgi);
}
