/* kept_clips.c - stores and removes kept clips. */
#include "fcgi/clip/kept_clips.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fcgi/clip/clip_label.h"
#include "fcgi/io/job.h"
#include "shared/base/file_io.h"
#include "shared/base/file_limit.h"
#include "shared/segment/clip_cache_files.h"

/*
 * The temporary file of NAME is .NAME.part, locked while it is being written: the next writer removes what a killed one
 * has left.
 */

#define COPY_BYTES     (256u << 10)
#define RANGE_BYTES    (4u << 20) /* per copy_file_range() */
#define NAME_MAX_CHARS 100

static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

bool kept_clip_name_valid(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && length > 4 && length <= NAME_MAX_CHARS + 4 && name[strspn(name, allowed)] == '\0' &&
	       strcmp(name + length - 4, ".mp4") == 0;
}

bool kept_clip_name_make(const char *text, char out[KEPT_CLIP_NAME_BYTES])
{
	size_t length = strlen(text);
	bool ends = length > 4 && strcmp(text + length - 4, ".mp4") == 0;

	return length <= NAME_MAX_CHARS && snprintf(out, KEPT_CLIP_NAME_BYTES, "%s%s", text, ends ? "" : ".mp4") > 0 &&
	       kept_clip_name_valid(out);
}

/*
 * Copies from *at on inside the kernel, as far as the file systems support that. Write-back starts at once, so that it
 * is charged to this process and has its priority.
 */
static void copy_in_kernel(int fd, const struct virtual_file *file, uint64_t *at)
{
	struct virtual_file_extent extent;

	while (virtual_file_extent_at(file, *at, &extent)) {
		off_t offset = (off_t)extent.offset;
		size_t length = extent.length < RANGE_BYTES ? (size_t)extent.length : RANGE_BYTES;
		ssize_t got = copy_file_range(extent.fd, &offset, fd, NULL, length, 0);
		if (got <= 0)
			return;
		sync_file_range(fd, (off_t)*at, got, SYNC_FILE_RANGE_WRITE);
		*at += (uint64_t)got;
	}
}

/* Copies up to `size` bytes through memory. Returns false if they cannot be read or written. */
static bool copy_through_memory(int fd, const struct virtual_file *file, uint64_t *at, uint8_t *bytes, size_t size)
{
	ssize_t got = virtual_file_read(file, *at, bytes, size);

	for (ssize_t done = 0; done < got;) {
		ssize_t n = write(fd, bytes + done, (size_t)(got - done));
		if (n <= 0)
			return false;
		done += n;
	}
	*at += got > 0 ? (uint64_t)got : 0;
	return got > 0;
}

bool kept_clip_copy(int fd, const struct virtual_file *file)
{
	uint8_t *bytes = malloc(COPY_BYTES);
	uint64_t at = 0, size = virtual_file_size(file);
	bool good = bytes;

	if (good && size > file_limit_bytes(fd)) {
		errno = EFBIG;
		good = false;
	}
	while (good && at < size) {
		copy_in_kernel(fd, file, &at);
		good = at == size || copy_through_memory(fd, file, &at, bytes, COPY_BYTES);
	}
	free(bytes);
	return good;
}

int kept_clip_part_open(int folder, const char *name)
{
	int fd = part_file_lock(folder, name, O_CREAT);

	if (fd < 0 || ftruncate(fd, 0) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Evicts cached clips if the disk has no room for a kept one. */
static void make_room(const struct kept_clip *keep)
{
	struct statvfs disk;
	int cached = clip_cache_folder_open(keep->folder);

	if (cached < 0)
		return;
	if (fstatvfs(keep->folder, &disk) == 0) {
		uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize, bytes = virtual_file_size(keep->file);
		if (free_bytes < bytes)
			clip_cache_evict(cached, UINT64_MAX, bytes - free_bytes);
	}
	close(cached);
}

static int outcome_of_errno(void)
{
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
		return KEPT_CLIP_NO_SPACE;
	case EFBIG:
		return KEPT_CLIP_TOO_LARGE;
	case EACCES:
	case EPERM:
	case EROFS:
		return KEPT_CLIP_NOT_PERMITTED;
	default:
		return child_job_failure(errno);
	}
}

static int sync_folder(int folder)
{
	return folder_sync(folder) ? KEPT_CLIP_OK : child_job_failure(errno);
}

/*
 * Renames the temporary file unless the name is taken. If the file system has no RENAME_NOREPLACE (NFS, FUSE), checking
 * first is safe: nobody else can keep a clip of that name while the temporary file is locked.
 */
static bool rename_if_free(const struct kept_clip *keep, const char *part)
{
	struct stat taken;

	if (renameat2(keep->folder, part, keep->folder, keep->name, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return false;
	if (fstatat(keep->folder, keep->name, &taken, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return false;
	}
	return errno == ENOENT && renameat(keep->folder, part, keep->folder, keep->name) == 0;
}

static int publish(const struct kept_clip *keep, const char *part)
{
	if (rename_if_free(keep, part))
		return sync_folder(keep->folder);
	return errno == EEXIST ? KEPT_CLIP_EXISTS : outcome_of_errno();
}

int kept_clip_write(void *context)
{
	const struct kept_clip *keep = context;
	char part[KEPT_CLIP_NAME_BYTES + 8];
	int outcome;

	part_files_remove_stale(keep->folder, 0);
	make_room(keep);
	snprintf(part, sizeof(part), ".%s" PART_SUFFIX, keep->name);
	int fd = kept_clip_part_open(keep->folder, part);
	if (fd < 0)
		return errno == EWOULDBLOCK ? KEPT_CLIP_BUSY : outcome_of_errno();
	errno = 0;
	bool written = kept_clip_copy(fd, keep->file) && (!*keep->label || clip_label_append(fd, keep->label));
	outcome = written && fsync(fd) == 0 ? publish(keep, part) : outcome_of_errno();
	if (outcome != KEPT_CLIP_OK)
		unlinkat(keep->folder, part, 0);
	close(fd);
	return outcome;
}

int kept_clip_remove(void *context)
{
	const struct kept_clip *keep = context;

	if (unlinkat(keep->folder, keep->name, 0) == 0)
		return sync_folder(keep->folder);
	return errno == ENOENT || errno == EISDIR ? KEPT_CLIP_NOT_FOUND : outcome_of_errno();
}

int kept_clip_relabel(void *context)
{
	const struct kept_clip *keep = context;
	int fd = openat(keep->folder, keep->name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	int outcome;

	if (fd < 0)
		return errno == ENOENT || errno == ELOOP || errno == ENXIO || errno == EISDIR ? KEPT_CLIP_NOT_FOUND
											      : outcome_of_errno();
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		outcome = KEPT_CLIP_NOT_FOUND;
	else
		outcome = clip_label_replace(fd, keep->label) && fsync(fd) == 0 ? KEPT_CLIP_OK : outcome_of_errno();
	close(fd);
	return outcome;
}
