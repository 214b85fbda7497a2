/* fetch_client.c - asks recorder-fetch for footage, without waiting. */
#include "fcgi/pool/fetch_client.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/log.h"

#define RETRY_S      2
#define LOG_AGAIN_US (60 * US_PER_S)
#define BYTES_MAX    40u /* calls for bytes that recorder-fetch has not answered yet */

static_assert(BYTES_MAX < FETCH_WAITING_MAX, "there is room for others");

TAILQ_HEAD(fetch_calls, fetch_call);

struct fetch_client {
	struct loop *loop;
	struct sockaddr_un address;
	struct loop_watch watch; /* fd -1: not connected */
	struct loop_timer fail;  /* armed: all calls are to be answered, as the connection was lost */
	struct fetch_calls calls;
	uint64_t last_id;
	unsigned bytes_under_way; /* calls for bytes, also those that were cancelled meanwhile */
	int error;                /* errno of the connection */
	mono_t log_again_at;      /* that it cannot be made: not before then */
};

/* The id says what kind of call it is, since an answer to one that was cancelled has nothing else. */
static uint64_t next_id(struct fetch_client *client, enum fetch_kind kind)
{
	return ++client->last_id << 1 | (kind == FETCH_BYTES);
}

static bool is_for_bytes(uint64_t id)
{
	return id & 1;
}

static void disconnect(struct fetch_client *client, int error)
{
	if (client->watch.fd >= 0) {
		loop_watch_set(client->loop, &client->watch, 0);
		close(client->watch.fd);
		client->watch.fd = -1;
	}
	client->error = error;
	client->bytes_under_way = 0;
	loop_timer_set(client->loop, &client->fail, mono_now());
}

static void answer_call(struct fetch_client *client, struct fetch_call *call, const struct fetch_answer *answer)
{
	TAILQ_REMOVE(&client->calls, call, link);
	call->pending = call->sent = false;
	call->answered(call, answer);
}

static void log_unreachable(struct fetch_client *client)
{
	mono_t now = mono_now();

	if (now.us < client->log_again_at.us)
		return;
	client->log_again_at.us = now.us + LOG_AGAIN_US;
	log_warn("api", "recorder-fetch cannot be reached at %s: %s", client->address.sun_path,
		 strerror(client->error));
}

/* Answers may ask again, which is answered in the next turn, so only the calls of now are. */
static void fail_calls(void *context)
{
	struct fetch_client *client = context;
	struct fetch_answer answer = {
		.magic = FETCH_ANSWER_MAGIC, .outcome = FETCH_UNAVAILABLE, .retry_after_s = RETRY_S};
	uint64_t last = client->last_id << 1 | 1;
	struct fetch_call *call;

	if (client->watch.fd >= 0)
		return;
	log_unreachable(client);
	snprintf(answer.reason, sizeof(answer.reason),
		 "recorder-fetch, which gets footage from the store, cannot be reached: %s", strerror(client->error));
	while ((call = TAILQ_FIRST(&client->calls)) && call->request.id <= last)
		answer_call(client, call, &answer);
}

static bool send_call(struct fetch_client *client, struct fetch_call *call)
{
	ssize_t sent = send(client->watch.fd, &call->request, sizeof(call->request), MSG_DONTWAIT | MSG_NOSIGNAL);

	call->sent = sent == (ssize_t)sizeof(call->request);
	client->bytes_under_way += call->sent && is_for_bytes(call->request.id);
	return call->sent;
}

/* Sends what has not been sent; the rest when there is room. */
static void send_calls(struct fetch_client *client)
{
	struct fetch_call *call;
	uint32_t events = EPOLLIN;

	TAILQ_FOREACH(call, &client->calls, link)
	{
		bool must_wait = is_for_bytes(call->request.id) && client->bytes_under_way >= BYTES_MAX;
		if (call->sent || must_wait || send_call(client, call))
			continue;
		if (errno != EAGAIN && errno != EINTR) {
			disconnect(client, errno);
			return;
		}
		events |= EPOLLOUT;
		break;
	}
	loop_watch_set(client->loop, &client->watch, events);
}

static void take_answer(struct fetch_client *client, struct fetch_answer *answer)
{
	struct fetch_call *call;

	answer->reason[sizeof(answer->reason) - 1] = '\0';
	client->bytes_under_way -= is_for_bytes(answer->id) && client->bytes_under_way > 0;
	TAILQ_FOREACH(call, &client->calls, link)
	{
		if (call->request.id == answer->id && call->sent) {
			answer_call(client, call, answer);
			return;
		}
	}
}

static void socket_ready(void *context, uint32_t events)
{
	struct fetch_client *client = context;
	struct fetch_answer answer;
	ssize_t got = 0;

	(void)events;
	while (client->watch.fd >= 0 &&
	       (got = recv(client->watch.fd, &answer, sizeof(answer), MSG_DONTWAIT | MSG_TRUNC)) > 0) {
		if (got != (ssize_t)sizeof(answer) || answer.magic != FETCH_ANSWER_MAGIC) {
			disconnect(client, EPROTO);
			return;
		}
		take_answer(client, &answer);
	}
	if (client->watch.fd < 0)
		return;
	if (got == 0 || (errno != EAGAIN && errno != EINTR))
		disconnect(client, got == 0 ? ECONNRESET : errno);
	else
		send_calls(client);
}

static void try_connect(struct fetch_client *client)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&client->address, sizeof(client->address)) == 0) {
		client->watch.fd = fd;
		if (loop_watch_set(client->loop, &client->watch, EPOLLIN))
			return;
	}
	int error = errno;
	if (fd >= 0)
		close(fd);
	client->watch.fd = -1;
	disconnect(client, error);
}

struct fetch_client *fetch_client_create(struct loop *loop, const char *path)
{
	struct fetch_client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->loop = loop;
	client->address.sun_family = AF_UNIX;
	snprintf(client->address.sun_path, sizeof(client->address.sun_path), "%s", path);
	client->watch = (struct loop_watch){.fd = -1, .ready = socket_ready, .context = client};
	client->fail = (struct loop_timer){.due = fail_calls, .context = client};
	TAILQ_INIT(&client->calls);
	return client;
}

void fetch_client_destroy(struct fetch_client *client)
{
	if (!client)
		return;
	if (client->watch.fd >= 0) {
		loop_watch_set(client->loop, &client->watch, 0);
		close(client->watch.fd);
	}
	loop_timer_clear(client->loop, &client->fail);
	free(client);
}

void fetch_client_ask(struct fetch_client *client, struct fetch_call *call)
{
	call->request.magic = FETCH_REQUEST_MAGIC;
	call->request.id = next_id(client, (enum fetch_kind)call->request.kind);
	call->pending = true;
	call->sent = false;
	TAILQ_INSERT_TAIL(&client->calls, call, link);
	if (client->watch.fd < 0 && !client->fail.armed)
		try_connect(client);
	if (client->watch.fd >= 0)
		send_calls(client);
}

void fetch_client_cancel(struct fetch_client *client, struct fetch_call *call)
{
	if (!call->pending)
		return;
	TAILQ_REMOVE(&client->calls, call, link);
	call->pending = call->sent = false;
}

void fetch_client_close_copy(const struct fetch_client *client)
{
	if (client && client->watch.fd >= 0)
		close(client->watch.fd);
}
