/*
 * mount_need.h - whether the disk of a folder is mounted (record.require_mount and clips.require_mount).
 *
 * If it is not, the folder is an empty one on the disk below, which must not be filled instead. The setting is one of:
 *
 *   no       the folder may be on any file system
 *   yes      the folder must be on another file system than /
 *   a path   another file system must be mounted at that path; for folders such as /var that are on a file system of
 *            their own anyway
 *
 * This compares devices instead of looking for mount points, because a service's own view of the file system (systemd's
 * ReadWritePaths=) makes each of its folders a mount point.
 */
#ifndef SHARED_CONFIG_MOUNT_NEED_H
#define SHARED_CONFIG_MOUNT_NEED_H

#include <stdbool.h>

#include "shared/base/reason.h"

#define MOUNT_NEED_NO  "no"
#define MOUNT_NEED_YES "yes"

/*
 * `need` is one of the three; an empty text means no. `folder` is absolute. If it does not exist yet, the nearest
 * folder above it counts. Returns false, sets *why, and sets errno to ENODEV if nothing is mounted, or else to what
 * made it impossible to tell.
 */
bool mount_need_is_met(const char *need, const char *folder, struct reason *why);

#endif
