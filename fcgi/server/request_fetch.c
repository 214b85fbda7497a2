/* request_fetch.c - requests that wait for footage from the store. */
#include "fcgi/server/request_fetch.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "fcgi/server/response.h"
#include "fcgi/server/worker_internal.h"
#include "shared/base/log.h"
#include "shared/base/min.h"

#define LIMIT_MS     90000 /* longer than recorder-fetch tries */
#define BUSY_MS      100
#define RETRY_S      5
#define AHEAD_BYTES  (8u * FETCH_BLOCK_BYTES)
#define AHEAD_STEP   (FETCH_BLOCK_BYTES / 2)
#define TRIES_MAX    4               /* to get the same bytes */
#define GIVE_UP_US   (40 * US_PER_S) /* of a download that has begun, while the store does not answer */
#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 5000

static struct worker_request *request_of_call(struct fetch_call *call)
{
	return (struct worker_request *)((char *)call - offsetof(struct worker_request, fetch.call));
}

/* The request goes on in the next turn of the loop, as if its time had come. */
static void answered(struct fetch_call *call, const struct fetch_answer *answer)
{
	struct worker_request *request = request_of_call(call);

	request->fetch.answer = *answer;
	loop_timer_set(request->worker->loop, &request->timer, mono_now());
}

static void ask(struct api_request *api);

static void take_answer(struct api_request *api)
{
	struct worker_request *request = worker_request_of(api);

	if (request->fetch.answer.outcome == FETCH_BUSY)
		api_wait(api, BUSY_MS, ask);
	else
		request->fetch.done(api);
}

/* Until the answer is there, it is that none came. */
static void ask(struct api_request *api)
{
	struct worker_request *request = worker_request_of(api);
	struct fetch_client *client = request->worker->fetch;

	request->fetch.answer = (struct fetch_answer){.outcome = FETCH_UNAVAILABLE, .retry_after_s = RETRY_S};
	snprintf(request->fetch.answer.reason, sizeof(request->fetch.answer.reason),
		 "recorder-fetch, which gets footage from the store, does not answer");
	request->fetch.call.answered = answered;
	api_wait(api, client ? LIMIT_MS : 0, take_answer);
	if (client)
		fetch_client_ask(client, &request->fetch.call);
}

static void request_fill(const struct api_request *api, const struct api_wanted *wanted, struct fetch_request *out)
{
	*out = (struct fetch_request){
		.kind = wanted->kind, .what = wanted->what, .from = wanted->from, .to = wanted->to};
	snprintf(out->camera, sizeof(out->camera), "%s", api->camera->config->camera.name);
	if (wanted->kind != FETCH_BYTES)
		return;
	snprintf(out->file, sizeof(out->file), "%s", wanted->file);
	out->to = wanted->from + (int64_t)min_u64((uint64_t)(wanted->to - wanted->from), FETCH_BYTES_MAX);
}

void api_fetch(struct api_request *api, const struct api_wanted *wanted, api_handler *done)
{
	struct worker_request *request = worker_request_of(api);

	request_fill(api, wanted, &request->fetch.call.request);
	request->fetch.done = done;
	ask(api);
}

const struct fetch_answer *api_fetch_answer(const struct api_request *api)
{
	return &worker_request_const(api)->fetch.answer;
}

void respond_not_fetched(struct api_request *api)
{
	const struct fetch_answer *answer = api_fetch_answer(api);
	char text[512];

	switch (answer->outcome) {
	case FETCH_GONE:
		respond_unavailable(
			api, 1, "The store has just deleted some of this footage. Ask again to get the rest of it.");
		break;
	case FETCH_UNKNOWN:
		respond_problem(api, 404, NULL, "The store has no footage of that name of the camera %s.",
				api->camera->config->camera.name);
		break;
	default:
		snprintf(text, sizeof(text), "The footage cannot be fetched from the store now: %s.",
			 *answer->reason ? answer->reason : "no reason is known");
		respond_unavailable(api, answer->retry_after_s > 0 ? (int)answer->retry_after_s : RETRY_S, text);
		break;
	}
}

