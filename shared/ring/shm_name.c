/* shm_name.c - objects of shared memory whose usual name another user may have taken. */
#include "shared/ring/shm_name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/file_io.h"

#define FILE_MODE  0640
#define FILE_BYTES (USER_FOLDER_BYTES + SHM_NAME_BYTES)
#define PART_BYTES (FILE_BYTES + RANDOM_DIGITS + 2)

void shm_name_path(const char *name, char out[SHM_NAME_BYTES])
{
	snprintf(out, SHM_NAME_BYTES, SHM_FOLDER "%s", name);
}

/* Whoever may write to an object can truncate it, which would be a SIGBUS here. */
static bool is_trusted(const struct stat *status, uid_t owner)
{
	return S_ISREG(status->st_mode) && status->st_uid == owner && (status->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool shm_name_is_owned_by(const char *name, uid_t owner)
{
	char path[SHM_NAME_BYTES];
	struct stat status;

	shm_name_path(name, path);
	return lstat(path, &status) == 0 && is_trusted(&status, owner);
}

static int open_trusted(const char *name, int flags, struct stat *status)
{
	char path[SHM_NAME_BYTES];

	shm_name_path(name, path);
	int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		if (errno == EACCES || errno == ELOOP || errno == ENXIO || errno == EISDIR)
			errno = EPERM;
		return -1;
	}
	if (fstat(fd, status) == 0 && is_trusted(status, geteuid()))
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}

int shm_name_open(const char *usual, int flags, struct stat *status)
{
	char other[SHM_NAME_BYTES];
	int fd = open_trusted(usual, flags, status), error = errno;

	if (fd >= 0)
		return fd;
	if (shm_name_find_published(usual, other))
		fd = open_trusted(other, flags, status);
	errno = error;
	return fd;
}

bool shm_name_is_foreign(const char *usual, struct reason *out)
{
	char path[SHM_NAME_BYTES];
	struct stat status;
	int fd = shm_name_open(usual, O_RDONLY, &status);

	if (fd >= 0) {
		close(fd);
		return false;
	}
	shm_name_path(usual, path);
	if (lstat(path, &status) != 0 || status.st_uid == geteuid())
		return false;
	reason_set(out,
		   "This program runs as user %u, but no recorder of that user is running; %s belongs to user %u. "
		   "Run recorderd and its FastCGI programs as one user.",
		   (unsigned)geteuid(), path, (unsigned)status.st_uid);
	return true;
}

bool shm_name_make_alternate(const char *usual, char out[SHM_NAME_BYTES])
{
	char digits[RANDOM_DIGITS + 1];

	if (!random_digits(digits))
		return false;
	snprintf(out, SHM_NAME_BYTES, "%.100s.%s", usual, digits);
	return true;
}

bool shm_name_is_alternate(const char *name, const char *usual)
{
	size_t length = strlen(usual);

	return strncmp(name, usual, length) == 0 && name[length] == '.' && is_random_digits(name + length + 1);
}

static void published_file(const char *usual, char out[FILE_BYTES])
{
	char folder[USER_FOLDER_BYTES];

	user_folder_own(folder);
	snprintf(out, FILE_BYTES, "%s%.100s", folder, usual);
}

bool shm_name_find_published(const char *usual, char out[SHM_NAME_BYTES])
{
	char file[FILE_BYTES];
	struct stat status;

	published_file(usual, file);
	int fd = open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool valid = fstat(fd, &status) == 0 && is_trusted(&status, geteuid()) && status.st_size > 0 &&
		     status.st_size < SHM_NAME_BYTES;
	size_t bytes = valid ? (size_t)status.st_size : 0;
	valid = valid && (size_t)read_at(fd, out, bytes, 0) == bytes && out[bytes - 1] == '\n';
	if (valid) {
		out[bytes - 1] = '\0';
		valid = strlen(out) == bytes - 1 && shm_name_is_alternate(out, usual);
	}
	close(fd);
	return valid;
}

static bool write_line(const char *path, const char *name)
{
	char line[SHM_NAME_BYTES];
	int length = snprintf(line, sizeof(line), "%.*s\n", SHM_NAME_BYTES - 2, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);

	if (fd < 0)
		return false;
	bool written = write(fd, line, (size_t)length) == length;
	int error = written ? 0 : errno;
	close(fd);
	errno = error;
	return written;
}

bool shm_name_publish(const char *usual, const char *name, bool first)
{
	char file[FILE_BYTES], part[PART_BYTES], folder[USER_FOLDER_BYTES], digits[RANDOM_DIGITS + 1];
	struct reason unused;

	if (!user_folder_create(folder, &unused) || !random_digits(digits))
		return false;
	published_file(usual, file);
	snprintf(part, sizeof(part), "%s.%s", file, digits);
	bool published = write_line(part, name) && (first ? link(part, file) : rename(part, file)) == 0;
	int error = errno;
	if (first || !published)
		unlink(part);
	errno = error;
	return published;
}

void shm_name_withdraw(const char *usual)
{
	char file[FILE_BYTES];

	published_file(usual, file);
	unlink(file);
}

void shm_name_each_alternate(const char *usual,
			     void (*each)(void *context, const char *name, const struct stat *status), void *context)
{
	char name[NAME_MAX + 2];
	DIR *list = opendir(SHM_FOLDER);
	const struct dirent *entry;
	struct stat status;

	while (list && (entry = readdir(list))) {
		snprintf(name, sizeof(name), "/%s", entry->d_name);
		if (shm_name_is_alternate(name, usual) &&
		    fstatat(dirfd(list), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
			each(context, name, &status);
	}
	if (list)
		closedir(list);
}
