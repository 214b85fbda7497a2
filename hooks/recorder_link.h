/*
 * recorder_link.h - the connection to the recorder of a camera (shared/notify/hook_socket.h).
 *
 * It is opened again, a few times per second, whenever there is none, and asks for what it has missed since. Packets
 * that are not valid end it.
 */
#ifndef HOOKS_RECORDER_LINK_H
#define HOOKS_RECORDER_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/event/loop.h"
#include "shared/notify/hook_socket.h"

/* Zero it, set the first four, and call recorder_link_open(). */
struct recorder_link {
	struct loop *loop;
	const char *camera; /* its name */
	void (*take)(void *context, const struct hook_news *news);
	void *context;

	/* Private */
	struct loop_watch watch; /* fd -1: not connected */
	struct loop_timer retry;
	struct hook_hello hello;
};

void recorder_link_open(struct recorder_link *link);
void recorder_link_close(struct recorder_link *link);

#endif