/* Before the first byte has left, the response becomes one that says why; later, the connection is closed. */
static void give_up(struct worker_request *request)
{
	bool begun = request->out.sent > 0;

	if (begun)
		log_warn("api", "a download ends early: %s",
			 *request->fetch.answer.reason ? request->fetch.answer.reason : "its footage is gone");
	response_writer_free(&request->out);
	if (!begun)
		respond_not_fetched(&request->api);
}

static void ask_again(struct api_request *api)
{
	ask(api);
}

/* True if a download that has begun waits for the store to answer again. */
static bool wait_for_store(struct worker_request *request)
{
	int64_t now_us = mono_now().us, delay_ms = request->fetch.answer.retry_after_s * INT64_C(1000);

	if (request->fetch.answer.outcome != FETCH_UNAVAILABLE || request->out.sent == 0)
		return false;
	if (request->fetch.failing_since.us == 0)
		request->fetch.failing_since.us = now_us;
	if (now_us - request->fetch.failing_since.us > GIVE_UP_US)
		return false;
	delay_ms = delay_ms < RETRY_MIN_MS ? RETRY_MIN_MS : delay_ms > RETRY_MAX_MS ? RETRY_MAX_MS : delay_ms;
	api_wait(&request->api, (int)delay_ms, ask_again);
	return true;
}

/* If the handler returns without waiting, the response is sent, or the request ended if there is none (request.c). */
static void bytes_came(struct api_request *api)
{
	struct worker_request *request = worker_request_of(api);

	if (request->fetch.answer.outcome == FETCH_OK) {
		request->fetch.failing_since.us = 0;
		if (request->fetch.tries <= TRIES_MAX && virtual_file_renew(request->out.file, &request->out.need))
			return;
		request->fetch.answer = (struct fetch_answer){.outcome = FETCH_GONE};
	} else if (wait_for_store(request)) {
		return;
	}
	give_up(request);
}

static void wanted_of(const struct virtual_file_need *need, uint64_t limit, struct api_wanted *out)
{
	*out = (struct api_wanted){
		.kind = FETCH_BYTES,
		.file = need->file,
		.from = (int64_t)need->from,
		.to = (int64_t)(need->from + min_u64(need->to - need->from, limit)),
	};
}

void request_fetch_missing(struct worker_request *request)
{
	const struct virtual_file_need *need = &request->out.need;
	struct api_wanted wanted;

	request->fetch.tries = request->fetch.stuck_at == request->out.sent ? request->fetch.tries + 1 : 0;
	request->fetch.stuck_at = request->out.sent;
	wanted_of(need, FETCH_BLOCK_BYTES - need->from % FETCH_BLOCK_BYTES, &wanted);
	api_fetch(&request->api, &wanted, bytes_came);
	request_fetch_ahead(request);
}

static void ahead_answered(struct fetch_call *call, const struct fetch_answer *answer)
{
	(void)call;
	(void)answer; /* when the bytes are needed and are not there, they are asked for again */
}

void request_fetch_ahead(struct worker_request *request)
{
	struct fetch_client *client = request->worker->fetch;
	const struct response_writer *out = &request->out;
	struct virtual_file_need need;
	struct api_wanted wanted;

	if (!client || !out->file || request->fetch.ahead.pending)
		return;
	uint64_t at = response_writer_file_position(out);
	if (at < request->fetch.ahead_at)
		return;
	request->fetch.ahead_at = at + AHEAD_STEP;
	if (!virtual_file_find_missing(out->file, at, min_u64(at + AHEAD_BYTES, out->end), &need))
		return;
	wanted_of(&need, AHEAD_BYTES, &wanted);
	request_fill(&request->api, &wanted, &request->fetch.ahead.request);
	request->fetch.ahead.answered = ahead_answered;
	fetch_client_ask(client, &request->fetch.ahead);
}

void request_fetch_cancel_ahead(struct worker_request *request)
{
	if (request->worker->fetch)
		fetch_client_cancel(request->worker->fetch, &request->fetch.ahead);
}
