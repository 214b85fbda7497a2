/* break_out_rings.c - attempts at the rings in shared memory from within a sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/support/break_out.h"

int try_read_ring(void)
{
	return attempt_errno(shm_open(target.own_ring, O_RDONLY, 0));
}

int try_make_ring(void)
{
	return attempt_errno(shm_open(target.forged_ring, O_RDWR | O_CREAT, 0600));
}

int try_remove_ring(void)
{
	return attempt_errno(shm_unlink(target.own_ring));
}

int try_list_shared_memory(void)
{
	return attempt_open("/dev/shm", O_RDONLY | O_DIRECTORY);
}

static int held(const char *path)
{
	static const int ways[] = {O_RDONLY, O_WRONLY, O_RDONLY | O_DIRECTORY};
	int error = 0;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int fd = open(path, ways[i] | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0) {
			error = errno;
			continue;
		}
		if (flock(fd, LOCK_SH | LOCK_NB) == 0)
			return 0;
		error = errno;
		close(fd);
	}
	return error;
}

int try_lock_camera_name(void)
{
	return held(target.own_lock);
}

int try_lock_ring(void)
{
	char path[96];

	snprintf(path, sizeof(path), "/dev/shm%s", target.own_ring);
	return held(path);
}

int try_lock_recordings(void)
{
	return held(path_within(target.camera.record.directory, ".lock"));
}

int try_lock_recordings_folder(void)
{
	return held(target.camera.record.directory);
}

int try_remove_the_lock(void)
{
	return attempt_errno(rmdir(target.own_lock));
}
