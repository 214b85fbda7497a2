/* archive_folder_lock.c - the recordings folder: made where it is missing, and kept from a second recorder by a lock in
 * it. */
#include "recorderd/archive/archive_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_FILE ".lock"

/* mkdir -p */
static bool make_folders(const char *path)
{
	char part[PATH_MAX];

	snprintf(part, sizeof(part), "%s", path);
	for (char *at = part + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(part, 0750) < 0 && errno != EEXIST)
			return false;
		*at = '/';
	}
	return mkdir(part, 0750) == 0 || errno == EEXIST;
}

/*
 * A lock can be held by whoever can open the file, for reading alone too. The workers run as the same user and may read
 * all of the folder, but write nothing in it: so nobody may read this file.
 */
#define LOCK_MODE 0200

static bool lock_folder(int folder, const char *path, int *lock_fd, struct reason *why)
{
	struct stat status;
	int fd = openat(folder, LOCK_FILE, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	/* One that is there already does where the disk is full or read-only at this moment: that can heal. */
	if (fd < 0 && errno == ENOENT)
		fd = openat(folder, LOCK_FILE, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, LOCK_MODE);
	/* Nothing can be written to a read-only disk, and its lock cannot be read: the folder itself stands in. */
	if (fd < 0 && errno == EROFS && faccessat(folder, LOCK_FILE, F_OK, 0) == 0)
		fd = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return reason_errno(why, "cannot write in the recordings folder %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			reason_set(why, "another recorder records into %s: give each camera a folder of its own", path);
		else
			reason_errno(why, "cannot lock the recordings folder %s", path);
		close(fd);
		return false;
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		(void)fchmod(fd, LOCK_MODE); /* an older version made it readable; another user's stays as it is */
	*lock_fd = fd;
	return true;
}

int archive_folder_open(const char *path, int *lock_fd, struct reason *why)
{
	int folder;

	if (!make_folders(path)) {
		reason_errno(why, "cannot make the recordings folder %s", path);
		return -1;
	}
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		reason_errno(why, "cannot open the recordings folder %s", path);
		return -1;
	}
	if (!lock_folder(folder, path, lock_fd, why)) {
		close(folder);
		return -1;
	}
	return folder;
}
