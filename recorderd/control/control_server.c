/* control_server.c - the server of the control socket. */
#include "recorderd/control/control_server.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "recorderd/control/control_request.h"
#include "shared/base/log.h"
#include "shared/net/unix_listener.h"
#include "shared/ring/control.h"
#include "shared/ring/user_folder.h"
#include "shared/text/json_value.h"

#define PEERS_MAX       8
#define PEER_TIMEOUT_US (5 * US_PER_S)
#define PENDING_MAX     16 /* controls that a slow camera has not set yet */
#define SOCKET_MODE     0660

struct peer {
	struct control_server *server;
	struct loop_watch watch; /* fd -1: not connected */
	struct loop_timer timeout;
	uint32_t ticket;               /* not 0: waits for the camera */
	struct config_control control; /* which it waits for */
	size_t length;
	char line[CONTROL_LINE_BYTES];
};

struct control_server {
	struct control_server_parts parts;
	struct unix_listener socket;
	struct loop_watch listener;
	bool failed; /* the file was removed, and could not be created again */
	struct peer peers[PEERS_MAX];
	uint32_t last_ticket;
	unsigned pending; /* controls being set, including those of peers that have disconnected */
};

static struct peer *free_peer(struct control_server *server)
{
	for (size_t i = 0; i < PEERS_MAX; i++)
		if (server->peers[i].watch.fd < 0)
			return &server->peers[i];
	return NULL;
}

/* While all peers are in use, new clients wait in the kernel's queue. */
static void update_listener(struct control_server *server)
{
	bool listens = server->listener.fd >= 0 && free_peer(server);

	loop_watch_set(server->parts.loop, &server->listener, listens ? EPOLLIN : 0);
}

static void peer_close(struct peer *peer)
{
	struct loop *loop = peer->server->parts.loop;

	if (peer->watch.fd < 0)
		return;
	loop_watch_set(loop, &peer->watch, 0);
	loop_timer_clear(loop, &peer->timeout);
	close(peer->watch.fd);
	peer->watch.fd = -1;
	peer->ticket = 0;
	update_listener(peer->server);
}

/* The socket's send buffer is empty, so the line fits. Releases `json` and closes the peer. */
static void answer(struct peer *peer, struct json_object *json)
{
	const char *text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN);
	char line[CONTROL_LINE_BYTES];
	int length = snprintf(line, sizeof(line), "%s\n", text);

	if (length > 0 && (size_t)length < sizeof(line))
		(void)send(peer->watch.fd, line, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
	json_object_put(json);
	peer_close(peer);
}

static struct json_object *outcome_json(const char *outcome)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "outcome", json_object_new_string(outcome));
	return json;
}

static void answer_sentence(struct peer *peer, const char *outcome, const char *sentence)
{
	struct json_object *json = outcome_json(outcome);

	json_object_object_add(json, "sentence", json_string(sentence));
	answer(peer, json);
}

static void switch_what(struct peer *peer, const char *what, bool on, void (*call)(void *context, bool on))
{
	struct json_object *json = outcome_json("done");

	call(peer->server->parts.context, on);
	json_object_object_add(json, what, json_object_new_string(on ? "on" : "off"));
	answer(peer, json);
}

/* Numbers from 1. */
static uint32_t next_ticket(struct control_server *server)
{
	if (++server->last_ticket == 0)
		server->last_ticket = 1;
	return server->last_ticket;
}

/* The peer waits for an outcome, and sends nothing meanwhile. */
static void await_outcome(struct peer *peer)
{
	peer->server->pending++;
	peer->ticket = peer->server->last_ticket;
	loop_watch_set(peer->server->parts.loop, &peer->watch, 0);
}

static void set_up(struct peer *peer, const struct setup_choice *choice)
{
	struct control_server *server = peer->server;
	struct reason why;

	if (choice->count == 0) {
		struct json_object *json = server->parts.describe_setup(server->parts.context);
		json_object_object_add(json, "outcome", json_object_new_string("done"));
		answer(peer, json);
		return;
	}
	if (server->parts.set_up(server->parts.context, next_ticket(server), choice, &why))
		await_outcome(peer);
	else
		answer_sentence(peer, "unavailable", why.text);
}

static void set_control(struct peer *peer, const struct config_control *control)
{
	struct control_server *server = peer->server;
	struct reason why;

	if (server->pending == PENDING_MAX) {
		answer_sentence(peer, "unavailable", "the camera is still busy with earlier changes");
		return;
	}
	if (!server->parts.set_control(server->parts.context, next_ticket(server), control->name, control->value,
				       &why)) {
		answer_sentence(peer, "unavailable", why.text);
		return;
	}
	await_outcome(peer);
	peer->control = *control;
}

static void handle_line(struct peer *peer, size_t length)
{
	struct control_request request;
	struct reason why;

	if (!control_request_parse(peer->line, length, &request, &why))
		answer_sentence(peer, "refused", why.text);
	else if (request.kind == CONTROL_RECORDING)
		switch_what(peer, "recording", request.on, peer->server->parts.set_recording);
	else if (request.kind == CONTROL_CAMERA_POWER)
		switch_what(peer, "power", request.on, peer->server->parts.set_camera);
	else if (request.kind == CONTROL_SETUP)
		set_up(peer, &request.setup);
	else
		set_control(peer, &request.camera);
}

