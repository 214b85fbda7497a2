/* file_limit.c - see file_limit.h. */
#include "shared/base/file_limit.h"

#include <sys/resource.h>
#include <unistd.h>

#define NO_LIMIT_BIT 50
#define NO_LIMIT     (INT64_C(1) << NO_LIMIT_BIT)

/* A position behind the largest file that its file system takes is refused, and nothing is changed by asking. */
uint64_t file_limit_of_filesystem(int fd)
{
	off_t position = lseek(fd, 0, SEEK_CUR);
	int64_t most = 0;

	if (position < 0)
		return NO_LIMIT;
	if (lseek(fd, NO_LIMIT, SEEK_SET) >= 0)
		most = NO_LIMIT;
	for (int bit = NO_LIMIT_BIT - 1; bit >= 0 && most != NO_LIMIT; bit--)
		if (lseek(fd, most | INT64_C(1) << bit, SEEK_SET) >= 0)
			most |= INT64_C(1) << bit;
	lseek(fd, position, SEEK_SET);
	return (uint64_t)most;
}

uint64_t file_limit_of_process(void)
{
	struct rlimit own;

	return getrlimit(RLIMIT_FSIZE, &own) == 0 && own.rlim_cur != RLIM_INFINITY ? own.rlim_cur : NO_LIMIT;
}

void file_limit_raise_nofile(void)
{
	struct rlimit open_files;

	if (getrlimit(RLIMIT_NOFILE, &open_files) != 0)
		return;
	open_files.rlim_cur = open_files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &open_files);
}

uint64_t file_limit_bytes(int fd)
{
	uint64_t system = file_limit_of_filesystem(fd), process = file_limit_of_process();

	return system < process ? system : process;
}
