/* part_file.c - see part_file.h. */
#include "shared/part_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0640

static bool is_named(int fd, int folder, const char *name)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

int part_file_lock(int folder, const char *name, int flags)
{
	int fd = openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, FILE_MODE);

	if (fd < 0)
		return -1;
	/* Between the two calls another writer may have given it its name for good, or removed it. */
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_named(fd, folder, name))
		return fd;
	close(fd);
	errno = EWOULDBLOCK;
	return -1;
}
