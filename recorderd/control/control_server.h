/*
 * control_server.h - the control socket (shared/ring/control.h): takes requests from processes of the recorder's own
 * user or group (also where that group is a supplementary one of theirs), and answers them from the event loop. Never
 * blocks; a peer that says nothing is closed after some seconds.
 */
#ifndef RECORDERD_CONTROL_CONTROL_SERVER_H
#define RECORDERD_CONTROL_CONTROL_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/reason.h"
#include "shared/event/loop.h"

struct control;

struct control_server_parts {
	struct loop *loop;
	const char *camera; /* its name */

	/* Recording is to be on or off; published when it returns. */
	void (*recording)(void *context, bool on);

	/* A camera control is to be set; control_server_finish() with the same ticket says later what came of it. False,
	 * with the reason, where there is no camera. */
	bool (*adjust)(void *context, uint32_t ticket, const char *name, const char *value, struct reason *why);
	void *context;
};

/* NULL with a sentence where the address cannot be had. `parts.camera` outlives it. */
struct control *control_server_create(const struct control_server_parts *parts, struct reason *why);

/* Listens again where somebody removed the socket from the user's folder. Does not block; logs what comes of it. */
void control_server_check(struct control *control);

/* Closes the socket and its connections without an answer. NULL is safe. */
void control_server_destroy(struct control *control);

/* The answer to parts.adjust: the value that the driver took, or why not. */
void control_server_finish(struct control *control, uint32_t ticket, bool good, int64_t value,
			   const struct reason *why);

#endif
