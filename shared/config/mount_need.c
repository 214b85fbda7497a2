/* mount_need.c - whether the disk of a folder is mounted. */
#include "shared/config/mount_need.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Removes the last part of the path; / stays. */
static void go_up(char *path)
{
	char *slash = strrchr(path, '/');

	slash[slash == path] = '\0';
}

/* The status of the folder, or of the nearest one above it that exists. */
static bool nearest_stat(const char *folder, struct stat *status)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", folder);
	while (stat(path, status) != 0) {
		if ((errno != ENOENT && errno != ENOTDIR) || path[1] == '\0')
			return false;
		go_up(path);
	}
	return true;
}

static bool is_separate(const char *need, const char *folder, bool *separate)
{
	bool any = strcmp(need, MOUNT_NEED_YES) == 0;
	char above[PATH_MAX] = "/";
	struct stat here, there;

	if (!any) {
		snprintf(above, sizeof(above), "%s", need);
		go_up(above);
	}
	*separate = false;
	if (any ? !nearest_stat(folder, &here) : stat(need, &here) != 0)
		return errno == ENOENT || errno == ENOTDIR; /* the folder does not exist, so nothing is mounted on it */
	if (stat(above, &there) != 0)
		return false;
	*separate = here.st_dev != there.st_dev;
	return true;
}

bool mount_need_is_met(const char *need, const char *folder, struct reason *why)
{
	bool any = strcmp(need, MOUNT_NEED_YES) == 0, separate;

	if (need[0] == '\0' || strcmp(need, MOUNT_NEED_NO) == 0)
		return true;
	if (!is_separate(need, folder, &separate))
		return reason_errno(why, "cannot tell whether the disk of %s is mounted", folder);
	if (separate)
		return true;
	if (any)
		reason_set(why, "no disk is mounted for %s: it is on the same file system as / (require_mount = yes)",
			   folder);
	else
		reason_set(why, "no disk is mounted at %s, where %s should be (require_mount)", need, folder);
	errno = ENODEV;
	return false;
}
