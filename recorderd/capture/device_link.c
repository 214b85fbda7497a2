/* device_link.c - warnings about a camera that is configured by its link in /dev/v4l/by-id. */
#include "recorderd/capture/device_link.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/config/state_file.h"

#define BY_ID   "/dev/v4l/by-id"
#define BY_PATH "/dev/v4l/by-path"

/* Copies the link in that folder which leads to the device; false if there is none. */
static bool find_link(const char *folder, const char *path, char *out, size_t bytes)
{
	struct dirent *entry;
	bool found = false;
	DIR *list = opendir(folder);

	while (list && !found && (entry = readdir(list)))
		found = entry->d_name[0] != '.' && snprintf(out, bytes, "%s/%s", folder, entry->d_name) < (int)bytes &&
			device_is_same(out, path);
	if (list)
		closedir(list);
	return found;
}

static const struct device *find_open(const char *open_path, const struct device *devices, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (device_is_same(devices[i].path, open_path))
			return &devices[i];
	return NULL;
}

/* Another camera of the same name that has no link of its own. */
static const struct device *find_identical(const struct device *own, const struct device *devices, size_t count)
{
	char link[PATH_MAX];

	for (size_t i = 0; i < count; i++)
		if (strcmp(devices[i].model, own->model) == 0 && strcmp(devices[i].bus, own->bus) != 0 &&
		    !find_link(BY_ID, devices[i].path, link, sizeof(link)))
			return &devices[i];
	return NULL;
}

static void explain_identical(const char *link, const struct device *own, const struct device *other,
			      struct reason *why)
{
	char by_path[128];

	if (!find_link(BY_PATH, own->path, by_path, sizeof(by_path)))
		snprintf(by_path, sizeof(by_path), "a link in " BY_PATH);
	reason_set(
		why,
		"%.96s may lead to either of two cameras of the same name, at %.40s and at %.40s: set camera.device to "
		"%.100s",
		link, own->bus, other->bus, by_path);
}

/* False if nothing valid was saved. */
static bool read_bus(const char *file, char out[64])
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t length = fd < 0 ? -1 : read(fd, out, 63);

	if (fd >= 0)
		close(fd);
	if (length < 2 || out[length - 1] != '\n')
		return false;
	out[length - 1] = '\0';
	for (const char *c = out; *c; c++)
		if (*c < ' ' || *c > '~')
			return false;
	return strlen(out) == (size_t)length - 1;
}

static void write_bus(const char *file, const char *bus)
{
	char part[PATH_MAX];

	if (snprintf(part, sizeof(part), "%s.part", file) >= (int)sizeof(part))
		return;
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	bool written = fd >= 0 && dprintf(fd, "%.62s\n", bus) > 0;
	if (fd >= 0)
		close(fd);
	if (!written || rename(part, file) != 0)
		log_info("camera", "cannot write %s: %s. The next run cannot tell whether it has the same camera.",
			 file, strerror(errno));
}

/* Compares the bus with the one before, or with that of the last run. */
static void check_moved(const struct config *config, const struct device *own, struct device_link_warnings *warnings)
{
	char file[PATH_MAX], saved[64] = "", before[64];
	bool has_file = state_file_path(config, "camera", file);

	if (strcmp(warnings->bus, own->bus) == 0)
		return;
	if (has_file && !read_bus(file, saved))
		saved[0] = '\0';
	snprintf(before, sizeof(before), "%s", warnings->bus[0] ? warnings->bus : saved);
	snprintf(warnings->bus, sizeof(warnings->bus), "%s", own->bus);
	if (before[0] && strcmp(before, own->bus) != 0)
		reason_set(&warnings->moved,
			   "%.120s leads to the camera at %.62s now, and led to the one at %.62s before: it is another "
			   "camera, or another port",
			   config->camera.device, own->bus, before);
	if (has_file && strcmp(saved, own->bus) != 0)
		write_bus(file, own->bus);
}

void device_link_check(const struct config *config, const char *open_path, const struct device *devices, size_t count,
		       struct device_link_warnings *inout)
{
	const char *link = config->camera.device;
	const struct device *own = find_open(open_path, devices, count);

	inout->identical = (struct reason){""};
	if (!own || strncmp(link, BY_ID "/", strlen(BY_ID "/")) != 0 || !device_is_same(link, open_path))
		return;
	check_moved(config, own, inout);
	const struct device *other = find_identical(own, devices, count);
	if (other)
		explain_identical(link, own, other, &inout->identical);
}
