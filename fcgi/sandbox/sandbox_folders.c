/* sandbox_folders.c - see sandbox_folders.h. */
#include "fcgi/sandbox/sandbox_folders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi/sandbox/program_sandbox.h"
#include "shared/base/clock.h"

#define FILES_MAX      64u
#define FILES_EVERY_US US_PER_S

/* Linux 6.8: the number of a mount, which no later one gets again. */
#define MOUNT_FOR_EVER 0x4000u

struct folder {
	uint64_t device, inode; /* 0: missing */
	uint64_t mount;         /* 0: the kernel does not say */
	int64_t born_s, born_ns;
	bool withheld;
};

struct file {
	char *path; /* owned */
	struct folder then;
};

struct sandbox_folders {
	const struct config_set *cameras;
	struct file files[FILES_MAX]; /* of program_sandbox_each_file() */
	size_t file_count;
	mono_t files_at;         /* looked at again then */
	struct folder folders[]; /* recordings and clips of each camera */
};

/*
 * Whether it cannot be opened although its owner and mode let this process in. That is Landlock where it was not so
 * before: the numbers may be those of old, since a file system that was unmounted and mounted again has the same ones,
 * and one that reuses the inode of a deleted folder at once.
 */
static bool is_withheld(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == EACCES && faccessat(AT_FDCWD, path, R_OK | X_OK, AT_EACCESS) == 0;
}

static struct folder identity_now(const char *path)
{
	struct statx status;

	if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME | MOUNT_FOR_EVER, &status) != 0)
		return (struct folder){0};
	bool born = status.stx_mask & STATX_BTIME;
	return (struct folder){
		.device = (uint64_t)status.stx_dev_major << 32 | status.stx_dev_minor,
		.inode = status.stx_ino,
		.mount = status.stx_mask & MOUNT_FOR_EVER ? status.stx_mnt_id : 0,
		.born_s = born ? status.stx_btime.tv_sec : 0,
		.born_ns = born ? status.stx_btime.tv_nsec : 0,
	};
}

static struct folder folder_now(const char *path)
{
	struct folder now = identity_now(path);

	now.withheld = is_withheld(path);
	return now;
}

static bool is_same(const struct folder *then, struct folder now)
{
	return now.device == then->device && now.inode == then->inode && now.mount == then->mount &&
	       now.born_s == then->born_s && now.born_ns == then->born_ns && (!now.withheld || then->withheld);
}

static void file_note(const char *path, void *context)
{
	struct sandbox_folders *folders = context;
	char *copy = folders->file_count < FILES_MAX ? strdup(path) : NULL;

	if (copy)
		folders->files[folders->file_count++] = (struct file){copy, identity_now(path)};
}

static bool files_same(struct sandbox_folders *folders)
{
	mono_t now = mono_now();

	if (now.us < folders->files_at.us)
		return true;
	folders->files_at.us = now.us + FILES_EVERY_US;
	for (size_t i = 0; i < folders->file_count; i++)
		if (!is_same(&folders->files[i].then, identity_now(folders->files[i].path))) {
			folders->files_at.us = 0; /* until this process has given way */
			return false;
		}
	return true;
}

struct sandbox_folders *sandbox_folders_create(const struct config_set *cameras)
{
	struct sandbox_folders *folders =
		calloc(1, sizeof(*folders) + 2 * cameras->count * sizeof(folders->folders[0]));

	if (!folders)
		return NULL;
	folders->cameras = cameras;
	for (size_t i = 0; i < cameras->count; i++) {
		folders->folders[2 * i] = folder_now(cameras->cameras[i].record.directory);
		folders->folders[2 * i + 1] = folder_now(cameras->cameras[i].clips.directory);
	}
	program_sandbox_each_file(file_note, folders);
	return folders;
}

void sandbox_folders_destroy(struct sandbox_folders *folders)
{
	for (size_t i = 0; folders && i < folders->file_count; i++)
		free(folders->files[i].path);
	free(folders);
}

bool sandbox_folders_unchanged(struct sandbox_folders *folders)
{
	for (size_t i = 0; i < folders->cameras->count; i++) {
		const struct config *camera = &folders->cameras->cameras[i];
		if (!is_same(&folders->folders[2 * i], folder_now(camera->record.directory)) ||
		    !is_same(&folders->folders[2 * i + 1], folder_now(camera->clips.directory)))
			return false;
	}
	return files_same(folders);
}
