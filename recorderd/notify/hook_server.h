/*
 * hook_server.h - the server of the socket of recorder-hooks (shared/notify/hook_socket.h).
 *
 * It accepts processes of the recorder's own user, and those in the group of the socket's folder if that is for a
 * group. It sends from the event loop and never blocks. What a client does not take in time waits in the rings, and is lost,
 * counted and told once it has been overwritten there.
 */
#ifndef RECORDERD_NOTIFY_HOOK_SERVER_H
#define RECORDERD_NOTIFY_HOOK_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "recorderd/notify/motion_ring_writer.h"
#include "recorderd/notify/notification_writer.h"
#include "shared/base/reason.h"
#include "shared/event/loop.h"

struct hook_server;

/* All of them must outlive the server. */
struct hook_server_parts {
	struct loop *loop;
	const char *camera; /* its name */
	const struct notification_writer *notifications;
	const struct motion_ring_writer *motion;
};

/* Returns NULL and sets *why if the socket cannot be opened. */
struct hook_server *hook_server_create(const struct hook_server_parts *parts, struct reason *why);

/* Creates the socket again if somebody has removed it, and logs that. */
void hook_server_check(struct hook_server *server);

/* A notification was put into its ring: the record and its JSON, as notification_writer_put() returns them. */
void hook_server_notify(struct hook_server *server, const uint8_t *record, size_t bytes);

/* A motion record was put into its ring. */
void hook_server_motion(struct hook_server *server, const struct motion_record *record);

/* The configuration was read again. */
void hook_server_reloaded(struct hook_server *server);

/* How many clients there are that have said hello, and what clients have lost since the server was created. */
struct hook_server_counts {
	unsigned clients;
	uint64_t lost;        /* notifications */
	uint64_t lost_motion; /* motion records */
};
struct hook_server_counts hook_server_counts(const struct hook_server *server);

/* NULL is safe here and in the functions above. */
void hook_server_destroy(struct hook_server *server);

#endif
