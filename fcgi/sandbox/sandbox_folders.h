/*
 * sandbox_folders.h - the folders of cameras as they were when a process locked itself up. Landlock knows a folder by
 * its inode as the kernel holds it in memory: one that was made, or mounted, since then can only be used by a process
 * that locks itself up anew, also where device and inode have the numbers of the one before. The same goes for the
 * files that an upgrade replaces (program_sandbox_each_file).
 */
#ifndef FCGI_SANDBOX_SANDBOX_FOLDERS_H
#define FCGI_SANDBOX_SANDBOX_FOLDERS_H

#include <stdbool.h>

#include "shared/config/config.h"

struct sandbox_folders;

/* Before the process locks itself up. NULL where there is no memory. `cameras` is not owned. */
struct sandbox_folders *sandbox_folders_create(const struct config_set *cameras);
void sandbox_folders_destroy(struct sandbox_folders *folders);

/* Whether each is still the one that it was, and can be used as it could be then, or is still missing; the files as
 * they were within the last second. */
bool sandbox_folders_unchanged(struct sandbox_folders *folders);

#endif
