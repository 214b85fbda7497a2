/*
 * live.h - recorder-live's loop: one epoll thread takes the requests and fans the newest picture of each camera out to
 * its viewers.
 */
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
	int64_t gone_limit_us;      /* how long viewers keep the last picture of a recorder that is away */
};

/* Runs until stop_fd. False with a sentence where it cannot start; nothing that happens later ends it. */
bool live_run(const struct live_setup *setup, struct reason *why);

#endif
