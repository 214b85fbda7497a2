/*
 * sandbox_folders.h - notices when the folders that a sandbox allows have been replaced.
 *
 * Landlock identifies a folder by its inode in the kernel's memory. A folder that was created or mounted later can be
 * used only by a process that enters its sandbox later, even if device and inode numbers are the same. That also
 * applies to files that an upgrade replaces (program_sandbox_each_file()).
 */
#ifndef FCGI_SANDBOX_SANDBOX_FOLDERS_H
#define FCGI_SANDBOX_SANDBOX_FOLDERS_H

#include <stdbool.h>

#include "shared/config/config.h"

struct sandbox_folders;

/* Records the folders; call it before entering the sandbox. `cameras` is not owned. Returns NULL if memory is short. */
struct sandbox_folders *sandbox_folders_create(const struct config_set *cameras);
void sandbox_folders_destroy(struct sandbox_folders *folders);

/*
 * Whether each folder is still the same and as accessible as before, or still missing. Files are checked at most once
 * per second.
 */
bool sandbox_folders_unchanged(struct sandbox_folders *folders);

#endif
