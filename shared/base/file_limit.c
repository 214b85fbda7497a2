/* file_limit.c - limits on the size of files and on open descriptors. */
#include "shared/base/file_limit.h"

#include <sys/resource.h>
#include <unistd.h>

#define NO_LIMIT_BIT 50
#define NO_LIMIT     (INT64_C(1) << NO_LIMIT_BIT)

/* lseek() refuses a position past the largest file that the file system supports, and changes nothing on disk. */
uint64_t file_limit_of_filesystem(int fd)
{
	off_t position = lseek(fd, 0, SEEK_CUR);
	int64_t largest = 0;

	if (position < 0)
		return NO_LIMIT;
	if (lseek(fd, NO_LIMIT, SEEK_SET) >= 0)
		largest = NO_LIMIT;
	for (int bit = NO_LIMIT_BIT - 1; bit >= 0 && largest != NO_LIMIT; bit--)
		if (lseek(fd, largest | INT64_C(1) << bit, SEEK_SET) >= 0)
			largest |= INT64_C(1) << bit;
	lseek(fd, position, SEEK_SET);
	return (uint64_t)largest;
}

uint64_t file_limit_of_process(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur : NO_LIMIT;
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