static void peer_ready(void *context, uint32_t events)
{
	struct peer *peer = context;
	ssize_t got = recv(peer->watch.fd, peer->line + peer->length, sizeof(peer->line) - peer->length, MSG_DONTWAIT);

	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		peer_close(peer);
		return;
	}
	peer->length += (size_t)got;

	const char *end = memchr(peer->line, '\n', peer->length);

	if (end)
		handle_line(peer, (size_t)(end - peer->line));
	else if (peer->length == sizeof(peer->line))
		answer_sentence(peer, "refused", "a request is one line of at most 4096 bytes");
}

static void peer_timed_out(void *context)
{
	peer_close(context);
}

static bool is_trusted(int fd)
{
	struct ucred peer;

	return unix_peer_credentials(fd, &peer) && (peer.uid == geteuid() || unix_peer_is_in_group(fd, getegid()));
}

static void listener_ready(void *context, uint32_t events)
{
	struct control_server *server = context;
	struct peer *peer = free_peer(server);
	int fd = accept4(server->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	if (!peer || !is_trusted(fd)) {
		close(fd);
		return;
	}
	peer->length = 0;
	peer->watch = (struct loop_watch){.fd = fd, .ready = peer_ready, .context = peer};
	peer->timeout = (struct loop_timer){.due = peer_timed_out, .context = peer};
	loop_timer_set(server->parts.loop, &peer->timeout, (mono_t){mono_now().us + PEER_TIMEOUT_US});
	if (!loop_watch_set(server->parts.loop, &peer->watch, EPOLLIN))
		peer_close(peer);
	update_listener(server);
}

static void stop_listening(struct control_server *server)
{
	loop_watch_set(server->parts.loop, &server->listener, 0);
	unix_listener_close(&server->socket);
	server->listener.fd = -1;
}

/* The group may connect. */
static bool start_listening(struct control_server *server, struct reason *why)
{
	char folder[USER_FOLDER_BYTES];
	struct sockaddr_un address;

	if (!user_folder_create(folder, why))
		return false;
	socklen_t bytes = control_address(server->parts.camera, &address);
	if (bytes == 0 || !unix_listener_open(&server->socket, SOCK_STREAM, &address, bytes, SOCKET_MODE, PEERS_MAX))
		return reason_errno(why, "cannot open the control socket");
	server->listener.fd = server->socket.fd;
	update_listener(server);
	return server->listener.events != 0 || !free_peer(server) ||
	       reason_errno(why, "cannot open the control socket");
}

void control_server_check(struct control_server *server)
{
	struct sockaddr_un address;
	struct reason why;

	if (control_address(server->parts.camera, &address) > 0 && unix_listener_is_at(&server->socket, &address))
		return;
	stop_listening(server);
	if (start_listening(server, &why)) {
		log_warn("control", "the control socket was removed from /dev/shm; created it again");
		server->failed = false;
		return;
	}
	stop_listening(server);
	if (!server->failed)
		log_error("control", "%s; until it is open, recording and camera controls cannot be changed", why.text);
	server->failed = true;
}

struct control_server *control_server_create(const struct control_server_parts *parts, struct reason *why)
{
	struct control_server *server = calloc(1, sizeof(*server));

	if (!server) {
		reason_set(why, "out of memory");
		return NULL;
	}
	server->parts = *parts;
	for (size_t i = 0; i < PEERS_MAX; i++)
		server->peers[i] = (struct peer){.server = server, .watch.fd = -1};
	server->socket = UNIX_LISTENER_NONE;
	server->listener = (struct loop_watch){.fd = -1, .ready = listener_ready, .context = server};
	if (start_listening(server, why))
		return server;
	control_server_destroy(server);
	return NULL;
}

void control_server_destroy(struct control_server *server)
{
	if (!server)
		return;
	for (size_t i = 0; i < PEERS_MAX; i++)
		peer_close(&server->peers[i]);
	stop_listening(server);
	free(server);
}

/* NULL: it has disconnected. */
static struct peer *peer_of(struct control_server *server, uint32_t ticket)
{
	for (size_t i = 0; i < PEERS_MAX; i++)
		if (server->peers[i].ticket == ticket)
			return &server->peers[i];
	return NULL;
}

void control_server_finish(struct control_server *server, uint32_t ticket, bool ok, int64_t value,
			   const struct reason *why)
{
	struct peer *peer = peer_of(server, ticket);

	server->pending--;
	if (!peer)
		return;
	if (!ok) {
		answer_sentence(peer, "refused", why->text);
		return;
	}

	struct json_object *json = outcome_json("done");

	json_object_object_add(json, "control", json_object_new_string(peer->control.name));
	json_object_object_add(json, "value", json_object_new_int64(value));
	answer(peer, json);
}

void control_server_finish_setup(struct control_server *server, uint32_t ticket, enum config_replace_outcome outcome,
				 bool restarts, const struct reason *why)
{
	struct peer *peer = peer_of(server, ticket);

	server->pending--;
	if (!peer)
		return;
	if (outcome != CONFIG_REPLACED) {
		answer_sentence(peer, outcome == CONFIG_REFUSED ? "refused" : "unwritable", why->text);
		return;
	}

	struct json_object *json = outcome_json("done");

	json_object_object_add(json, "restarts", json_object_new_boolean(restarts));
	answer(peer, json);
}
