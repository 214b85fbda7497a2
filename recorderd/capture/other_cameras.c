/* other_cameras.c - the other cameras of this machine, from their .ini files and rings. */
#include "recorderd/capture/other_cameras.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorderd/ring/ring_pages.h"
#include "recorderd/ring/ring_size.h"
#include "shared/config/camera_device.h"
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
	struct ring_request request;

	ring_size_choose(other, 1, &request);
	/* A setting that does not fit into /dev/shm is treated as none. */
	if (!request.exact || ring_size_total_bytes(&request) > ring_pages_total_bytes(RING_SPARE_PERCENT))
		return;
	cameras->exact++;
	cameras->exact_bytes += ring_size_total_bytes(&request);
}

static void add(struct other_cameras *cameras, const struct config *other)
{
	char *device = cameras->devices[cameras->count], *ring = cameras->rings[cameras->count];

	cameras->count++;
	add_memory(cameras, other);
	if (strcmp(other->camera.device, "test") == 0 || camera_device_is_external(other->camera.device))
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

	memset(out, 0, sizeof(*out));
	snprintf(folder, sizeof(folder), "%s", config->file);
	char *slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	DIR *list = other && slash ? opendir(folder) : NULL;
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

/* Reads what that recorder last published. False if it had no camera of its own, or its ring is gone. */
static bool read_last_state(const char *ring, struct recorder_state *out, bool *streaming)
{
	struct reason unused;
	struct ring_reader *reader = ring_reader_open(ring, &unused);
	bool had = reader && ring_reader_state(reader, out) && out->source == SOURCE_CAMERA && out->device[0] &&
		   !out->configured[0];

	*streaming = had && out->camera_state == CAMERA_STREAMING && ring_reader_is_alive(reader, out);
	ring_reader_close(reader);
	return had;
}

static bool was_used_by(const struct device *device, const char *ring)
{
	struct recorder_state state;
	bool streaming;

	if (!read_last_state(ring, &state, &streaming) || strcmp(state.bus, device->bus) != 0 ||
	    strcmp(state.model, device->model) != 0)
		return false;
	return !streaming || device_is_same(state.device, device->path);
}

bool device_claimed_by_other(const struct device *device, const char *const *rings, const char *own_ring)
{
	for (; rings && *rings; rings++)
		if (was_used_by(device, *rings))
			return !was_used_by(device, own_ring);
	return false;
}
