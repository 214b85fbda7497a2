/* request_context.c - what a handler may know of its worker and of the other cameras. */
#include "fcgi/auth/authorize.h"
#include "fcgi/server/worker_internal.h"

static const struct worker_setup *setup_of(const struct api_request *request)
{
	return &worker_request_const(request)->worker->setup;
}

struct token_store *api_tokens(const struct api_request *request)
{
	return setup_of(request)->sandbox->tokens;
}

const struct sandbox_state *api_sandbox(const struct api_request *request)
{
	return &setup_of(request)->sandbox->state;
}

struct worker_slots *api_shared(const struct api_request *request)
{
	return setup_of(request)->slots;
}

bool api_may_see_camera(const struct api_request *request, size_t camera)
{
	return authorize_camera(api_tokens(request), camera, request->fcgi);
}
