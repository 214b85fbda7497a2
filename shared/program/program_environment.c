/* program_environment.c - the environment of a program that the .ini names. */
#include "shared/program/program_environment.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void program_environment_add(struct program_environment *environment, const char *variable)
{
	assert(environment->count < PROGRAM_ENVIRONMENT_MAX);
	environment->variables[environment->count++] = variable;
	environment->variables[environment->count] = NULL;
}

/* Adds NAME=VALUE as this process has it, or with the default; not if there is neither, or if it does not fit. */
static void inherit(struct program_environment *environment, char *out, size_t bytes, const char *name,
		    const char *otherwise)
{
	const char *value = getenv(name);

	if (!value || snprintf(out, bytes, "%s=%s", name, value) >= (int)bytes) {
		if (!otherwise)
			return;
		snprintf(out, bytes, "%s=%s", name, otherwise);
	}
	program_environment_add(environment, out);
}

void program_environment_set(struct program_environment *environment, const char *camera)
{
	struct program_environment *to = environment;

	to->count = 0;
	program_environment_add(to, "PATH=" PROGRAM_PATH);
	inherit(to, to->home, sizeof(to->home), "HOME", "/");
	inherit(to, to->language, sizeof(to->language), "LANG", "C.UTF-8");
	inherit(to, to->zone, sizeof(to->zone), "TZ", NULL);
	inherit(to, to->credentials, sizeof(to->credentials), "CREDENTIALS_DIRECTORY", NULL);
	snprintf(to->camera, sizeof(to->camera), "RECORDER_CAMERA=%.40s", camera);
	program_environment_add(to, to->camera);
}
