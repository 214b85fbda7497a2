/* motion_program.c - where recorder-motion is. */
#include "recorderd/motion/motion_program.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME "recorder-motion"

/* The folder of this program; "." if that is not known. */
static void own_folder(char out[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", out, PATH_MAX - 1);

	out[length > 0 ? length : 0] = '\0';

	char *slash = strrchr(out, '/');

	if (slash)
		*slash = '\0';
	else
		strcpy(out, ".");
}

void motion_program_find(char out[PATH_MAX])
{
	char folder[PATH_MAX], built[PATH_MAX];

	own_folder(folder);
	bool fits = snprintf(out, PATH_MAX, "%s/" NAME, folder) < PATH_MAX &&
		    snprintf(built, PATH_MAX, "%s/../motion/" NAME, folder) < PATH_MAX;
	if (fits && access(out, X_OK) != 0 && access(built, X_OK) == 0)
		memcpy(out, built, strlen(built) + 1);
}
