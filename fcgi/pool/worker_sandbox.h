/*
 * worker_sandbox.h - a worker locks itself up: what it keeps from outside, and when it has to give way to one that sees
 * the world as it is now.
 */
#ifndef FCGI_POOL_WORKER_SANDBOX_H
#define FCGI_POOL_WORKER_SANDBOX_H

#include "fcgi/auth/token_store.h"
#include "fcgi/sandbox/broker.h"
#include "fcgi/sandbox/program_sandbox.h"
#include "fcgi/sandbox/sandbox_folders.h"

struct worker_sandbox {
	struct broker *outside;
	struct token_store *tokens;
	struct sandbox_folders *folders;
	struct sandbox_state lock;
};

/*
 * Before there are threads. Nothing in it is fatal: what is not to be had is logged. `judged`: the cameras whose tokens
 * are to be had; NULL: nobody's. `folders`: the cameras whose folders are; makes those of clips. Neither is owned.
 */
void worker_sandbox_enter(const struct config_set *judged, const struct config_set *folders,
			  struct worker_sandbox *out);
void worker_sandbox_finish(struct worker_sandbox *confinement);

/* Whether the folders that can be used are those that there are. */
bool worker_sandbox_is_current(const struct worker_sandbox *confinement);

#endif
