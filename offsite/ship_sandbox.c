/* ship_sandbox.c - the sandbox of recorder-ship. */
#include "offsite/ship_sandbox.h"

#include "offsite/store/store_sandbox.h"

void ship_sandbox_enter(const struct config *config, unsigned port)
{
	struct sandbox *sandbox = store_sandbox_open("ship", SECCOMP_SHIP, &config->store, port);

	if (!sandbox)
		return;
	sandbox_allow(sandbox, config->record.directory, LANDLOCK_READ);
	sandbox_allow(sandbox, config->clips.directory, LANDLOCK_READ);
	sandbox_allow(sandbox, config->store.directory, LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_MAKE);
	store_sandbox_enter("ship", sandbox);
}
