/* archive_folder_lock.c - creates the recordings folder, and locks it against a second recorder. */
#include "recorderd/archive/archive_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/file_io.h"
#include "shared/base/log.h"

#define LOCK_FILE ".lock"

/*
 * Whoever can open the file can hold a lock on it, even with read access alone. The workers run as the same user and
 * may read everything in the folder, but they may write nothing in it. So the file is readable for nobody.
 */
#define LOCK_MODE 0200

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

static int open_lock_file(int folder)
{
	int fd = openat(folder, LOCK_FILE, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	/* Not O_CREAT at once: an existing file will do while the disk is full or read-only, which may pass. */
	if (fd < 0 && errno == ENOENT)
		fd = openat(folder, LOCK_FILE, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, LOCK_MODE);
	/* On a read-only disk the file cannot be opened for writing, nor for reading: lock the folder itself. */
	if (fd < 0 && errno == EROFS && faccessat(folder, LOCK_FILE, F_OK, 0) == 0)
		fd = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	return fd;
}

static bool lock_folder(int folder, const char *path, int *lock_fd, struct reason *why)
{
	struct stat status;
	int fd = open_lock_file(folder);

	if (fd < 0)
		return reason_errno(why, "cannot write to the recordings folder %s", path);
	bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
	if (!locked && lock_is_unsupported(errno)) {
		log_warn("archive", "cannot lock the recordings folder %s (%s): no other recorder may record into it",
			 path, strerror(errno));
	} else if (!locked) {
		if (errno == EWOULDBLOCK)
			reason_set(why, "another recorder records into %s: give each camera a folder of its own", path);
		else
			reason_errno(why, "cannot lock the recordings folder %s", path);
		close(fd);
		return false;
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		(void)fchmod(fd, LOCK_MODE); /* older versions created it readable; another user's cannot be changed */
	*lock_fd = fd;
	return true;
}

int archive_folder_open(const char *path, int *lock_fd, struct reason *why)
{
	if (!make_folders(path)) {
		reason_errno(why, "cannot create the recordings folder %s", path);
		return -1;
	}
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
