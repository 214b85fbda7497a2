/* cache_folder.c - empties the cache, and replaces the small files of a camera's folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "offsite/cache/cache_internal.h"
#include "shared/base/file_io.h"
#include "shared/segment/catalogue.h"
#include "shared/store/fetch_socket.h"

#define FILE_MODE 0640

/* Files that a run of this program made; whatever else is in the folder stays. */
static bool is_ours(const char *name)
{
	static const char *const endings[] = {".mp4", ".idx", ".motion", FETCH_BLOCKS_SUFFIX, PART_SUFFIX};
	size_t length = strlen(name);

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t bytes = strlen(endings[i]);
		bool begins = strncmp(name, "recording_", 10) == 0 || name[0] == '.';
		if (begins && length > bytes && strcmp(name + length - bytes, endings[i]) == 0)
			return true;
	}
	return strcmp(name, CATALOGUE_FILE) == 0;
}

/* Returns false with errno. `blocks`: only files that say what is in others, which go first. */
static bool remove_ours(int folder, bool blocks)
{
	DIR *list = fdopendir(folder);
	const struct dirent *entry;
	bool good = list != NULL;

	if (!list) {
		close(folder);
		return false;
	}
	while (good && (entry = readdir(list))) {
		const char *end = strrchr(entry->d_name, '.');
		bool is_blocks = end && strcmp(end, FETCH_BLOCKS_SUFFIX) == 0;
		if ((!blocks || is_blocks) && is_ours(entry->d_name))
			good = unlinkat(dirfd(list), entry->d_name, 0) == 0 || errno == ENOENT;
	}
	int error = errno;
	closedir(list);
	errno = error;
	return good;
}

/* A folder without a state is none of this program: it could be where a recorder has its recordings. */
static bool empty_camera(int folder, const char *camera)
{
	for (int turn = 0; turn < 2; turn++) {
		int fd = openat(folder, camera, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
		if (faccessat(fd, FETCH_STATUS_FILE, F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
			close(fd);
			return true;
		}
		if (!remove_ours(fd, turn == 0))
			return false;
	}
	return true;
}

bool cache_empty(const struct cache *cache)
{
	int fd = openat(cache->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	bool good = list != NULL;

	if (!list && fd >= 0)
		close(fd);
	while (good && (entry = readdir(list)))
		good = entry->d_name[0] == '.' || empty_camera(cache->folder, entry->d_name);
	int error = errno;
	if (list)
		closedir(list);
	errno = error;
	return good;
}

bool cache_replace(struct cache *cache, const char *camera, const char *file, const void *data, size_t bytes,
		   struct reason *why)
{
	char part[CACHE_FILE_BYTES + 16];
	int folder = cache_folder(cache, camera, true), fd = -1;

	snprintf(part, sizeof(part), ".%s" PART_SUFFIX, file);
	if (folder >= 0)
		fd = openat(folder, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	bool good = fd >= 0 && write_at(fd, data, bytes, 0) && renameat(folder, part, folder, file) == 0;
	if (!good)
		reason_errno(why, "cannot write %s to the cache", file);
	if (fd >= 0)
		close(fd);
	if (!good && folder >= 0)
		unlinkat(folder, part, 0);
	if (folder >= 0)
		close(folder);
	return good;
}

bool cache_exists(struct cache *cache, const char *camera, const char *file)
{
	int folder = cache_folder(cache, camera, false);
	bool exists = folder >= 0 && faccessat(folder, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;

	if (folder >= 0)
		close(folder);
	return exists;
}

int cache_open_file(struct cache *cache, const char *camera, const char *file)
{
	int folder = cache_folder(cache, camera, false);

	if (folder < 0)
		return -1;
	int fd = file_open_plain(folder, file);
	int error = errno;
	close(folder);
	errno = error;
	return fd;
}
