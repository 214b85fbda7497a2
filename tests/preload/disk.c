/* disk.c - a disk that is full, read-only, broken or hanging, for the files of one folder. */
/* Both openat() and openat64() are defined here, so neither may be an alias for the other. */
#undef _FILE_OFFSET_BITS
#undef _TIME_BITS /* requires the other */

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "tests/preload/disk.h"

#define MB UINT64_C(1000000)

enum change { CHANGE_GROWS, CHANGE_OTHER };

static struct disk_control *control;
static const char *folder;

__attribute__((constructor)) static void map_control(void)
{
	const char *path = getenv("DISK_PRELOAD");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *mapped;

	folder = getenv("DISK_FOLDER");
	if (fd < 0 || !folder)
		return;
	mapped = mmap(NULL, DISK_CONTROL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (mapped != MAP_FAILED)
		control = mapped;
}

static bool is_within(const char *path, ssize_t length)
{
	size_t bytes = strlen(folder);

	if (length < (ssize_t)bytes || strncmp(path, folder, bytes) != 0)
		return false;
	return length == (ssize_t)bytes || path[bytes] == '/' || path[bytes] == ' '; /* "... (deleted)" */
}

/*
 * Whether a descriptor is of a file of the folder. Asks /proc, so that nothing has to be remembered about open files.
 */
static bool is_ours(int fd)
{
	char link[64], path[PATH_MAX];

	if (!control)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return is_within(path, readlink(link, path, sizeof(path) - 1));
}

/* Whether openat() and its relatives name a file of the folder. */
static bool is_ours_at(int directory, const char *path)
{
	if (!control)
		return false;
	return *path == '/' ? is_within(path, (ssize_t)strlen(path)) : directory != AT_FDCWD && is_ours(directory);
}

static void wait_while(enum disk_fault hang)
{
	const struct timespec pause = {0, 5000000};

	if (!control->fault[hang])
		return;
	control->fault[DISK_HELD]++;
	while (control->fault[hang])
		nanosleep(&pause, NULL);
	control->fault[DISK_HELD]--;
}

/* Called before reading a descriptor or a path. */
static void reads(int fd)
{
	if (control && control->fault[DISK_READ_HANG] && is_ours(fd))
		wait_while(DISK_READ_HANG);
}

static void reads_at(int directory, const char *path)
{
	if (control && control->fault[DISK_READ_HANG] && is_ours_at(directory, path))
		wait_while(DISK_READ_HANG);
}

/* Whether a change of that kind fails now; then errno is set. */
static bool refuses(int fd, enum change change)
{
	uint32_t wrong;

	if (!is_ours(fd))
		return false;
	wait_while(DISK_HANG);
	wrong = control->fault[DISK_CHANGE_ERRNO];
	if (!wrong && change == CHANGE_GROWS)
		wrong = control->fault[DISK_GROW_ERRNO];
	errno = (int)wrong;
	return wrong != 0;
}

/* POSIX allows an object pointer to hold the address of a function; ISO C has no cast for that. */
#define REAL(name)                                                                                                     \
	static __typeof__(name) *real;                                                                                 \
	if (!real)                                                                                                     \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

#define OPENAT(name)                                                                                                   \
	int name(int directory, const char *path, int flags, ...)                                                      \
	{                                                                                                              \
		va_list arguments;                                                                                     \
		mode_t mode = 0;                                                                                       \
                                                                                                                       \
		REAL(name);                                                                                            \
		if (flags & O_CREAT) {                                                                                 \
			va_start(arguments, flags);                                                                    \
			mode = va_arg(arguments, mode_t);                                                              \
			va_end(arguments);                                                                             \
			if (refuses(directory, CHANGE_GROWS))                                                          \
				return -1;                                                                             \
		}                                                                                                      \
		reads_at(directory, path);                                                                             \
		return real(directory, path, flags, mode);                                                             \
	}

#define PWRITE(name, offset_t)                                                                                         \
	ssize_t name(int fd, const void *data, size_t bytes, offset_t at)                                              \
	{                                                                                                              \
		REAL(name);                                                                                            \
		return refuses(fd, CHANGE_GROWS) ? -1 : real(fd, data, bytes, at);                                     \
	}

#define FTRUNCATE(name, offset_t)                                                                                      \
	int name(int fd, offset_t length)                                                                              \
	{                                                                                                              \
		REAL(name);                                                                                            \
		return refuses(fd, CHANGE_OTHER) ? -1 : real(fd, length);                                              \
	}

#define SYNC(name)                                                                                                     \
	int name(int fd)                                                                                               \
	{                                                                                                              \
		REAL(name);                                                                                            \
		return refuses(fd, CHANGE_OTHER) ? -1 : real(fd);                                                      \
	}

#define FSTATVFS(name, type)                                                                                           \
	int name(int fd, struct type *out)                                                                             \
	{                                                                                                              \
		int failed;                                                                                            \
                                                                                                                       \
		REAL(name);                                                                                            \
		reads(fd);                                                                                             \
		failed = real(fd, out);                                                                                \
		if (!failed && is_ours(fd) && control->fault[DISK_FREE_MB])                                            \
			out->f_bavail = control->fault[DISK_FREE_MB] * MB / out->f_frsize;                             \
		return failed;                                                                                         \
	}

#define OPEN(name)                                                                                                     \
	int name(const char *path, int flags, ...)                                                                     \
	{                                                                                                              \
		va_list arguments;                                                                                     \
		mode_t mode = 0;                                                                                       \
                                                                                                                       \
		REAL(name);                                                                                            \
		if (flags & O_CREAT) {                                                                                 \
			va_start(arguments, flags);                                                                    \
			mode = va_arg(arguments, mode_t);                                                              \
			va_end(arguments);                                                                             \
		}                                                                                                      \
		reads_at(AT_FDCWD, path);                                                                              \
		return real(path, flags, mode);                                                                        \
	}

#define PREAD(name, offset_t)                                                                                          \
	ssize_t name(int fd, void *out, size_t bytes, offset_t at)                                                     \
	{                                                                                                              \
		REAL(name);                                                                                            \
		reads(fd);                                                                                             \
		return real(fd, out, bytes, at);                                                                       \
	}

#define PREADV(name, offset_t)                                                                                         \
	ssize_t name(int fd, const struct iovec *parts, int count, offset_t at)                                        \
	{                                                                                                              \
		REAL(name);                                                                                            \
		reads(fd);                                                                                             \
		return real(fd, parts, count, at);                                                                     \
	}

#define SENDFILE(name, offset_t)                                                                                       \
	ssize_t name(int to, int from, offset_t *at, size_t bytes)                                                     \
	{                                                                                                              \
		REAL(name);                                                                                            \
		reads(from);                                                                                           \
		return real(to, from, at, bytes);                                                                      \
	}

#define STAT(name, type)                                                                                               \
	int name(const char *path, struct type *out)                                                                   \
	{                                                                                                              \
		REAL(name);                                                                                            \
		reads_at(AT_FDCWD, path);                                                                              \
		return real(path, out);                                                                                \
	}

#define FSTAT(name, type)                                                                                              \
	int name(int fd, struct type *out)                                                                             \
	{                                                                                                              \
		REAL(name);                                                                                            \
		reads(fd);                                                                                             \
		return real(fd, out);                                                                                  \
	}

#define FSTATAT(name, type)                                                                                            \
	int name(int directory, const char *path, struct type *out, int flags)                                         \
	{                                                                                                              \
		REAL(name);                                                                                            \
		reads_at(directory, path);                                                                             \
		return real(directory, path, out, flags);                                                              \
	}

#define READDIR(name, type)                                                                                            \
	struct type *name(DIR *list)                                                                                   \
	{                                                                                                              \
		REAL(name);                                                                                            \
		reads(dirfd(list));                                                                                    \
		return real(list);                                                                                     \
	}

OPEN(open)
OPEN(open64)
PREAD(pread, off_t)
PREAD(pread64, off64_t)
PREADV(preadv, off_t)
PREADV(preadv64, off64_t)
SENDFILE(sendfile, off_t)
SENDFILE(sendfile64, off64_t)
STAT(stat, stat)
STAT(stat64, stat64)
STAT(lstat, stat)
STAT(lstat64, stat64)
STAT(statvfs, statvfs)
STAT(statvfs64, statvfs64)
FSTAT(fstat, stat)
FSTAT(fstat64, stat64)
FSTATAT(fstatat, stat)
FSTATAT(fstatat64, stat64)
READDIR(readdir, dirent)
READDIR(readdir64, dirent64)
OPENAT(openat)
OPENAT(openat64)
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)
SYNC(fsync)
SYNC(fdatasync)
FSTATVFS(fstatvfs, statvfs)
FSTATVFS(fstatvfs64, statvfs64)

ssize_t read(int fd, void *out, size_t bytes)
{
	REAL(read);
	reads(fd);
	return real(fd, out, bytes);
}

int mkdir(const char *path, mode_t mode)
{
	REAL(mkdir);
	reads_at(AT_FDCWD, path);
	return real(path, mode);
}

int faccessat(int directory, const char *path, int mode, int flags)
{
	REAL(faccessat);
	reads_at(directory, path);
	return real(directory, path, mode, flags);
}

ssize_t write(int fd, const void *data, size_t bytes)
{
	REAL(write);
	return refuses(fd, CHANGE_GROWS) ? -1 : real(fd, data, bytes);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
	REAL(renameat);
	return refuses(to_directory, CHANGE_OTHER) ? -1 : real(from_directory, from, to_directory, to);
}

int unlinkat(int directory, const char *path, int flags)
{
	REAL(unlinkat);
	return refuses(directory, CHANGE_OTHER) ? -1 : real(directory, path, flags);
}
