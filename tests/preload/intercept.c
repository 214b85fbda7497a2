/* intercept.c - the C library's functions for device nodes; calls for other files go to the real ones. */
/* Both open() and open64() are defined here, so neither may be an alias for the other. */
#undef _FILE_OFFSET_BITS
#undef _TIME_BITS /* requires the other */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/preload/camera.h"

#define V4L2_MAJOR 81

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int directory, const char *path, int flags);
int __openat64_2(int directory, const char *path, int flags);
char *__realpath_chk(const char *path, char *resolved, size_t bytes);

/* POSIX allows an object pointer to hold the address of a function; ISO C has no cast for that. */
#define REAL(name)                                                                                                     \
	static __typeof__(name) *real;                                                                                 \
	if (!real)                                                                                                     \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

static mode_t mode_of(int flags, va_list arguments)
{
	return flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(name)                                                                                                     \
	int name(const char *path, int flags, ...)                                                                     \
	{                                                                                                              \
		struct camera *camera = camera_find(path);                                                             \
		va_list arguments;                                                                                     \
		mode_t mode;                                                                                           \
                                                                                                                       \
		REAL(name);                                                                                            \
		if (camera)                                                                                            \
			return handle_open(camera, flags);                                                             \
		va_start(arguments, flags);                                                                            \
		mode = mode_of(flags, arguments);                                                                      \
		va_end(arguments);                                                                                     \
		return real(path, flags, mode);                                                                        \
	}

#define OPENAT(name)                                                                                                   \
	int name(int directory, const char *path, int flags, ...)                                                      \
	{                                                                                                              \
		struct camera *camera = camera_find(path);                                                             \
		va_list arguments;                                                                                     \
		mode_t mode;                                                                                           \
                                                                                                                       \
		REAL(name);                                                                                            \
		if (camera)                                                                                            \
			return handle_open(camera, flags);                                                             \
		va_start(arguments, flags);                                                                            \
		mode = mode_of(flags, arguments);                                                                      \
		va_end(arguments);                                                                                     \
		return real(directory, path, flags, mode);                                                             \
	}

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int __open_2(const char *path, int flags)
{
	return open(path, flags);
}

int __open64_2(const char *path, int flags)
{
	return open64(path, flags);
}

int __openat_2(int directory, const char *path, int flags)
{
	return openat(directory, path, flags);
}

int __openat64_2(int directory, const char *path, int flags)
{
	return openat64(directory, path, flags);
}

int close(int fd)
{
	struct handle *handle = handle_find(fd);

	REAL(close);
	if (handle)
		handle_close(handle);
	return real(fd);
}

int ioctl(int fd, unsigned long request, ...)
{
	struct handle *handle = handle_find(fd);
	va_list arguments;
	void *argument;

	REAL(ioctl);
	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return handle ? v4l2_ioctl(handle, request, argument) : real(fd, request, argument);
}

/* The offsets from VIDIOC_QUERYBUF are offsets in the buffers' memfd. */
static int mapped_fd(int fd)
{
	struct handle *handle = handle_find(fd);

	return handle ? handle->memory : fd;
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	REAL(mmap);
	return real(address, length, protection, flags, mapped_fd(fd), offset);
}

void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset)
{
	REAL(mmap64);
	return real(address, length, protection, flags, mapped_fd(fd), offset);
}

/* Returns 0, or -1 with ENOENT while the camera is unplugged. */
static int node_stat(const struct camera *camera, mode_t *mode, dev_t *device)
{
	if (camera_unplugged(camera)) {
		errno = ENOENT;
		return -1;
	}
	*mode = S_IFCHR | 0660;
	*device = makedev(V4L2_MAJOR, (unsigned)camera->number);
	return 0;
}

#define STAT(name, type)                                                                                               \
	int name(const char *path, struct type *out)                                                                   \
	{                                                                                                              \
		struct camera *camera = camera_find(path);                                                             \
                                                                                                                       \
		REAL(name);                                                                                            \
		if (!camera)                                                                                           \
			return real(path, out);                                                                        \
		memset(out, 0, sizeof(*out));                                                                          \
		return node_stat(camera, &out->st_mode, &out->st_rdev);                                                \
	}

#define FSTAT(name, type)                                                                                              \
	int name(int fd, struct type *out)                                                                             \
	{                                                                                                              \
		struct handle *handle = handle_find(fd);                                                               \
                                                                                                                       \
		REAL(name);                                                                                            \
		if (!handle)                                                                                           \
			return real(fd, out);                                                                          \
		memset(out, 0, sizeof(*out));                                                                          \
		return node_stat(handle->camera, &out->st_mode, &out->st_rdev);                                        \
	}

STAT(stat, stat)
STAT(stat64, stat64)
STAT(lstat, stat)
STAT(lstat64, stat64)
FSTAT(fstat, stat)
FSTAT(fstat64, stat64)

int access(const char *path, int mode)
{
	struct camera *camera = camera_find(path);

	REAL(access);
	if (!camera)
		return real(path, mode);
	if (!camera_unplugged(camera))
		return 0;
	errno = ENOENT;
	return -1;
}

char *realpath(const char *path, char *resolved)
{
	struct camera *camera = camera_find(path);

	REAL(realpath);
	if (!camera)
		return real(path, resolved);
	if (camera_unplugged(camera)) {
		errno = ENOENT;
		return NULL;
	}
	return resolved ? strcpy(resolved, camera->path) : strdup(camera->path);
}

char *__realpath_chk(const char *path, char *resolved, size_t bytes)
{
	return bytes < PATH_MAX ? NULL : realpath(path, resolved);
}

/* Programs that this one starts must not see the cameras. */
__attribute__((constructor)) static void keep_from_children(void)
{
	if (strcmp(program_invocation_short_name, "recorderd") == 0)
		unsetenv("LD_PRELOAD");
}
