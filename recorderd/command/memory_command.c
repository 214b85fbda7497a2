/* memory_command.c - lists and frees the memory that killed recorders have left. */
#include "recorderd/command/memory_command.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "recorderd/ring/leftovers.h"
#include "shared/config/config.h"

int memory_command_list(FILE *to)
{
	struct leftover *all;
	size_t count = leftovers_find(&all);

	for (size_t i = 0; i < count; i++) {
		char text[LEFTOVER_TEXT_BYTES];

		leftover_describe(&all[i], text);
		fprintf(to, "%s\n", text);
	}
	free(all);
	return 0;
}

/* `quiet`: prints nothing if there is nothing to free. */
static int free_one(const char *camera, bool quiet)
{
	struct reason why;
	uint64_t bytes;

	switch (leftover_free(camera, &bytes, &why)) {
	case LEFTOVER_FREED:
		printf("%s: freed %llu MiB of RAM\n", camera, (unsigned long long)bytes >> 20);
		return 0;
	case LEFTOVER_NONE:
		if (!quiet)
			printf("%s: nothing to free\n", camera);
		return 0;
	case LEFTOVER_IN_USE:
		fprintf(stderr, "recorderd: the recorder of the camera %s is running and uses its memory\n", camera);
		return 1;
	case LEFTOVER_REFUSED:
		break;
	}
	fprintf(stderr, "recorderd: %s\n", why.text);
	return 1;
}

/* Whether `file` is that path, or a file in that directory. */
static bool is_below(const char *file, const char *path)
{
	size_t length = strlen(path);

	return strncmp(file, path, length) == 0 &&
	       (file[length] == '\0' || (file[length] == '/' && !strchr(file + length + 1, '/')));
}

/* Frees the rings of recorders that were started with the file, or with a file of the directory, at `path`. */
static int free_by_file(const char *path)
{
	struct leftover *all;
	size_t count = leftovers_find(&all);
	int status = 0;

	for (size_t i = 0; i < count; i++)
		if (all[i].config_file[0] && is_below(all[i].config_file, path))
			status |= free_one(all[i].camera, true);
	free(all);
	return status;
}

/* Resolves symbolic links, since recorders publish resolved paths. If the file is gone, resolves its folder. */
static void resolve(const char *path, char out[PATH_MAX])
{
	char folder[PATH_MAX], resolved[PATH_MAX];
	const char *slash = strrchr(path, '/');

	snprintf(out, PATH_MAX, "%s", path);
	if (realpath(path, resolved)) {
		snprintf(out, PATH_MAX, "%s", resolved);
		return;
	}
	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	if (realpath(folder, resolved) && strlen(resolved) + strlen(slash ? slash + 1 : path) + 1 < PATH_MAX) {
		strcat(resolved, "/");
		strcat(resolved, slash ? slash + 1 : path);
		snprintf(out, PATH_MAX, "%s", resolved);
	}
}

int memory_command_free(const char *config, const char *camera)
{
	struct config_set set = {0};
	struct reason unused;
	char path[PATH_MAX];

	if (camera)
		return free_one(camera, false);
	resolve(config, path);

	int status = free_by_file(path);

	if (config_set_load(config, &set, &unused))
		for (size_t i = 0; i < set.count; i++)
			status |= free_one(set.cameras[i].camera.name, true);
	config_set_free(&set);
	return status;
}
