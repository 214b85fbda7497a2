/* cache_files.c - makes, opens and removes the files of the cache. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "offsite/cache/cache_internal.h"
#include "shared/base/file_io.h"
#include "shared/store/fetch_socket.h"

#define FILE_MODE   0640
#define FOLDER_MODE 0750

struct names {
	char blocks[CACHE_FILE_BYTES + 16], part[CACHE_FILE_BYTES + 24];
};

static void name_files(const struct cached_file *file, struct names *out)
{
	snprintf(out->blocks, sizeof(out->blocks), "%s" FETCH_BLOCKS_SUFFIX, file->name.file);
	snprintf(out->part, sizeof(out->part), ".%s" PART_SUFFIX, out->blocks);
}

static bool is_media(const struct cached_file *file)
{
	return file->name.kind == CACHE_MEDIA || file->name.kind == CACHE_OPEN;
}

/* Whether a recorder has its recordings there: each folder of recordings has a lock, and none a state. */
static bool is_of_recorder(int folder)
{
	return faccessat(folder, ".lock", F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	       faccessat(folder, FETCH_STATUS_FILE, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
}

int cache_folder(const struct cache *cache, const char *camera, bool make)
{
	if (make && mkdirat(cache->folder, camera, FOLDER_MODE) < 0 && errno != EEXIST)
		return -1;
	int folder = openat(cache->folder, camera, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (folder < 0 || !make || !is_of_recorder(folder))
		return folder;
	close(folder);
	errno = EEXIST;
	return -1;
}

static bool has_inode(int folder, const char *name, ino_t inode)
{
	struct stat status;

	return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_ino == inode;
}

bool cache_files_are_there(const struct cache *cache, const struct cached_file *file)
{
	int folder = cache_folder(cache, file->name.camera, false);
	struct names names;

	if (folder < 0)
		return false;
	name_files(file, &names);
	bool there = has_inode(folder, file->name.file, file->inode) &&
		     (!is_media(file) || has_inode(folder, names.blocks, file->blocks_inode));
	close(folder);
	return there;
}

/* In this order, so that a reader never takes the bits of one file for those of another (fetch_socket.h). */
static void remove_files(int folder, const struct cached_file *file)
{
	struct names names;

	name_files(file, &names);
	if (is_media(file)) {
		unlinkat(folder, names.blocks, 0);
		unlinkat(folder, names.part, 0);
	}
	unlinkat(folder, file->name.file, 0);
}

void cache_files_remove(const struct cache *cache, const struct cached_file *file)
{
	int folder = cache_folder(cache, file->name.camera, false);

	if (folder < 0)
		return;
	remove_files(folder, file);
	close(folder);
}

/* Makes an empty file of that size. Returns false with errno. */
static bool make_file(int folder, const char *name, uint64_t bytes, ino_t *inode)
{
	struct stat status;
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);

	if (fd < 0)
		return false;
	bool good = ftruncate(fd, (off_t)bytes) == 0 && fstat(fd, &status) == 0;
	int error = errno;
	if (good)
		*inode = status.st_ino;
	close(fd);
	errno = error;
	return good;
}

static bool make_blocks(int folder, const struct cached_file *file, ino_t *inode)
{
	const struct fetch_blocks header = {.magic = FETCH_BLOCKS_MAGIC, .file_bytes = file->name.file_bytes};
	struct names names;

	name_files(file, &names);
	if (!make_file(folder, names.part, sizeof(header) + file->bits_bytes, inode))
		return false;
	int fd = openat(folder, names.part, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	bool good = write_at(fd, &header, sizeof(header), 0) && renameat(folder, names.part, folder, names.blocks) == 0;
	int error = errno;
	close(fd);
	errno = error;
	return good;
}

bool cache_files_make(struct cache *cache, struct cached_file *file)
{
	uint64_t blocks = file->name.kind == CACHE_OPEN
				  ? FETCH_BLOCKS_OPEN
				  : (file->name.file_bytes + FETCH_BLOCK_BYTES - 1) / FETCH_BLOCK_BYTES;
	int folder = cache_folder(cache, file->name.camera, true);
	bool good = folder >= 0;

	if (!good)
		return false;
	remove_files(folder, file);
	free(file->bits);
	file->bits = NULL;
	file->bits_bytes = 0;
	file->size = 0;
	if (is_media(file)) {
		file->bits_bytes = (size_t)((blocks + 7) / 8);
		file->bits = calloc(1, file->bits_bytes);
		file->size = file->name.file_bytes;
		good = file->bits != NULL;
	}
	good = good && make_file(folder, file->name.file, file->size, &file->inode) &&
	       (!is_media(file) || make_blocks(folder, file, &file->blocks_inode));
	int error = errno;
	if (!good)
		remove_files(folder, file);
	close(folder);
	errno = error;
	return good;
}

int cache_files_open(const struct cache *cache, const struct cached_file *file, bool blocks)
{
	int folder = cache_folder(cache, file->name.camera, false), fd = -1;
	struct names names;
	struct stat status;

	if (folder < 0)
		return -1;
	name_files(file, &names);
	fd = openat(folder, blocks ? names.blocks : file->name.file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int error = errno;
	close(folder);
	errno = error;
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && status.st_ino == (blocks ? file->blocks_inode : file->inode))
		return fd;
	close(fd);
	errno = ESTALE;
	return -1;
}

bool cache_files_set(const struct cache *cache, const struct cached_file *file, uint64_t first, uint64_t end,
		     uint64_t file_bytes)
{
	size_t bytes = sizeof(struct fetch_blocks) + file->bits_bytes;
	struct stat status;
	int fd = cache_files_open(cache, file, true);

	if (fd < 0)
		return false;
	bool whole = fstat(fd, &status) == 0 && (uint64_t)status.st_size >= bytes;
	void *map = whole ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
	close(fd);
	if (map == MAP_FAILED) {
		errno = ESTALE;
		return false;
	}
	struct fetch_blocks *blocks = map;
	for (uint64_t block = first; block < end; block++)
		atomic_fetch_or_explicit(&blocks->bits[block / 8], (uint8_t)(1u << block % 8), memory_order_release);
	atomic_store_explicit(&blocks->file_bytes, file_bytes, memory_order_release);
	munmap(map, bytes);
	return true;
}
