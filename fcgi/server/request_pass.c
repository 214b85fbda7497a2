/* request_pass.c - see request_pass.h. */
#include "fcgi/server/request_pass.h"

#include <string.h>

#include "fcgi/pool/handover.h"
#include "fcgi/pool/worker_groups.h"
#include "fcgi/server/request.h"
#include "fcgi/server/response.h"

#define LOOK_MS 20

/* How long who asks waits for an archive that is known to hang: nobody gains by being told a thousand times a second.
 */
#define KNOWN_US US_PER_S

static uint32_t group_of(const struct api_request *request, const struct api_camera *camera)
{
	return worker_groups_find(request->worker->setup.groups, camera->config->camera.name);
}

bool api_is_passed(const struct api_request *request)
{
	return request->worker->setup.disk != NULL;
}

int64_t api_archive_hangs_us(const struct api_request *request, const struct api_camera *camera)
{
	uint32_t group = group_of(request, camera);

	return group == GROUP_FRONT ? 0 : worker_slots_hang_us(api_shared(request), group);
}

/* All that could read it hang. */
static bool archive_is_out(const struct api_request *request, uint32_t group)
{
	const struct worker_slots *slots = api_shared(request);

	return !worker_slots_can_serve(slots, group, -1) && worker_slots_hang_us(slots, group) > 0;
}

static void respond_without_disk(struct api_request *request)
{
	request->disk_hangs = true;
	request->without(request);
}

/* Without room for it now it is tried again at the next look. */
static void give(struct api_request *request, uint32_t group)
{
	const struct worker_setup *setup = &request->worker->setup;

	if (request->ticket.number == 0 && !pass_table_begin(&setup->slots->passes, setup->slot, &request->ticket))
		return;
	const struct handover_note note = {request->ticket, request->arrived.us};
	request->given = handover_send(setup->groups->group[group].send_fd, request->fcgi->fd, &note);
}

/* Whether to wait for the disk no longer. */
static bool is_out_of_reach(const struct api_request *request, uint32_t group, enum pass_state state, int taker)
{
	const struct worker_slots *slots = api_shared(request);

	if (state == PASS_TAKEN)
		return worker_slot_hangs(slots, taker);
	return mono_now().us >= request->give_up.us && !worker_slots_can_serve(slots, group, -1);
}

static void pass_check(struct api_request *request)
{
	struct pass_table *passes = &api_shared(request)->passes;
	uint32_t group = group_of(request, request->camera);
	enum pass_state state = PASS_WAITING;
	int taker = 0;

	if (request->given)
		state = pass_table_state(passes, &request->ticket, &taker);
	if (state == PASS_ANSWERED || state == PASS_FREE)
		return; /* the other worker has the answer, or has died of the request */
	if (is_out_of_reach(request, group, state, taker)) {
		if (request->ticket.number == 0 || pass_table_revoke(passes, &request->ticket)) {
			request->ticket = (struct pass_ticket){0};
			respond_without_disk(request);
		}
		return;
	}
	if (!request->given)
		give(request, group);
	api_wait(request, LOOK_MS, pass_check);
}

bool api_pass(struct api_request *request, api_handler *without)
{
	uint32_t group = group_of(request, request->camera);

	if (api_is_passed(request) || group == GROUP_FRONT)
		return false;
	request->without = without;
	bool out = archive_is_out(request, group);
	request->give_up.us = mono_now().us + (out ? KNOWN_US : WORKER_HANGS_US);
	if (out && without != respond_disk_hangs) /* there may be something else to answer with */
		respond_without_disk(request);
	else
		pass_check(request);
	return true;
}

void respond_disk_hangs(struct api_request *request)
{
	const char *method = request->fcgi->method;

	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		respond_unavailable(request, 5,
				    "The archive does not answer reads: its disk hangs. Try again when it answers.");
	else
		respond_unavailable(
			request, 5,
			"The archive does not answer reads: its disk hangs. Whether this is done, /clips says when it "
			"answers.");
}
