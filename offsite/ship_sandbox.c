/* ship_sandbox.c - the sandbox of recorder-ship. */
#include "offsite/ship_sandbox.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "shared/base/log.h"
#include "shared/sandbox/sandbox.h"

/* The key and its replacement are files in one folder. */
static void allow_folder_of(struct sandbox *sandbox, const char *file)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", file);
	sandbox_allow(sandbox, dirname(path), LANDLOCK_READ_FILE);
}

/* Whole folders, since /etc/resolv.conf and others are replaced while the program runs. */
static void allow_system(struct sandbox *sandbox)
{
	static const char *const folders[] = {"/etc",
					      "/usr/lib",
					      "/lib",
					      "/lib64",
					      "/usr/share/zoneinfo",
					      "/usr/share/ca-certificates",
					      "/usr/local/share/ca-certificates",
					      "/run/systemd/resolve",
					      "/run/resolvconf",
					      "/run/NetworkManager",
					      NULL};

	for (size_t i = 0; folders[i]; i++)
		sandbox_allow(sandbox, folders[i], LANDLOCK_READ);
}

static void hide(void)
{
	const struct rlimit none = {0};

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
}

void ship_sandbox_enter(const struct config *config, unsigned port)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	struct sandbox *sandbox = sandbox_open(&(struct sandbox_setup){.profile = SECCOMP_SHIP, .tcp_port = port});
	struct sandbox_state state = {.known = true};

	hide();
	tzset(); /* the log needs the time zone */
	if (!sandbox) {
		log_warn("ship", "sandbox incomplete: out of memory");
		return;
	}
	sandbox_allow(sandbox, config->record.directory, LANDLOCK_READ);
	sandbox_allow(sandbox, config->clips.directory, LANDLOCK_READ);
	sandbox_allow(sandbox, config->store.directory, LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_MAKE);
	allow_folder_of(sandbox, config->store.key_file);
	if (config->store.ca_file[0])
		allow_folder_of(sandbox, config->store.ca_file);
	if (credentials)
		sandbox_allow(sandbox, credentials, LANDLOCK_READ);
	allow_system(sandbox);
	sandbox_enter(sandbox);
	sandbox_state(sandbox, &state);
	sandbox_log("ship", &state);
	sandbox_close(sandbox);
}
