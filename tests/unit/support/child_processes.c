/* child_processes.c - finds the children of a test. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/support/child_processes.h"

/* Reads a file of /proc/PID as a text; it is empty if the process is gone. */
static size_t read_text(const char *pid, const char *name, char *out, size_t bytes)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.16s/%s", pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, out, bytes - 1) : 0;
	if (fd >= 0)
		close(fd);
	size_t length = got > 0 ? (size_t)got : 0;
	out[length] = '\0';
	return length;
}

static pid_t parent_of(const char *pid)
{
	char text[256];
	int parent = 0;

	read_text(pid, "stat", text, sizeof(text));
	const char *at = strrchr(text, ')');
	return at && sscanf(at, ") %*c %d", &parent) == 1 ? parent : 0;
}

static int has_text(const char *pid, const char *text)
{
	char line[8192];
	size_t length = read_text(pid, "cmdline", line, sizeof(line));

	for (size_t i = 0; i < length; i++)
		line[i] = line[i] ? line[i] : ' ';
	return strstr(line, text) != NULL;
}

pid_t child_find(const char *text)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;
	pid_t child = 0;

	assert_non_null(processes);
	while (!child && (entry = readdir(processes))) {
		const char *pid = entry->d_name;

		if (pid[0] >= '1' && pid[0] <= '9' && parent_of(pid) == getpid() && has_text(pid, text))
			child = atoi(pid);
	}
	closedir(processes);
	return child;
}
