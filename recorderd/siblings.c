#include "recorderd/siblings.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorderd/ring_size.h"

static bool is_ini(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && length > 4 && strcmp(name + length - 4, ".ini") == 0;
}

static void append(const char **list, const char *text)
{
	while (*list)
		list++;
	*list = text;
}

static void add_memory(struct siblings *siblings, const struct config *other)
{
	struct ring_wish wish;

	ring_size_choose(other, 1, &wish);
	if (!wish.exact)
		return;
	siblings->exact++;
	siblings->exact_bytes += ring_size_total(&wish);
}

static void add(struct siblings *siblings, const struct config *other)
{
	char *device = siblings->devices[siblings->count], *ring = siblings->rings[siblings->count];

	siblings->count++;
	add_memory(siblings, other);
	if (strcmp(other->camera.device, "test") == 0)
		return;
	config_ring_name(other, ring);
	append(siblings->ring_list, ring);
	if (strcmp(other->camera.device, "auto") == 0)
		return;
	snprintf(device, CONFIG_DEVICE_BYTES, "%s", other->camera.device);
	append(siblings->device_list, device);
}

void siblings_find(const struct config *config, struct siblings *out)
{
	struct config *other = malloc(sizeof *other);
	char folder[PATH_MAX], path[PATH_MAX];
	const struct dirent *file;
	struct reason why;
	char *slash;
	DIR *list;

	memset(out, 0, sizeof *out);
	out->others = (struct source_others){out->device_list, out->ring_list};
	snprintf(folder, sizeof folder, "%s", config->file);
	slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	list = other && slash ? opendir(folder) : NULL;
	while (list && (file = readdir(list)) && out->count < SIBLINGS_MAX) {
		if (!is_ini(file->d_name) || strcmp(file->d_name, slash + 1) == 0 ||
		    snprintf(path, sizeof path, "%s/%s", folder, file->d_name) >= (int)sizeof path)
			continue;
		if (config_load(path, other, &why) && strcmp(other->camera.name, config->camera.name) != 0)
			add(out, other);
	}
	if (list)
		closedir(list);
	free(other);
}
