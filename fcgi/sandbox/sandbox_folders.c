/* sandbox_folders.c - notices when the folders that a sandbox allows have been replaced. */
#include "fcgi/sandbox/sandbox_folders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi/sandbox/program_sandbox.h"
#include "shared/base/clock.h"

#define FILES_MAX         64u
#define FILES_INTERVAL_US US_PER_S

/* STATX_MNT_ID_UNIQUE of Linux 6.8: the ID of a mount, which is never reused */
#define MNT_ID_UNIQUE 0x4000u

struct folder {
	uint64_t device, inode; /* 0: missing */
	uint64_t mount;         /* 0: unknown */
	int64_t birth_s, birth_ns;
	bool denied;
};

struct file {
	char *path; /* owned */
	struct folder recorded;
};

struct sandbox_folders {
	const struct config_set *cameras;
	struct file files[FILES_MAX]; /* those of program_sandbox_each_file() */
	size_t file_count;
	mono_t files_at;         /* when to check them again */
	struct folder folders[]; /* recordings and clips of each camera */
};

/*
 * Whether the folder cannot be opened although its owner and mode allow it. If that is new, Landlock refuses it. The
 * numbers alone do not tell: they can be the same after unmounting and mounting a file system, or after a file system
 * has reused the inode of a deleted folder.
 */
static bool is_denied(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == EACCES && faccessat(AT_FDCWD, path, R_OK | X_OK, AT_EACCESS) == 0;
}

static struct folder identity_now(const char *path)
{
	struct statx status;

	if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME | MNT_ID_UNIQUE, &status) != 0)
		return (struct folder){0};
	bool has_birth = status.stx_mask & STATX_BTIME;
	return (struct folder){
		.device = (uint64_t)status.stx_dev_major << 32 | status.stx_dev_minor,
		.inode = status.stx_ino,
		.mount = status.stx_mask & MNT_ID_UNIQUE ? status.stx_mnt_id : 0,
		.birth_s = has_birth ? status.stx_btime.tv_sec : 0,
		.birth_ns = has_birth ? status.stx_btime.tv_nsec : 0,
	};
}

static struct folder folder_now(const char *path)
{
	struct folder now = identity_now(path);

	now.denied = is_denied(path);
	return now;
}

static bool is_same(const struct folder *before, struct folder now)
{
	return now.device == before->device && now.inode == before->inode && now.mount == before->mount &&
	       now.birth_s == before->birth_s && now.birth_ns == before->birth_ns && (!now.denied || before->denied);
}

static void add_file(const char *path, void *context)
{
	struct sandbox_folders *folders = context;
	char *copy = folders->file_count < FILES_MAX ? strdup(path) : NULL;

	if (copy)
		folders->files[folders->file_count++] = (struct file){copy, identity_now(path)};
}

static bool files_unchanged(struct sandbox_folders *folders)
{
	mono_t now = mono_now();

	if (now.us < folders->files_at.us)
		return true;
	folders->files_at.us = now.us + FILES_INTERVAL_US;
	for (size_t i = 0; i < folders->file_count; i++)
		if (!is_same(&folders->files[i].recorded, identity_now(folders->files[i].path))) {
			folders->files_at.us = 0; /* until this process has been replaced */
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
	program_sandbox_each_file(add_file, folders);
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
	return files_unchanged(folders);
}
