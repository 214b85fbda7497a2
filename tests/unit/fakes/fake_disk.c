/* fake_disk.c - a disk that fails or hangs when files are synced. */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/fakes/fake_disk.h"

struct fake_disk fake_disk;

int fdatasync(int fd)
{
	atomic_fetch_add(&fake_disk.syncs, 1);
	if (atomic_load(&fake_disk.fails)) {
		errno = EIO;
		return -1;
	}
	while (atomic_load(&fake_disk.hangs))
		usleep(1000);
	return (int)syscall(SYS_fdatasync, fd);
}
