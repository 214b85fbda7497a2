/*
 * landlock.h - leaves this process, and all that it starts, only the files that are named: Landlock (landlock(7)),
 * where the kernel has it. What is open already stays open.
 */
#ifndef SHARED_SANDBOX_LANDLOCK_H
#define SHARED_SANDBOX_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/reason.h"

enum lock_right {
	MAY_READ = 1,        /* files, and folders' lists */
	MAY_READ_FILES = 16, /* files alone: no folder can be opened, not even to hold a lock on it */
	MAY_WRITE = 2,       /* files that are there */
	MAY_MAKE = 4,        /* files and folders in a folder: make, rename, remove */
	MAY_EXECUTE = 8,
};

struct lock_path {
	const char *path; /* a folder stands for all below it; one that is not there is left out */
	unsigned rights;  /* of enum lock_right */
};

/* The version of the kernel's Landlock (its ABI); 0 where there is none. */
int lock_files_version(void);

/*
 * From the calling thread on: to be called before there are others. TCP is refused too (from version 4 on), signals to
 * processes outside (6), and with `alone` also abstract UNIX sockets (6). False with a sentence.
 */
bool lock_files(const struct lock_path *paths, size_t count, bool alone, struct reason *why);

#endif
