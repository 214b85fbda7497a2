/*
 * program_check.h - whether a program may be run: only root and this process's user can have put it there.
 *
 * The program, each folder above it, and each symbolic link on the way must belong to root or to this process's user.
 * Neither group nor others may write to the program or to a folder, except to one with the sticky bit (/tmp), in which
 * only the owner of an entry can replace it. So nobody else can change the program between the check and its start.
 */
#ifndef SHARED_PROGRAM_PROGRAM_CHECK_H
#define SHARED_PROGRAM_PROGRAM_CHECK_H

#include <stdbool.h>

#include "shared/base/reason.h"

/* `path` is absolute. Returns false and sets *why: what is wrong with which file or folder, and what to do. */
bool program_check(const char *path, struct reason *why);

#endif
