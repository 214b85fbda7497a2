/* lock_folders.c - see lock_folders.h. */
#include "fcgi/lock_folders.h"

#include <stdlib.h>
#include <sys/stat.h>

struct folder {
	dev_t device;
	ino_t inode; /* 0: missing */
};

struct lock_folders {
	const struct config_set *cameras;
	struct folder folders[]; /* recordings and clips of each camera */
};

static struct folder folder_now(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return (struct folder){0};
	return (struct folder){status.st_dev, status.st_ino};
}

static bool folder_same(const struct folder *then, const char *path)
{
	struct folder now = folder_now(path);

	return now.device == then->device && now.inode == then->inode;
}

struct lock_folders *lock_folders_note(const struct config_set *cameras)
{
	struct lock_folders *folders = calloc(1, sizeof(*folders) + 2 * cameras->count * sizeof(folders->folders[0]));

	if (!folders)
		return NULL;
	folders->cameras = cameras;
	for (size_t i = 0; i < cameras->count; i++) {
		folders->folders[2 * i] = folder_now(cameras->cameras[i].record.directory);
		folders->folders[2 * i + 1] = folder_now(cameras->cameras[i].clips.directory);
	}
	return folders;
}

void lock_folders_free(struct lock_folders *folders)
{
	free(folders);
}

bool lock_folders_same(const struct lock_folders *folders)
{
	for (size_t i = 0; i < folders->cameras->count; i++) {
		const struct config *camera = &folders->cameras->cameras[i];
		if (!folder_same(&folders->folders[2 * i], camera->record.directory) ||
		    !folder_same(&folders->folders[2 * i + 1], camera->clips.directory))
			return false;
	}
	return true;
}
