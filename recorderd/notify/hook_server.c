/* hook_server.c - the server of the socket of recorder-hooks. */
#include "recorderd/notify/hook_server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "recorderd/notify/hook_peer.h"
#include "shared/base/log.h"
#include "shared/net/unix_listener.h"
#include "shared/ring/user_folder.h"

#define CLIENTS_MAX      4
#define HELLO_TIMEOUT_US (5 * US_PER_S)

struct client {
	struct hook_server *server;
	struct loop_watch watch;   /* fd -1: not connected */
	struct loop_timer timeout; /* of its hello */
	bool greeted;
	struct hook_peer peer;
};

struct hook_server {
	struct hook_server_parts parts;
	struct unix_listener socket;
	struct helper_address address;
	struct loop_watch listener;
	bool failed; /* the file was removed, and could not be created again */
	struct client clients[CLIENTS_MAX];
	uint64_t lost, lost_motion; /* by clients that have disconnected */
};

static struct client *free_client(struct hook_server *server)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (server->clients[i].watch.fd < 0)
			return &server->clients[i];
	return NULL;
}

/* While all are in use, new clients wait in the kernel's queue. */
static void update_listener(struct hook_server *server)
{
	bool listens = server->listener.fd >= 0 && free_client(server);

	loop_watch_set(server->parts.loop, &server->listener, listens ? EPOLLIN : 0);
}

static void log_lost(const struct client *client)
{
	const struct hook_peer *peer = &client->peer;

	if (client->greeted && (peer->lost > 0 || peer->lost_motion > 0))
		log_warn("hooks", "recorder-hooks was too slow, and missed %llu notifications and %llu motion records",
			 (unsigned long long)peer->lost, (unsigned long long)peer->lost_motion);
}

static void close_client(struct client *client)
{
	struct hook_server *server = client->server;

	if (client->watch.fd < 0)
		return;
	log_lost(client);
	if (client->greeted) {
		server->lost += client->peer.lost;
		server->lost_motion += client->peer.lost_motion;
	}
	loop_watch_set(server->parts.loop, &client->watch, 0);
	loop_timer_clear(server->parts.loop, &client->timeout);
	close(client->watch.fd);
	client->watch.fd = -1;
	client->greeted = false;
	update_listener(server);
}

static void settle(struct client *client, enum hook_peer_outcome outcome)
{
	uint32_t events = EPOLLIN | EPOLLRDHUP | (outcome == HOOK_PEER_BEHIND ? EPOLLOUT : 0u);

	if (outcome == HOOK_PEER_GONE || !loop_watch_set(client->server->parts.loop, &client->watch, events))
		close_client(client);
}

static void send_due(struct client *client)
{
	const struct hook_server_parts *parts = &client->server->parts;

	settle(client, hook_peer_send(&client->peer, parts->notifications, parts->motion));
}

static void take_hello(struct client *client)
{
	uint8_t data[sizeof(struct hook_hello) + 1];
	struct hook_hello hello;
	ssize_t got = recv(client->watch.fd, data, sizeof(data), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0 || client->greeted || !hook_hello_read(data, (size_t)got, &hello)) {
		close_client(client);
		return;
	}
	client->greeted = true;
	loop_timer_clear(client->server->parts.loop, &client->timeout);
	hook_peer_init(&client->peer, client->watch.fd, &hello, client->server->parts.motion);
	send_due(client);
}

static void client_ready(void *context, uint32_t events)
{
	struct client *client = context;

	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		close_client(client);
	else if (events & EPOLLIN)
		take_hello(client);
	else if (client->greeted)
		send_due(client);
}

static void client_timed_out(void *context)
{
	close_client(context);
}

