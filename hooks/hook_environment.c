/* hook_environment.c - the environment of a hook's program. */
#include "hooks/hook_environment.h"

#include <stdio.h>
#include <stdlib.h>

static size_t add(struct hook_environment *environment, size_t count, const char *variable)
{
	environment->variables[count] = variable;
	environment->variables[count + 1] = NULL;
	return count + 1;
}

/* Adds NAME=VALUE as this process has it, or with the default; not if there is neither, or if it does not fit. */
static size_t inherit(struct hook_environment *environment, size_t count, char *out, size_t bytes, const char *name,
		      const char *otherwise)
{
	const char *value = getenv(name);

	if (!value || snprintf(out, bytes, "%s=%s", name, value) >= (int)bytes) {
		if (!otherwise)
			return count;
		snprintf(out, bytes, "%s=%s", name, otherwise);
	}
	return add(environment, count, out);
}

void hook_environment_set(struct hook_environment *environment, const char *camera, const char *hook,
			  enum notification_kind kind, uint64_t skipped)
{
	struct hook_environment *to = environment;
	size_t count = add(to, 0, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");

	count = inherit(to, count, to->home, sizeof(to->home), "HOME", "/");
	count = inherit(to, count, to->language, sizeof(to->language), "LANG", "C.UTF-8");
	count = inherit(to, count, to->zone, sizeof(to->zone), "TZ", NULL);
	count = inherit(to, count, to->credentials, sizeof(to->credentials), "CREDENTIALS_DIRECTORY", NULL);
	snprintf(to->camera, sizeof(to->camera), "RECORDER_CAMERA=%.40s", camera);
	snprintf(to->hook, sizeof(to->hook), "RECORDER_HOOK=%.40s", hook);
	snprintf(to->event, sizeof(to->event), "RECORDER_EVENT=%.40s", notification_kind_text(kind));
	snprintf(to->skipped, sizeof(to->skipped), "RECORDER_SKIPPED=%llu", (unsigned long long)skipped);
	count = add(to, count, to->camera);
	count = add(to, count, to->hook);
	count = add(to, count, to->event);
	add(to, count, to->skipped);
}
