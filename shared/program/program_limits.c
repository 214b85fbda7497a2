/* program_limits.c - what a program that the .ini names may use. */
#include "shared/program/program_limits.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB           (UINT64_C(1) << 20)
#define TASKS_MORE    64
#define ADDRESS_SHARE 8 /* of addresses to data */
#define LINKS_OF_NONE 2 /* an empty folder's; /proc/PID/task has one more per thread */

uint64_t program_limits_tasks(void)
{
	DIR *list = opendir("/proc");
	const struct dirent *entry;
	uint64_t tasks = TASKS_MORE;
	struct stat status;
	char path[64];

	while (list && (entry = readdir(list))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/task", entry->d_name);
		if (stat(path, &status) == 0 && status.st_uid == getuid() && status.st_nlink > LINKS_OF_NONE)
			tasks += status.st_nlink - LINKS_OF_NONE;
	}
	if (list)
		closedir(list);
	return tasks;
}

static void limit(int resource, uint64_t most)
{
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t)resource, &now) != 0)
		return;
	if (now.rlim_max == RLIM_INFINITY || now.rlim_max > most)
		now.rlim_max = most;
	if (now.rlim_cur == RLIM_INFINITY || now.rlim_cur > now.rlim_max)
		now.rlim_cur = now.rlim_max;
	setrlimit((__rlimit_resource_t)resource, &now);
}

void program_limits_enter(const struct program_limits *limits)
{
	if (limits->data_mib > 0) {
		limit(RLIMIT_DATA, limits->data_mib * MIB);
		limit(RLIMIT_AS, limits->data_mib * ADDRESS_SHARE * MIB);
	}
	limit(RLIMIT_FSIZE, 1024 * MIB);
	limit(RLIMIT_NOFILE, 256);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NPROC, limits->tasks);
	if (limits->niceness)
		setpriority(PRIO_PROCESS, 0, limits->niceness);
}
