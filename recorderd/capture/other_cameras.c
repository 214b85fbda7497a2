/* other_cameras.c - see other_cameras.h. */
#include "recorderd/capture/other_cameras.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorderd/ring/ring_size.h"
#include "shared/ring/ring_reader.h"

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

static void add_memory(struct other_cameras *cameras, const struct config *other)
{
	struct ring_request wish;

	ring_size_choose(other, 1, &wish);
	if (!wish.exact)
		return;
	cameras->exact++;
	cameras->exact_bytes += ring_size_total_bytes(&wish);
}

static void add(struct other_cameras *cameras, const struct config *other)
{
	char *device = cameras->devices[cameras->count], *ring = cameras->rings[cameras->count];

	cameras->count++;
	add_memory(cameras, other);
	if (strcmp(other->camera.device, "test") == 0)
		return;
	config_ring_name(other, ring);
	append(cameras->ring_list, ring);
	if (strcmp(other->camera.device, "auto") == 0)
		return;
	snprintf(device, CONFIG_DEVICE_BYTES, "%s", other->camera.device);
	append(cameras->device_list, device);
}

void other_cameras_find(const struct config *config, struct other_cameras *out)
{
	struct config *other = malloc(sizeof(*other));
	char folder[PATH_MAX], path[PATH_MAX];
	const struct dirent *file;
	struct reason why;
	char *slash;
	DIR *list;

	memset(out, 0, sizeof(*out));
	out->others = (struct source_others){out->device_list, out->ring_list};
	snprintf(folder, sizeof(folder), "%s", config->file);
	slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	list = other && slash ? opendir(folder) : NULL;
	while (list && (file = readdir(list)) && out->count < OTHER_CAMERAS_MAX) {
		if (!is_ini(file->d_name) || strcmp(file->d_name, slash + 1) == 0 ||
		    snprintf(path, sizeof(path), "%s/%s", folder, file->d_name) >= (int)sizeof(path))
			continue;
		if (config_load(path, other, &why) && strcmp(other->camera.name, config->camera.name) != 0)
			add(out, other);
	}
	if (list)
		closedir(list);
	free(other);
}

/* False where that recorder has had no camera of its own, or has stopped in order. */
static bool read_last(const char *ring, struct recorder_state *out, bool *streams)
{
	struct reason unused;
	struct ring_reader *reader = ring_reader_open(ring, &unused);
	bool had = reader && ring_reader_state(reader, out) && out->source == SOURCE_CAMERA && out->device[0] &&
		   !out->configured[0];

	*streams = had && out->camera_state == CAMERA_STREAMING && ring_reader_is_alive(reader, out);
	ring_reader_close(reader);
	return had;
}

static bool was_last_of(const struct device *device, const char *ring)
{
	struct recorder_state state;
	bool streams;

	if (!read_last(ring, &state, &streams) || strcmp(state.bus, device->bus) != 0 ||
	    strcmp(state.model, device->model) != 0)
		return false;
	return !streams || device_is_same(state.device, device->path);
}

bool device_claimed_by_other(const struct device *device, const char *const *rings, const char *own_ring)
{
	for (; rings && *rings; rings++)
		if (was_last_of(device, *rings))
			return !was_last_of(device, own_ring);
	return false;
}
