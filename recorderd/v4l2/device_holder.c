/* device_holder.c - which process has a video node open, from /proc/PID/fd. */
#include "recorderd/v4l2/device_query.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* `process` is the folder /proc/PID. False also if this user may not look. */
static bool has_open(int process, const char *node)
{
	char target[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (!list) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && (entry = readdir(list))) {
		ssize_t length = readlinkat(dirfd(list), entry->d_name, target, sizeof(target) - 1);
		if (length < 0)
			continue;
		target[length] = '\0';
		found = strcmp(target, node) == 0;
	}
	closedir(list);
	return found;
}

static void read_name(int process, char *out, size_t bytes)
{
	int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, out, bytes - 1);

	if (fd >= 0)
		close(fd);
	if (length <= 0) {
		snprintf(out, bytes, "a program");
		return;
	}
	out[length] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

bool device_holder(const char *path, char *out, size_t bytes)
{
	char node[PATH_MAX], name[32];
	struct dirent *entry;
	bool found = false;
	DIR *processes = opendir("/proc");

	if (!processes)
		return false;
	device_resolve(path, node);
	while (!found && (entry = readdir(processes))) {
		long pid = isdigit((unsigned char)entry->d_name[0]) ? strtol(entry->d_name, NULL, 10) : 0;
		if (pid <= 0 || pid == (long)getpid())
			continue;
		int process = openat(dirfd(processes), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (process < 0)
			continue;
		found = has_open(process, node);
		if (found) {
			read_name(process, name, sizeof(name));
			snprintf(out, bytes, "%s (pid %ld)", name, pid);
		}
		close(process);
	}
	closedir(processes);
	return found;
}
