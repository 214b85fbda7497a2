/* instance_lock.c - locks on folders in the user's folder. */
#include "recorderd/lock/instance_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/ring/user_folder.h"

#define FOLDER_MODE     0700
#define TAKE_TIMEOUT_US US_PER_S
#define RETRY_MS        10
#define PATH_BYTES      (USER_FOLDER_BYTES + 64)

static void lock_path(const char *folder, const char *camera, char out[PATH_BYTES])
{
	snprintf(out, PATH_BYTES, "%s/%.40s.lock", folder, camera);
}

static int open_folder(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool is_at_path(int fd, const char *path)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 && opened.st_ino == named.st_ino &&
	       opened.st_dev == named.st_dev;
}

/* Returns a descriptor, or -1 with errno: EWOULDBLOCK if another process has the lock, or just removed the folder. */
static int try_lock(const char *path)
{
	if (mkdir(path, FOLDER_MODE) != 0 && errno != EEXIST)
		return -1;
	int fd = open_folder(path);
	if (fd < 0) {
		errno = errno == ENOENT ? EWOULDBLOCK : errno;
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_at_path(fd, path))
		return fd;
	close(fd);
	errno = EWOULDBLOCK;
	return -1;
}

int instance_lock_take(const char *camera, struct reason *why)
{
	const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};
	char folder[USER_FOLDER_BYTES], path[PATH_BYTES];
	mono_t began = mono_now();
	int fd;

	if (!user_folder_create(folder, why))
		return -1;
	lock_path(folder, camera, path);
	while ((fd = try_lock(path)) < 0 && errno == EWOULDBLOCK && mono_now().us - began.us < TAKE_TIMEOUT_US)
		nanosleep(&pause, NULL);
	if (fd >= 0)
		return fd;
	if (errno == EWOULDBLOCK)
		reason_set(why,
			   "a recorder for the camera \"%s\" is already running; each camera needs a name of its own",
			   camera);
	else
		reason_errno(why, "cannot lock the camera name \"%s\"", camera);
	return -1;
}

bool instance_lock_is_intact(int lock, const char *camera)
{
	char folder[USER_FOLDER_BYTES], path[PATH_BYTES];

	user_folder_own(folder);
	lock_path(folder, camera, path);
	return is_at_path(lock, path);
}

void instance_lock_release(int lock, const char *camera)
{
	char folder[USER_FOLDER_BYTES], path[PATH_BYTES];

	if (lock < 0)
		return;
	user_folder_own(folder);
	lock_path(folder, camera, path);
	if (is_at_path(lock, path))
		rmdir(path);
	close(lock);
}

enum instance_lock_state instance_lock_query(uid_t owner, const char *camera)
{
	char folder[USER_FOLDER_BYTES], path[PATH_BYTES];

	if (!user_folder_find(owner, folder))
		return INSTANCE_LOCK_FREE;
	lock_path(folder, camera, path);
	int fd = open_folder(path);
	if (fd < 0)
		return errno == ENOENT ? INSTANCE_LOCK_FREE : INSTANCE_LOCK_UNKNOWN;
	bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return held ? INSTANCE_LOCK_HELD : INSTANCE_LOCK_FREE;
}
