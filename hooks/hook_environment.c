/* hook_environment.c - the environment of a hook's program. */
#include "hooks/hook_environment.h"

#include <stdio.h>

void hook_environment_set(struct hook_environment *environment, const char *camera, const char *hook,
			  enum notification_kind kind, uint64_t skipped)
{
	struct hook_environment *to = environment;

	program_environment_set(&to->common, camera);
	snprintf(to->hook, sizeof(to->hook), "RECORDER_HOOK=%.40s", hook);
	snprintf(to->event, sizeof(to->event), "RECORDER_EVENT=%.40s", notification_kind_text(kind));
	snprintf(to->skipped, sizeof(to->skipped), "RECORDER_SKIPPED=%llu", (unsigned long long)skipped);
	program_environment_add(&to->common, to->hook);
	program_environment_add(&to->common, to->event);
	program_environment_add(&to->common, to->skipped);
}
