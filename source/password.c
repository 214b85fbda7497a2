/* password.c - camera.password_file. */
#include "source/password.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/file_io.h"

/* systemd gives the user of a service its credentials with permissions of another kind (systemd.exec(5)). */
static bool is_credential(const char *file)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t length = folder ? strlen(folder) : 0;

	return length > 0 && strncmp(file, folder, length) == 0 && file[length] == '/' && !strstr(file, "/../");
}

static bool is_private(const struct stat *status, const char *file, struct reason *why)
{
	if (!S_ISREG(status->st_mode))
		return reason_set(why, "%s is not a regular file", file);
	if (is_credential(file))
		return true;
	if (status->st_uid != geteuid() && status->st_uid != 0)
		return reason_set(why, "%s belongs to another user; chown it to the one who runs recorder-source",
				  file);
	if (status->st_mode & (S_IRWXG | S_IRWXO))
		return reason_set(why, "%s can be used by others; chmod 400 it", file);
	return true;
}

int password_file_open(const char *file, struct reason *why)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd >= 0 && fstat(fd, &status) == 0) {
		if (is_private(&status, file, why))
			return fd;
	} else {
		reason_errno(why, "cannot open camera.password_file %s", file);
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

bool password_read(const char *file, char out[PASSWORD_BYTES], struct reason *why)
{
	int fd = password_file_open(file, why);

	if (fd < 0)
		return false;
	ssize_t got = read_at(fd, out, PASSWORD_BYTES, 0);
	close(fd);
	if (got < 0)
		return reason_errno(why, "cannot read %s", file);
	size_t length = strnlen(out, (size_t)got);
	const char *line = memchr(out, '\n', length);
	if (line)
		length = (size_t)(line - out);
	if (length > 0 && out[length - 1] == '\r')
		length--;
	if (length == PASSWORD_BYTES)
		return reason_set(why, "the first line of %s is too long for a password", file);
	explicit_bzero(out + length, PASSWORD_BYTES - length);
	return true;
}
