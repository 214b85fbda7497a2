/* control_server.c - see control_server.h. */
#include "recorderd/control/control_server.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/control/control_request.h"
#include "shared/base/json_value.h"
#include "shared/base/log.h"
#include "shared/ring/control.h"
#include "shared/ring/user_folder.h"

#define PEERS_MAX     8
#define PEER_LIMIT_US (5 * US_PER_S)
#define PENDING_MAX   16 /* controls that a slow camera may owe */
#define SOCKET_MODE   0660

struct peer {
	struct control *control;
	struct loop_watch watch; /* fd -1: free */
	struct loop_timer limit;
	uint32_t ticket;           /* not 0: waits for the camera */
	struct config_control set; /* what it waits for */
	size_t length;
	char line[CONTROL_LINE_BYTES];
};

struct control {
	struct control_server_parts parts;
	struct loop_watch listener;
	struct sockaddr_un address; /* empty: not taken */
	dev_t device;               /* of its name in the user's folder */
	ino_t inode;
	bool lost; /* that name was removed, and could not be had again */
	struct peer peers[PEERS_MAX];
	uint32_t last_ticket;
	unsigned ordered; /* and not answered yet, also for peers that have gone */
};

static struct peer *free_peer(struct control *control)
{
	for (size_t i = 0; i < PEERS_MAX; i++)
		if (control->peers[i].watch.fd < 0)
			return &control->peers[i];
	return NULL;
}

/* While all places are taken, who connects waits in the kernel's queue. */
static void listen_if_free(struct control *control)
{
	bool listens = control->listener.fd >= 0 && free_peer(control);

	loop_watch_set(control->parts.loop, &control->listener, listens ? EPOLLIN : 0);
}

static void peer_close(struct peer *peer)
{
	struct loop *loop = peer->control->parts.loop;

	if (peer->watch.fd < 0)
		return;
	loop_watch_set(loop, &peer->watch, 0);
	loop_timer_clear(loop, &peer->limit);
	close(peer->watch.fd);
	peer->watch.fd = -1;
	peer->ticket = 0;
	listen_if_free(peer->control);
}

/* The socket's buffer is empty and takes a line at once: who does not read it has the loss. Puts the object. */
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

static void switch_recording(struct peer *peer, bool on)
{
	const struct control_server_parts *parts = &peer->control->parts;
	struct json_object *json = outcome_json("done");

	parts->recording(parts->context, on);
	json_object_object_add(json, "recording", json_object_new_string(on ? "on" : "off"));
	answer(peer, json);
}

static void adjust(struct peer *peer, const struct config_control *set)
{
	struct control *control = peer->control;
	struct reason why;

	if (control->ordered == PENDING_MAX) {
		answer_sentence(peer, "unavailable", "the camera has not answered what was asked of it before");
		return;
	}
	if (++control->last_ticket == 0)
		control->last_ticket = 1;
	if (!control->parts.adjust(control->parts.context, control->last_ticket, set->name, set->value, &why)) {
		answer_sentence(peer, "unavailable", why.text);
		return;
	}
	control->ordered++;
	peer->ticket = control->last_ticket;
	peer->set = *set;
	loop_watch_set(control->parts.loop, &peer->watch, 0);
}

static void take_line(struct peer *peer, size_t length)
{
	struct control_request request;
	struct reason why;

	if (!control_request_parse(peer->line, length, &request, &why))
		answer_sentence(peer, "refused", why.text);
	else if (request.kind == CONTROL_RECORDING)
		switch_recording(peer, request.on);
	else
		adjust(peer, &request.camera);
}

static void peer_ready(void *context, uint32_t events)
{
	struct peer *peer = context;
	ssize_t got = recv(peer->watch.fd, peer->line + peer->length, sizeof(peer->line) - peer->length, MSG_DONTWAIT);
	const char *end;

	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		peer_close(peer);
		return;
	}
	peer->length += (size_t)got;
	end = memchr(peer->line, '\n', peer->length);
	if (end)
		take_line(peer, (size_t)(end - peer->line));
	else if (peer->length == sizeof(peer->line))
		answer_sentence(peer, "refused", "a request is one line of at most 4096 bytes");
}

static void peer_due(void *context)
{
	peer_close(context);
}

/* Among the peer's supplementary groups; never on kernels before 4.13, which do not tell them. */
static bool is_in_group(int fd, gid_t group)
{
	socklen_t bytes = 0;
	gid_t *groups;
	bool found = false;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &bytes) == 0 || errno != ERANGE)
		return false;
	groups = malloc(bytes);
	if (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) == 0)
		for (size_t i = 0; i < bytes / sizeof(*groups) && !found; i++)
			found = groups[i] == group;
	free(groups);
	return found;
}

