/*
 * worker_sandbox.h - the sandbox of a worker: what it keeps open from before, and when a new worker has to replace
 * it because folders have changed.
 */
#ifndef FCGI_POOL_WORKER_SANDBOX_H
#define FCGI_POOL_WORKER_SANDBOX_H

#include "fcgi/auth/token_store.h"
#include "fcgi/sandbox/broker.h"
#include "fcgi/sandbox/program_sandbox.h"
#include "fcgi/sandbox/sandbox_folders.h"

struct worker_sandbox {
	struct broker *broker;
	struct token_store *tokens;
	struct sandbox_folders *folders;
	struct sandbox_state state;
};

/*
 * Sandboxes this process; call it before there are threads. Never fails: what is not available is logged. `judged`:
 * the cameras whose tokens the worker needs; NULL: none. `folders`: the cameras whose folders it may use; makes
 * their folders of clips. Neither is owned.
 */
void worker_sandbox_enter(const struct config_set *judged, const struct config_set *folders,
			  struct worker_sandbox *out);
void worker_sandbox_free(struct worker_sandbox *sandbox);

/* False if the paths of the folders lead to other folders now: Landlock would refuse those. */
bool worker_sandbox_is_current(const struct worker_sandbox *sandbox);

#endif
