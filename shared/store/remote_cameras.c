/* remote_cameras.c - the cameras whose footage recorder-fetch has from the store. */
#include "shared/store/remote_cameras.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/crc32c.h"
#include "shared/base/file_io.h"
#include "shared/config/mount_need.h"

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789_-"

/* As config_is_word() has it: what may be a camera's name. */
static int is_camera_name(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 0 && length < CONFIG_NAME_BYTES && entry->d_name[0] != '-' &&
	       strspn(entry->d_name, NAME_LETTERS) == length;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Reads the status of the camera of that name; without one its folder is not complete yet. */
static bool read_status(int cache, const char *name, struct fetch_status *out)
{
	int folder = openat(cache, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	bool good = folder >= 0 && remote_camera_status(folder, out);

	if (folder >= 0)
		close(folder);
	return good;
}

int remote_cameras_list(const char *cache, size_t max, struct remote_camera **out)
{
	struct dirent **entries = NULL;
	int folder = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int found = folder < 0 ? -1 : scandirat(folder, ".", &entries, is_camera_name, by_name);
	size_t count = 0;

	*out = found < 0 ? NULL : calloc((size_t)found + 1, sizeof(**out));
	for (int i = 0; i < found; i++) {
		struct remote_camera *camera = *out && count < max ? &(*out)[count] : NULL;
		if (camera && read_status(folder, entries[i]->d_name, &camera->status))
			strcpy((*out)[count++].name, entries[i]->d_name); /* is_camera_name() has seen that it fits */
		free(entries[i]);
	}
	if (found >= 0)
		free(entries);
	int error = errno;
	if (folder >= 0)
		close(folder);
	errno = error;
	return *out ? (int)count : -1;
}

/* Sets only what differs from zero: there may be a thousand of these, and most of their pages are never touched then. */
static void configure(const struct config_set *set, const char *name, struct config *out)
{
	const struct config *first = config_set_first(set), *reader = config_set_reader(set);

	out->remote = true;
	strcpy(out->file, reader->file);
	snprintf(out->camera.name, sizeof(out->camera.name), "%s", name);
	snprintf(out->record.directory, sizeof(out->record.directory), "%.*s%s%s", CONFIG_CACHE_MAX,
		 reader->store.cache, *name ? "/" : "", name);
	strcpy(out->record.require_mount, MOUNT_NEED_NO);
	strcpy(out->record.encoder, first->record.encoder);
	strcpy(out->record.preset, first->record.preset);
	out->record.quality = first->record.quality;
	out->record.sandbox = first->record.sandbox;
	strcpy(out->clips.require_mount, MOUNT_NEED_NO);
	out->http = first->http;
	strcpy(out->http.tokens, reader->http.tokens);
	out->log_level = first->log_level;
}

static bool is_local(const struct config_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->cameras[i].camera.name, name) == 0)
			return true;
	return false;
}

bool remote_cameras_add(struct config_set *set, const char (*names)[CONFIG_NAME_BYTES], size_t count)
{
	if (!config_set_reader(set) || count == 0)
		return true;
	struct config *grown = calloc(set->count + count, sizeof(*grown));
	size_t all = set->count;
	if (!grown)
		return false;
	if (set->count > 0)
		memcpy(grown, set->cameras, set->count * sizeof(*grown));
	for (size_t i = 0; i < count; i++)
		if (!is_local(set, names[i]))
			configure(set, names[i], &grown[all++]);
	free(set->cameras);
	set->cameras = grown;
	set->count = all;
	return true;
}

void remote_cameras_stand_in(struct config_set *set)
{
	if (set->count > 0 || !set->viewer)
		return;
	set->cameras = set->viewer;
	set->count = 1;
	set->viewer = NULL;
}

void remote_cameras_root(const struct config_set *set, struct config *out)
{
	*out = (struct config){0};
	configure(set, "", out);
}

bool remote_camera_status(int folder, struct fetch_status *out)
{
	int fd = file_open_plain(folder, FETCH_STATUS_FILE);
	bool good = fd >= 0 && read_at(fd, out, sizeof(*out), 0) == (ssize_t)sizeof(*out) &&
		    out->magic == FETCH_STATUS_MAGIC && out->crc == crc32c(0, out, offsetof(struct fetch_status, crc));

	if (fd >= 0)
		close(fd);
	if (!good)
		*out = (struct fetch_status){0};
	out->error[sizeof(out->error) - 1] = '\0';
	return good;
}
