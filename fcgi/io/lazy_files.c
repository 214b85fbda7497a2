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
#include "shared/segment/block_map.h"

struct lazy_file {
	char *name;    /* owned */
	uint32_t head; /* CRC-32C of its first LAZY_HEAD_BYTES */
	bool partial;
	int fd;                   /* -1: closed */
	struct block_map *blocks; /* owned; of a partial file that is open */
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

static void close_file(struct lazy_file *file)
{
	if (file->fd < 0)
		return;
	close(file->fd);
	block_map_close(file->blocks);
	file->fd = -1;
	file->blocks = NULL;
}

void lazy_files_destroy(struct lazy_files *files)
{
	if (!files)
		return;
	for (size_t i = 0; i < files->count; i++) {
		close_file(&files->files[i]);
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

bool lazy_files_add(struct lazy_files *files, const char *name, int fd, bool partial)
{
	struct lazy_file file = {.fd = -1, .partial = partial};

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

/* Returns -1 with errno. */
static int open_partial(const struct lazy_files *files, struct lazy_file *file)
{
	int fd = block_map_open(files->folder, file->name, &file->blocks);

	if (fd >= 0 && block_map_available(file->blocks, 0, LAZY_HEAD_BYTES) == LAZY_HEAD_BYTES)
		return fd;
	int error = errno == EMFILE || errno == ENFILE || errno == ENOMEM ? errno : ESTALE;
	if (fd >= 0)
		close(fd);
	block_map_close(file->blocks);
	file->blocks = NULL;
	errno = error;
	return -1;
}

static void open_file(const struct lazy_files *files, struct lazy_file *file)
{
	uint32_t head;

	disk_pulse();
	file->fd = file->partial ? open_partial(files, file)
				 : openat(files->folder, file->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (file->fd >= 0 && (!read_head(file->fd, &head) || head != file->head)) {
		close_file(file);
		errno = ENOENT;
	}
}

/* Closes all files except [first, end). */
static void close_others(struct lazy_files *files, size_t first, size_t end)
{
	for (size_t i = files->first; i < files->end; i++) {
		struct lazy_file *file = &files->files[i];
		if (i < first || i >= end)
			close_file(file);
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

const char *lazy_files_name(const struct lazy_files *files, size_t number)
{
	return files->files[number].name;
}

const struct block_map *lazy_files_blocks(const struct lazy_files *files, size_t number)
{
	return files->files[number].blocks;
}

void lazy_files_close(struct lazy_files *files, size_t number)
{
	close_file(&files->files[number]);
}