static bool is_trusted(int fd)
{
	struct ucred who;
	socklen_t bytes = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &bytes) == 0 &&
	       (who.uid == geteuid() || who.gid == getegid() || is_in_group(fd, getegid()));
}

static void listener_ready(void *context, uint32_t events)
{
	struct control *control = context;
	struct peer *peer = free_peer(control);
	int fd = accept4(control->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	if (!peer || !is_trusted(fd)) {
		close(fd);
		return;
	}
	peer->length = 0;
	peer->watch = (struct loop_watch){.fd = fd, .ready = peer_ready, .context = peer};
	peer->limit = (struct loop_timer){.due = peer_due, .context = peer};
	loop_timer_set(control->parts.loop, &peer->limit, (mono_t){mono_now().us + PEER_LIMIT_US});
	if (!loop_watch_set(control->parts.loop, &peer->watch, EPOLLIN))
		peer_close(peer);
	listen_if_free(control);
}

/* Whether nobody listens there: a recorder that was killed has left it. */
static bool is_abandoned(const struct sockaddr_un *address, socklen_t bytes)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool abandoned = fd >= 0 && connect(fd, (const struct sockaddr *)address, bytes) != 0 && errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return abandoned;
}

/* Its group may connect, whatever the umask. */
static bool take_address(struct control *control)
{
	struct sockaddr_un address;
	struct stat status;
	socklen_t bytes = control_address(control->parts.camera, &address);

	if (bytes > 0 && is_abandoned(&address, bytes))
		unlink(address.sun_path);
	if (bytes == 0 || bind(control->listener.fd, (struct sockaddr *)&address, bytes) != 0)
		return false;
	control->address = address;
	if (lstat(address.sun_path, &status) != 0)
		return false;
	control->device = status.st_dev;
	control->inode = status.st_ino;
	return chmod(address.sun_path, SOCKET_MODE) == 0;
}

static bool has_name(const struct control *control, const struct sockaddr_un *address)
{
	struct stat status;

	return lstat(address->sun_path, &status) == 0 && status.st_dev == control->device &&
	       status.st_ino == control->inode;
}

static void stop_listening(struct control *control)
{
	loop_watch_set(control->parts.loop, &control->listener, 0);
	if (control->listener.fd >= 0)
		close(control->listener.fd);
	control->listener.fd = -1;
	if (control->address.sun_path[0] && has_name(control, &control->address))
		unlink(control->address.sun_path);
	control->address.sun_path[0] = '\0';
}

static bool start_listening(struct control *control, struct reason *why)
{
	char folder[USER_FOLDER_BYTES];

	if (!user_folder_create(folder, why))
		return false;
	control->listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->listener.fd < 0 || !take_address(control) || listen(control->listener.fd, PEERS_MAX) != 0)
		return reason_errno(why, "the control socket cannot be opened");
	listen_if_free(control);
	return control->listener.events != 0 || !free_peer(control) ||
	       reason_errno(why, "the control socket cannot be opened");
}

void control_server_check(struct control *control)
{
	struct sockaddr_un address;
	struct reason why;

	if (control_address(control->parts.camera, &address) > 0 && has_name(control, &address))
		return;
	stop_listening(control);
	if (start_listening(control, &why)) {
		log_warn("control", "the control socket was removed from /dev/shm: it is made anew");
		control->lost = false;
		return;
	}
	stop_listening(control);
	if (!control->lost)
		log_error("control", "%s: nothing can be changed until it can", why.text);
	control->lost = true;
}

struct control *control_server_create(const struct control_server_parts *parts, struct reason *why)
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control) {
		reason_set(why, "no memory");
		return NULL;
	}
	control->parts = *parts;
	for (size_t i = 0; i < PEERS_MAX; i++)
		control->peers[i] = (struct peer){.control = control, .watch.fd = -1};
	control->listener = (struct loop_watch){.fd = -1, .ready = listener_ready, .context = control};
	if (start_listening(control, why))
		return control;
	control_server_destroy(control);
	return NULL;
}

void control_server_destroy(struct control *control)
{
	if (!control)
		return;
	for (size_t i = 0; i < PEERS_MAX; i++)
		peer_close(&control->peers[i]);
	stop_listening(control);
	free(control);
}

void control_server_finish(struct control *control, uint32_t ticket, bool good, int64_t value, const struct reason *why)
{
	control->ordered--;
	for (size_t i = 0; i < PEERS_MAX; i++) {
		struct peer *peer = &control->peers[i];
		struct json_object *json;

		if (peer->ticket != ticket)
			continue;
		if (!good) {
			answer_sentence(peer, "refused", why->text);
			return;
		}
		json = outcome_json("done");
		json_object_object_add(json, "control", json_object_new_string(peer->set.name));
		json_object_object_add(json, "value", json_object_new_int64(value));
		answer(peer, json);
		return;
	}
}
