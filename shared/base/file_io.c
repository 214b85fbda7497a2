/* file_io.c - complete reads and writes at an offset, and temporary files. */
#include "shared/base/file_io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0640

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

bool write_at(int fd, const void *data, size_t bytes, uint64_t at)
{
	const uint8_t *from = data;

	while (bytes) {
		ssize_t done = pwrite(fd, from, bytes, (off_t)at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		from += done;
		at += (uint64_t)done;
		bytes -= (size_t)done;
	}
	return true;
}

bool folder_sync(int folder)
{
	return fsync(folder) == 0 || errno == EINVAL;
}

bool lock_is_unsupported(int error)
{
	return error == ENOLCK || error == EOPNOTSUPP || error == ENOSYS || error == EINVAL;
}

static bool is_named(int fd, int folder, const char *name)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/*
 * An open file description lock (fcntl(2)). Like a lock of flock(2), it stays with the descriptor in a child. The
 * workers' sandbox does not allow flock() itself, so that no worker can take the locks that recorderd depends on.
 */
static bool lock(int fd)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_SETLK, &whole) == 0;
}

int file_open_plain(int folder, const char *name)
{
	struct stat status;
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* opening a FIFO does not block */

	if (fd < 0) {
		if (errno == ENXIO || errno == ELOOP) /* a socket; symbolic links in a circle */
			errno = EBADMSG;
		return -1;
	}
	int error = fstat(fd, &status) < 0 ? errno : S_ISREG(status.st_mode) ? 0 : EBADMSG;
	if (error == 0)
		return fd;
	close(fd);
	errno = error;
	return -1;
}

int part_file_lock(int folder, const char *name, int flags)
{
	int fd = openat(folder, name, O_RDWR | flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, FILE_MODE);

	if (fd < 0)
		return -1;
	/* Between open and lock, another writer may have renamed the file to its final name or removed it. */
	bool locked = lock(fd);
	int error = !locked && lock_is_unsupported(errno) ? errno : EWOULDBLOCK;
	if (locked && is_named(fd, folder, name))
		return fd;
	close(fd);
	errno = error;
	return -1;
}

static int is_part(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name), suffix = strlen(PART_SUFFIX);

	return entry->d_name[0] == '.' && length > suffix && strcmp(entry->d_name + length - suffix, PART_SUFFIX) == 0;
}

int part_files_remove_stale(int folder, int64_t min_bytes)
{
	struct dirent **entries = NULL;
	int count = scandirat(folder, ".", &entries, is_part, NULL), error = count < 0 ? errno : 0;

	for (int i = 0; i < count; i++) {
		struct stat status;
		int fd = part_file_lock(folder, entries[i]->d_name, 0);
		if (fd >= 0) {
			if (fstat(fd, &status) == 0 && status.st_size >= min_bytes &&
			    unlinkat(folder, entries[i]->d_name, 0) != 0 && errno != ENOENT)
				error = errno;
			close(fd);
		}
		free(entries[i]);
	}
	free(entries);
	return error;
}
