/* mount_need.c - see mount_need.h. */
#include "shared/config/mount_need.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Cuts the last part off; / stays. */
static void go_up(char *path)
{
	char *slash = strrchr(path, '/');

	slash[slash == path] = '\0';
}

/* Of the folder, or of the nearest one above it that is there. */
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

static bool is_apart(const char *need, const char *folder, bool *apart)
{
	bool some = strcmp(need, MOUNT_NEED_YES) == 0;
	char above[PATH_MAX] = "/";
	struct stat here, there;

	if (!some) {
		snprintf(above, sizeof(above), "%s", need);
		go_up(above);
	}
	*apart = false;
	if (some ? !nearest_stat(folder, &here) : stat(need, &here) != 0)
		return errno == ENOENT || errno == ENOTDIR; /* there is no such folder: nothing is mounted on it */
	if (stat(above, &there) != 0)
		return false;
	*apart = here.st_dev != there.st_dev;
	return true;
}

bool mount_need_is_met(const char *need, const char *folder, struct reason *why)
{
	bool some = strcmp(need, MOUNT_NEED_YES) == 0, apart;

	if (need[0] == '\0' || strcmp(need, MOUNT_NEED_NO) == 0)
		return true;
	if (!is_apart(need, folder, &apart))
		return reason_errno(why, "cannot look whether the disk of %s is mounted", folder);
	if (apart)
		return true;
	if (some)
		reason_set(why, "no disk is mounted for %s: it lies on the same file system as / (require_mount = yes)",
			   folder);
	else
		reason_set(why, "no disk is mounted on %s, where %s should lie (require_mount)", need, folder);
	errno = ENODEV;
	return false;
}
