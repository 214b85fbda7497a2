/*
 * landlock.h - leaves this process, and all that it starts, only the files that are named: Landlock (landlock(7)),
 * where the kernel has it. What is open already stays open.
 *
 * Every function is async-signal-safe, so that a child of a program with threads can call it between fork and exec.
 */
#ifndef SHARED_SANDBOX_LANDLOCK_H
#define SHARED_SANDBOX_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum landlock_right {
	LANDLOCK_READ = 1,  /* files, and folders' lists */
	LANDLOCK_WRITE = 2, /* files that are there */
	LANDLOCK_MAKE = 4,  /* files and folders in a folder: make, rename, remove */
	LANDLOCK_EXECUTE = 8,
	LANDLOCK_READ_FILE = 16, /* files alone: no folder can be opened, not even to hold a lock on it */
	LANDLOCK_IOCTL_DEV = 32, /* ioctl(2) on devices (from version 5 on; before that, whatever is open takes it) */
	LANDLOCK_READ_DIR = 64,  /* folders' lists alone */
};

/* Rights that are granted before they hold. */
struct landlock_ruleset {
	int fd;
	uint64_t files; /* rights over files that this kernel knows */
};

/* The version of the kernel's Landlock (its ABI); 0 where there is none. */
int landlock_version(void);

/*
 * An empty one. Besides files it refuses TCP (from version 4 on), signals to processes outside (6), and with `alone`
 * also abstract UNIX sockets (6). False with errno: ENOSYS or EOPNOTSUPP where the kernel has no Landlock.
 */
bool landlock_ruleset_open(struct landlock_ruleset *out, bool alone);

/*
 * Grants `rights` (of enum landlock_right) to a file, or to a folder and all below it. A path that is not there is
 * left out. False with errno.
 */
bool landlock_ruleset_add(const struct landlock_ruleset *ruleset, const char *path, unsigned rights);

/* The same for what is open, also with O_PATH. */
bool landlock_ruleset_add_fd(const struct landlock_ruleset *ruleset, int fd, unsigned rights);

/* From the calling thread on: to be called before there are others. False with errno. */
bool landlock_ruleset_enter(const struct landlock_ruleset *ruleset);

void landlock_ruleset_close(struct landlock_ruleset *ruleset);

#endif
