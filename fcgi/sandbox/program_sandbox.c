/* program_sandbox.c - the sandboxes of the programs behind the web server. */
#include "fcgi/sandbox/program_sandbox.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/log.h"
#include "shared/ring/live_stats.h"
#include "shared/ring/user_folder.h"

#define DEFAULT_PATH "/usr/bin:/bin"

/* Finds this user's folder first, because the sandbox does not allow listing the folder that contains it. */
static void allow_rings(struct sandbox *sandbox)
{
	char folder[USER_FOLDER_BYTES];
	struct reason why;

	if (!user_folder_create(folder, &why))
		log_warn("sandbox", "%s", why.text);
	sandbox_allow(sandbox, SHM_FOLDER, LANDLOCK_READ_FILE);
}

/* The C library reads the time zone again when it changes. */
static void allow_zones(struct sandbox *sandbox)
{
	sandbox_allow(sandbox, "/usr/share/zoneinfo", LANDLOCK_READ);
	sandbox_allow(sandbox, "/etc/localtime", LANDLOCK_READ);
}

static struct sandbox *prepare(const struct sandbox_setup *setup, struct sandbox_state *out)
{
	struct sandbox *sandbox = sandbox_open(setup);

	*out = (struct sandbox_state){.known = true};
	if (!sandbox)
		reason_set(&out->missing, "out of memory");
	return sandbox;
}

static void enter(struct sandbox *sandbox, struct sandbox_state *out)
{
	sandbox_enter(sandbox);
	sandbox_state(sandbox, out);
	sandbox_close(sandbox);
}

void program_sandbox_enter_live(const struct config_set *cameras, struct sandbox_state *out)
{
	struct sandbox *sandbox = prepare(&(struct sandbox_setup){.profile = SECCOMP_LIVE}, out);
	char path[PATH_MAX];

	if (!sandbox)
		return;
	allow_rings(sandbox);
	for (size_t i = 0; i < cameras->count; i++) {
		live_stats_path(&cameras->cameras[i], path);
		sandbox_allow(sandbox, path, LANDLOCK_READ | LANDLOCK_WRITE);
	}
	allow_zones(sandbox);
	enter(sandbox, out);
}

void program_sandbox_enter_api(const struct config_set *cameras, struct sandbox_state *out)
{
	struct sandbox *sandbox = prepare(&(struct sandbox_setup){.profile = SECCOMP_API, .runs_ffmpeg = true}, out);

	if (!sandbox)
		return;
	allow_rings(sandbox);
	for (size_t i = 0; i < cameras->count; i++) {
		sandbox_allow(sandbox, cameras->cameras[i].record.directory, LANDLOCK_READ);
		if (!cameras->cameras[i].remote)
			sandbox_allow(sandbox, cameras->cameras[i].clips.directory,
				      LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_MAKE);
	}
	allow_zones(sandbox);
	enter(sandbox, out);
}

void program_sandbox_each_file(void (*each)(const char *path, void *context), void *context)
{
	const char *search = getenv("PATH"), *loader = sandbox_loader();
	char path[PATH_MAX];

	if (loader)
		each(loader, context);
	each("/etc/localtime", context);
	for (const char *at = search ? search : DEFAULT_PATH; at; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
		snprintf(path, sizeof(path), "%.*s/ffmpeg", (int)strcspn(at, ":"), at);
		each(path, context);
	}
}

void program_sandbox_enter_ffmpeg(void)
{
	struct sandbox_state unused;
	struct sandbox *sandbox =
		prepare(&(struct sandbox_setup){.profile = SECCOMP_FFMPEG, .runs_ffmpeg = true}, &unused);

	if (sandbox)
		enter(sandbox, &unused);
}
