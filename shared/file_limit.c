/* file_limit.c - see file_limit.h. */
#include "shared/file_limit.h"

#include <sys/resource.h>
#include <unistd.h>

#define NO_LIMIT_BIT 50
#define NO_LIMIT     (INT64_C(1) << NO_LIMIT_BIT)

/* A position behind the largest file that its file system takes is refused, and nothing is changed by asking. */
static int64_t of_file_system(int fd)
{
	off_t position = lseek(fd, 0, SEEK_CUR);
	int64_t most = 0;

	if (position < 0 || lseek(fd, NO_LIMIT, SEEK_SET) >= 0) {
		if (position >= 0)
			lseek(fd, position, SEEK_SET);
		return NO_LIMIT;
	}
	for (int bit = NO_LIMIT_BIT - 1; bit >= 0; bit--)
		if (lseek(fd, most | INT64_C(1) << bit, SEEK_SET) >= 0)
			most |= INT64_C(1) << bit;
	lseek(fd, position, SEEK_SET);
	return most;
}

uint64_t file_limit_bytes(int fd)
{
	uint64_t most = (uint64_t)of_file_system(fd);
	struct rlimit own;

	if (getrlimit(RLIMIT_FSIZE, &own) == 0 && own.rlim_cur != RLIM_INFINITY && own.rlim_cur < most)
		return own.rlim_cur;
	return most;
}
