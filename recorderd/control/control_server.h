/*
 * control_server.h - the server of the control socket (shared/ring/control.h).
 *
 * It accepts processes of the recorder's own user or group, including those that have the group as a supplementary one,
 * and answers from the event loop. It never blocks; a client that sends nothing is disconnected after some seconds.
 */
#ifndef RECORDERD_CONTROL_CONTROL_SERVER_H
#define RECORDERD_CONTROL_CONTROL_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "recorderd/setup/config_replace.h"
#include "recorderd/setup/setup_choice.h"
#include "shared/base/reason.h"
#include "shared/event/loop.h"

struct control_server;
struct json_object;

struct control_server_parts {
	struct loop *loop;
	const char *camera; /* its name */

	/* Switches recording. The new state is published when it returns. */
	void (*set_recording)(void *context, bool on);
	void (*set_camera)(void *context, bool on);

	/*
	 * Begins to set a control of the camera; control_server_finish() with the same ticket reports the outcome
	 * later. Returns false and sets *why if there is no camera.
	 */
	bool (*set_control)(void *context, uint32_t ticket, const char *name, const char *value, struct reason *why);

	/*
	 * Begins to write a choice; control_server_finish_setup() with the same ticket reports the outcome later.
	 * Returns false and sets *why if that is not possible now.
	 */
	bool (*set_up)(void *context, uint32_t ticket, const struct setup_choice *choice, struct reason *why);

	/* What is chosen: the members of the answer (control.h). NULL without memory. */
	struct json_object *(*describe_setup)(void *context);
	void *context;
};

/* Returns NULL and sets *why if the socket cannot be opened. `parts->camera` must outlive it. */
struct control_server *control_server_create(const struct control_server_parts *parts, struct reason *why);

/* Creates the socket again if somebody has removed it from the user's folder, and logs that. Does not block. */
void control_server_check(struct control_server *server);

/* Closes the socket, and its connections without an answer. NULL is safe. */
void control_server_destroy(struct control_server *server);

/* Reports the outcome of parts.set_control(): the value that the driver set, or why it failed if `ok` is false. */
void control_server_finish(struct control_server *server, uint32_t ticket, bool ok, int64_t value,
			   const struct reason *why);

/* Reports the outcome of parts.set_up(): whether the recorder restarts now, or why nothing was written. */
void control_server_finish_setup(struct control_server *server, uint32_t ticket, enum config_replace_outcome outcome,
				 bool restarts, const struct reason *why);

#endif
