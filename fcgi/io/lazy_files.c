/* lazy_files.c - files of one folder that are opened when their bytes are needed. */
#include "fcgi/io/lazy_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/crc32c.h"
#include "shared/base/disk_pulse.h"
#include "shared/base/file_io.h"

struct lazy_file {
	char *name;    /* owned */
	uint32_t head; /* CRC-32C of its first LAZY_HEAD_BYTES */
	int fd;        /* -1: closed */
};

struct lazy_files {
	int folder;
	struct lazy_file *files;
	size_t count, capacity;
	size_t first, end; /* only these may be open */
};

struct lazy_files *lazy_files_create(int folder)
{
	struct lazy_files *files = calloc(1, sizeof(*files));

	if (!files)
		return NULL;
	files->folder = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	if (files->folder >= 0)
		return files;
	free(files);
	return NULL;
}

void lazy_files_destroy(struct lazy_files *files)
{
	if (!files)
		return;
	for (size_t i = 0; i < files->count; i++) {
		if (files->files[i].fd >= 0)
			close(files->files[i].fd);
		free(files->files[i].name);
	}
	free(files->files);
	close(files->folder);
	free(files);
}

static bool read_head(int fd, uint32_t *head)
{
	uint8_t bytes[LAZY_HEAD_BYTES];
	ssize_t got = read_at(fd, bytes, sizeof(bytes), 0);

	if (got < 0)
		return false;
	*head = crc32c(0, bytes, (size_t)got);
	return true;
}

bool lazy_files_add(struct lazy_files *files, const char *name, int fd)
{
	struct lazy_file file = {.fd = -1};

	if (files->count == files->capacity) {
		size_t capacity = files->capacity ? files->capacity * 2 : 16;
		struct lazy_file *grown = reallocarray(files->files, capacity, sizeof(*grown));
		if (!grown)
			return false;
		files->files = grown;
		files->capacity = capacity;
	}
	if (!read_head(fd, &file.head))
		return false;
	file.name = strdup(name);
	if (!file.name)
		return false;
	files->files[files->count++] = file;
	return true;
}

size_t lazy_files_count(const struct lazy_files *files)
{
	return files->count;
}

static void open_file(const struct lazy_files *files, struct lazy_file *file)
{
	uint32_t head;

	disk_pulse();
	int fd = openat(files->folder, file->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return;
	if (!read_head(fd, &head) || head != file->head) {
		close(fd);
		errno = ENOENT;
		return;
	}
	file->fd = fd;
}

/* Closes all files except [first, end). */
static void close_others(struct lazy_files *files, size_t first, size_t end)
{
	for (size_t i = files->first; i < files->end; i++) {
		struct lazy_file *file = &files->files[i];
		if ((i >= first && i < end) || file->fd < 0)
			continue;
		close(file->fd);
		file->fd = -1;
	}
	files->first = first;
	files->end = end;
}

int lazy_files_open(struct lazy_files *files, size_t number)
{
	struct lazy_file *file = &files->files[number];
	size_t end = files->count - number < LAZY_OPEN_MAX ? files->count : number + LAZY_OPEN_MAX;

	if (files->first == number && files->end == end && file->fd >= 0)
		return file->fd;
	close_others(files, number, end);
	for (size_t i = end; i-- > number;)
		if (files->files[i].fd < 0)
			open_file(files, &files->files[i]);
	return file->fd; /* it was opened last, so errno is its own */
}
