/* read_at.c - see read_at.h. */
#include "shared/read_at.h"

#include <errno.h>
#include <unistd.h>

ssize_t read_at(int fd, void *out, size_t bytes, uint64_t at)
{
	uint8_t *next = out;
	size_t have = 0;

	while (have < bytes) {
		ssize_t got = pread(fd, next + have, bytes - have, (off_t)(at + have));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}
