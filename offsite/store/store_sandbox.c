/* store_sandbox.c - what the sandboxes of programs that talk to a store have in common. */
#include "offsite/store/store_sandbox.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "shared/base/log.h"

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

struct sandbox *store_sandbox_open(const char *area, enum seccomp_profile profile, const struct config_store *config,
				   unsigned port)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	struct sandbox *sandbox = sandbox_open(&(struct sandbox_setup){.profile = profile, .tcp_port = port});

	hide();
	tzset(); /* the log needs the time zone */
	if (!sandbox) {
		log_warn(area, "sandbox incomplete: out of memory");
		return NULL;
	}
	allow_folder_of(sandbox, config->key_file);
	if (config->ca_file[0])
		allow_folder_of(sandbox, config->ca_file);
	if (credentials)
		sandbox_allow(sandbox, credentials, LANDLOCK_READ);
	allow_system(sandbox);
	return sandbox;
}

void store_sandbox_enter(const char *area, struct sandbox *sandbox)
{
	struct sandbox_state state = {.known = true};

	if (!sandbox)
		return;
	sandbox_enter(sandbox);
	sandbox_state(sandbox, &state);
	sandbox_log(area, &state);
	sandbox_close(sandbox);
}