static void listener_ready(void *context, uint32_t events)
{
	struct hook_server *server = context;
	struct client *client = free_client(server);
	int fd = accept4(server->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	if (!client || !helper_address_trusts_client(&server->address, fd)) {
		close(fd);
		return;
	}
	client->greeted = false;
	client->watch = (struct loop_watch){.fd = fd, .ready = client_ready, .context = client};
	client->timeout = (struct loop_timer){.due = client_timed_out, .context = client};
	loop_timer_set(server->parts.loop, &client->timeout, (mono_t){mono_now().us + HELLO_TIMEOUT_US});
	if (!loop_watch_set(server->parts.loop, &client->watch, EPOLLIN | EPOLLRDHUP))
		close_client(client);
	update_listener(server);
}

static void stop_listening(struct hook_server *server)
{
	loop_watch_set(server->parts.loop, &server->listener, 0);
	unix_listener_close(&server->socket);
	server->listener.fd = -1;
}

static bool start_listening(struct hook_server *server, struct reason *why)
{
	struct helper_address *address = &server->address;
	char folder[USER_FOLDER_BYTES];

	if (!helper_address_of_server(&hook_helper, server->parts.camera, address) &&
	    (!user_folder_create(folder, why) ||
	     !helper_address_of_server(&hook_helper, server->parts.camera, address)))
		return reason_errno(why, "cannot open the socket of recorder-hooks");
	if (!unix_listener_open(&server->socket, SOCK_SEQPACKET, &address->address, address->bytes,
				helper_address_mode(address), CLIENTS_MAX))
		return reason_errno(why, "cannot open the socket of recorder-hooks");
	server->listener.fd = server->socket.fd;
	update_listener(server);
	return server->listener.events != 0 || !free_client(server) ||
	       reason_errno(why, "cannot open the socket of recorder-hooks");
}

void hook_server_check(struct hook_server *server)
{
	struct helper_address address;
	struct reason why;

	if (!server || (helper_address_of_server(&hook_helper, server->parts.camera, &address) &&
			unix_listener_is_at(&server->socket, &address.address)))
		return;
	stop_listening(server);
	if (start_listening(server, &why)) {
		log_warn("hooks", "the socket of recorder-hooks was removed; created it again");
		server->failed = false;
		return;
	}
	stop_listening(server);
	if (!server->failed)
		log_error("hooks", "%s; until it is open, no hook learns what happens", why.text);
	server->failed = true;
}

struct hook_server *hook_server_create(const struct hook_server_parts *parts, struct reason *why)
{
	struct hook_server *server = calloc(1, sizeof(*server));

	if (!server) {
		reason_set(why, "out of memory");
		return NULL;
	}
	server->parts = *parts;
	server->socket = UNIX_LISTENER_NONE;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		server->clients[i] = (struct client){.server = server, .watch.fd = -1};
	server->listener = (struct loop_watch){.fd = -1, .ready = listener_ready, .context = server};
	if (start_listening(server, why))
		return server;
	hook_server_destroy(server);
	return NULL;
}

void hook_server_destroy(struct hook_server *server)
{
	if (!server)
		return;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		close_client(&server->clients[i]);
	stop_listening(server);
	free(server);
}

/* Each client takes what is in the ring. Without a ring it is sent at once, or lost. */
void hook_server_notify(struct hook_server *server, const uint8_t *record, size_t bytes)
{
	uint64_t unused;

	for (size_t i = 0; server && i < CLIENTS_MAX; i++) {
		struct client *client = &server->clients[i];
		if (client->greeted && notification_writer_memory(server->parts.notifications, &unused))
			send_due(client);
		else if (client->greeted)
			settle(client, hook_peer_send_notification(&client->peer, record, bytes));
	}
}

void hook_server_motion(struct hook_server *server, const struct motion_record *record)
{
	uint64_t unused;

	for (size_t i = 0; server && i < CLIENTS_MAX; i++) {
		struct client *client = &server->clients[i];
		if (client->greeted && motion_ring_writer_memory(server->parts.motion, &unused))
			send_due(client);
		else if (client->greeted)
			settle(client, hook_peer_send_motion(&client->peer, record));
	}
}

void hook_server_reloaded(struct hook_server *server)
{
	for (size_t i = 0; server && i < CLIENTS_MAX; i++) {
		if (!server->clients[i].greeted)
			continue;
		server->clients[i].peer.config_due = true;
		send_due(&server->clients[i]);
	}
}

struct hook_server_counts hook_server_counts(const struct hook_server *server)
{
	struct hook_server_counts counts = {0};

	if (!server)
		return counts;
	counts.lost = server->lost;
	counts.lost_motion = server->lost_motion;
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		const struct client *client = &server->clients[i];
		if (!client->greeted)
			continue;
		counts.clients++;
		counts.lost += client->peer.lost;
		counts.lost_motion += client->peer.lost_motion;
	}
	return counts;
}
