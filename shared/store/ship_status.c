/* ship_status.c - reads and writes status.bin. */
#include "shared/store/ship_status.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/crc32c.h"
#include "shared/base/file_io.h"

#define PART_FILE "." SHIP_STATUS_FILE PART_SUFFIX

static uint32_t crc_of(const struct ship_status *status)
{
	return crc32c(0, status, offsetof(struct ship_status, crc));
}

void ship_status_seal(struct ship_status *status)
{
	status->magic = SHIP_STATUS_MAGIC;
	status->crc = crc_of(status);
}

bool ship_status_check(struct ship_status *status)
{
	if (status->magic != SHIP_STATUS_MAGIC || status->crc != crc_of(status) ||
	    !clock_is_plausible(status->written_mono_us) || !clock_is_plausible(status->shipped_wall_us) ||
	    !clock_is_plausible(status->failing_since_wall_us))
		return false;
	status->error[sizeof(status->error) - 1] = '\0';
	for (char *at = status->error; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	return true;
}

bool ship_status_write(int folder, struct ship_status *status)
{
	int fd = openat(folder, PART_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (fd < 0)
		return false;
	ship_status_seal(status);
	bool good = write_at(fd, status, sizeof(*status), 0);
	int error = errno;
	close(fd);
	errno = error;
	return good && renameat(folder, PART_FILE, folder, SHIP_STATUS_FILE) == 0;
}

bool ship_status_read(int folder, struct ship_status *out)
{
	int fd = openat(folder, SHIP_STATUS_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return false;
	ssize_t got = read_at(fd, out, sizeof(*out), 0);
	int error = errno;
	close(fd);
	errno = got < 0 ? error : EBADMSG;
	return got == sizeof(*out) && ship_status_check(out);
}
