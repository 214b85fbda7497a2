/* state_file.c - where a recorder remembers something from one run to the next. */
#include "shared/config/state_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_below(const char *path, const char *folder, size_t length)
{
	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Chooses the first folder of `list`, which is separated by colons, that does not contain the recordings. */
static bool choose_state_folder(const char *list, const char *recordings, const char **folder, size_t *length)
{
	while (list && *list) {
		*length = strcspn(list, ":");
		*folder = list;
		if (*length > 0 && !is_below(recordings, list, *length))
			return true;
		list += *length + (list[*length] == ':');
	}
	return false;
}

bool state_file_path(const struct config *config, const char *what, char out[PATH_MAX])
{
	const char *folder;
	size_t length;
	int written;

	if (choose_state_folder(getenv("STATE_DIRECTORY"), config->record.directory, &folder, &length))
		written = snprintf(out, PATH_MAX, "%.*s/%s.%s", (int)length, folder, config->camera.name, what);
	else if (strrchr(config->file, '/'))
		written = snprintf(out, PATH_MAX, "%.*s/.%s.%s", (int)(strrchr(config->file, '/') - config->file),
				   config->file, config->camera.name, what);
	else
		return false;
	return written < PATH_MAX;
}
