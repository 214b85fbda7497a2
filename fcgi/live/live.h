/* live.h - recorder-live's loop: accepts requests and sends the newest frame of each camera to all its viewers. */
#ifndef FCGI_LIVE_LIVE_H
#define FCGI_LIVE_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/auth/token_store.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

struct live_setup {
	const struct config_set *cameras;
	int listen_fd;              /* non-blocking */
	int stop_fd;                /* readable: end every stream and return */
	struct token_store *tokens; /* NULL: there are none */
	int64_t gone_limit_us;      /* for how long viewers keep the last frame of a recorder that is not running */
	int64_t silence_us;         /* after which clients of /events/live get a comment */
};

/* Runs until stop_fd is readable. Returns false and sets *why if it cannot start; no later error ends it. */
bool live_run(const struct live_setup *setup, struct reason *why);

#endif
