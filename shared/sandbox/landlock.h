/*
 * landlock.h - restricts this process and its children to the files that are named, with landlock(7).
 *
 * Files that are already open stay open. Every function is async-signal-safe, so a child of a program with threads can
 * call it between fork and exec.
 */
#ifndef SHARED_SANDBOX_LANDLOCK_H
#define SHARED_SANDBOX_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum landlock_right {
	LANDLOCK_READ = 1,  /* files and directories */
	LANDLOCK_WRITE = 2, /* existing files */
	LANDLOCK_MAKE = 4,  /* create, rename and remove files and folders in a folder */
	LANDLOCK_EXECUTE = 8,
	LANDLOCK_READ_FILE = 16, /* files only: no folder can be opened, not even to lock it */
	LANDLOCK_IOCTL_DEV = 32, /* ioctl(2) on devices; before version 5 every open device allows it */
	LANDLOCK_READ_DIR = 64,  /* directories only */
};

/* Rights that are collected before they take effect. */
struct landlock_ruleset {
	int fd;
	uint64_t files; /* the rights on files that this kernel knows */
};

/* The ABI version of the kernel's Landlock, 0 if it has none. */
int landlock_version(void);

/*
 * Creates an empty ruleset. Besides files, it also refuses TCP (from version 4 on), signals to processes outside of the
 * sandbox (6) and, with `alone`, abstract UNIX sockets (6). Returns false with errno: ENOSYS or EOPNOTSUPP if the
 * kernel has no Landlock.
 */
bool landlock_ruleset_open(struct landlock_ruleset *out, bool alone);

/*
 * Grants `rights` (of enum landlock_right) on a file, or on a folder and everything below it. Ignores a path that does
 * not exist. Returns false with errno.
 */
bool landlock_ruleset_add(const struct landlock_ruleset *ruleset, const char *path, unsigned rights);

/* The same for an open file or folder, which may have been opened with O_PATH. */
bool landlock_ruleset_add_fd(const struct landlock_ruleset *ruleset, int fd, unsigned rights);

/* Allows connecting to that TCP port of any host. A kernel before version 4 restricts no ports. */
bool landlock_ruleset_add_port(const struct landlock_ruleset *ruleset, unsigned port);

/*
 * Restricts the calling thread and what it starts, so call it before there are other threads. Returns false with errno.
 */
bool landlock_ruleset_enter(const struct landlock_ruleset *ruleset);

void landlock_ruleset_close(struct landlock_ruleset *ruleset);

#endif
