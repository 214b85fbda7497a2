/* request_pass.c - passing requests to the workers of a camera's disk, and taking them back. */
#include "fcgi/server/request_pass.h"

#include <string.h>

#include "fcgi/pool/handover.h"
#include "fcgi/pool/worker_groups.h"
#include "fcgi/server/request.h"
#include "fcgi/server/response.h"

#define CHECK_MS 20

/* How long a request waits for an archive that is known to hang: no client gains from a thousand refusals a second. */
#define KNOWN_HANG_US US_PER_S

static uint32_t group_of(const struct api_request *request, const struct api_camera *camera)
{
	return worker_groups_find(worker_request_const(request)->worker->setup.groups, camera->config);
}

bool api_is_passed(const struct api_request *request)
{
	return worker_request_const(request)->worker->setup.disk != NULL;
}

int64_t api_archive_hangs_us(const struct api_request *request, const struct api_camera *camera)
{
	uint32_t group = group_of(request, camera);

	return group == GROUP_FRONT ? 0 : worker_slots_hang_us(api_shared(request), group);
}

/* All workers that could read the archive hang. */
static bool archive_hangs(const struct api_request *request, uint32_t group)
{
	const struct worker_slots *slots = api_shared(request);

	return !worker_slots_can_serve(slots, group, -1) && worker_slots_hang_us(slots, group) > 0;
}

static void respond_without_disk(struct worker_request *request)
{
	request->api.disk_hangs = true;
	request->fallback(&request->api);
}

/* If there is no room for the request now, the next check tries again. */
static void pass_on(struct worker_request *request, uint32_t group)
{
	const struct worker_setup *setup = &request->worker->setup;

	if (request->ticket.number == 0 && !pass_table_begin(&setup->slots->passes, setup->slot, &request->ticket))
		return;
	const struct handover_note note = {request->ticket, request->api.arrived.us};
	request->passed_on = handover_send(setup->groups->group[group].send_fd, request->api.fcgi->fd, &note);
}

/* True when it is time to stop waiting for the disk. */
static bool is_out_of_reach(const struct worker_request *request, uint32_t group, enum pass_state state, int taker)
{
	const struct worker_slots *slots = request->worker->setup.slots;

	if (state == PASS_TAKEN)
		return worker_slot_hangs(slots, taker);
	return mono_now().us >= request->give_up.us && !worker_slots_can_serve(slots, group, -1);
}

static void pass_check(struct api_request *api)
{
	struct worker_request *request = worker_request_of(api);
	struct pass_table *passes = &request->worker->setup.slots->passes;
	uint32_t group = group_of(api, api->camera);
	enum pass_state state = PASS_WAITING;
	int taker = 0;

	if (request->passed_on)
		state = pass_table_state(passes, &request->ticket, &taker);
	if (state == PASS_ANSWERED || state == PASS_FREE)
		return; /* the other worker responds, or has died of the request */
	if (is_out_of_reach(request, group, state, taker)) {
		if (request->ticket.number == 0 || pass_table_revoke(passes, &request->ticket)) {
			request->ticket = (struct pass_ticket){0};
			respond_without_disk(request);
		}
		return;
	}
	if (!request->passed_on)
		pass_on(request, group);
	api_wait(api, CHECK_MS, pass_check);
}

bool api_pass(struct api_request *api, api_handler *fallback)
{
	struct worker_request *request = worker_request_of(api);
	uint32_t group = group_of(api, api->camera);

	if (api_is_passed(api) || group == GROUP_FRONT)
		return false;
	request->fallback = fallback;
	bool hangs = archive_hangs(api, group);
	request->give_up.us = mono_now().us + (hangs ? KNOWN_HANG_US : WORKER_HANGS_US);
	if (hangs && fallback != respond_disk_hangs) /* it may find the answer elsewhere */
		respond_without_disk(request);
	else
		pass_check(api);
	return true;
}

void respond_disk_hangs(struct api_request *request)
{
	const char *method = request->fcgi->method;

	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		respond_unavailable(request, 5,
				    "The archive does not respond to reads: its disk hangs. Try again later.");
	else
		respond_unavailable(request, 5,
				    "The archive does not respond to reads: its disk hangs. This change may still take "
				    "effect: check /clips later.");
}
