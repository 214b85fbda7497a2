/* program_check.c - whether a program may be run. */
#include "shared/program/program_check.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 16

/* A walk from / down to the program. */
struct walk {
	const char *program;     /* as it was asked for */
	char done[PATH_MAX];     /* without symbolic links; empty: / */
	char rest[2 * PATH_MAX]; /* of the path, which follows */
	int links;
};

static bool check_owner(const char *path, const struct stat *status, struct reason *why)
{
	if (status->st_uid == 0 || status->st_uid == geteuid())
		return true;
	return reason_set(why, "%s belongs to user %u, who could replace the program; expected root or user %u", path,
			  (unsigned)status->st_uid, (unsigned)geteuid());
}

static bool check_mode(const char *path, const struct stat *status, struct reason *why)
{
	bool is_sticky = S_ISDIR(status->st_mode) && (status->st_mode & S_ISVTX);

	if ((status->st_mode & (S_IWGRP | S_IWOTH)) == 0 || is_sticky)
		return true;
	return reason_set(why, "%s: group or others may write to it, and so replace the program (chmod go-w %s)", path,
			  path);
}

static bool follow_link(struct walk *walk, const char *path, struct reason *why)
{
	char target[PATH_MAX], rest[2 * PATH_MAX];

	if (++walk->links > LINKS_MAX)
		return reason_set(why, "%s: there are too many symbolic links on the way", walk->program);
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	if (length <= 0)
		return reason_errno(why, "%s: cannot read this symbolic link", path);
	target[length] = '\0';
	if (target[0] == '/')
		walk->done[0] = '\0';
	if (snprintf(rest, sizeof(rest), "%s/%s", target, walk->rest) >= (int)sizeof(rest))
		return reason_set(why, "%s: the path is too long", walk->program);
	memcpy(walk->rest, rest, strlen(rest) + 1);
	return true;
}

static void leave_folder(struct walk *walk)
{
	char *slash = strrchr(walk->done, '/');

	if (slash)
		*slash = '\0';
}

/* Takes the next part of the path. */
static bool step(struct walk *walk, const char *name, struct reason *why)
{
	char path[PATH_MAX];
	struct stat status;

	if (strcmp(name, ".") == 0)
		return true;
	if (strcmp(name, "..") == 0) {
		leave_folder(walk);
		return true;
	}
	if (snprintf(path, sizeof(path), "%s/%s", walk->done, name) >= (int)sizeof(path))
		return reason_set(why, "%s: the path is too long", walk->program);
	if (lstat(path, &status) != 0)
		return reason_errno(why, "%s", path);
	if (!check_owner(path, &status, why))
		return false;
	if (S_ISLNK(status.st_mode))
		return follow_link(walk, path, why);
	memcpy(walk->done, path, strlen(path) + 1);
	return check_mode(path, &status, why);
}

static bool check_file(const char *path, struct reason *why)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return reason_errno(why, "%s", path);
	if (!S_ISREG(status.st_mode))
		return reason_set(why, "%s is not a file; expected a program", path);
	return access(path, X_OK) == 0 || reason_errno(why, "%s cannot be executed (chmod +x %s)", path, path);
}

bool program_check(const char *path, struct reason *why)
{
	struct walk walk = {.program = path};
	char name[NAME_MAX + 1];

	if (snprintf(walk.rest, sizeof(walk.rest), "%s", path) >= PATH_MAX)
		return reason_set(why, "%s: the path is too long", path);
	for (;;) {
		size_t slashes = strspn(walk.rest, "/"), length = strcspn(walk.rest + slashes, "/");
		if (length == 0)
			return check_file(walk.done[0] ? walk.done : "/", why);
		if (length >= sizeof(name))
			return reason_set(why, "%s: a name in the path is too long", path);
		memcpy(name, walk.rest + slashes, length);
		name[length] = '\0';
		memmove(walk.rest, walk.rest + slashes + length, strlen(walk.rest + slashes + length) + 1);
		if (!step(&walk, name, why))
			return false;
	}
}
