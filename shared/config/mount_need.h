/*
 * mount_need.h - whether the disk that a folder should lie on is mounted: record.require_mount and clips.require_mount.
 * Where it is not, the folder is one of the disk below, which must not be filled in its place.
 *
 *   no       whatever the folder lies on will do
 *   yes      it has to lie on another file system than / does
 *   a path   there another file system has to begin than that of the folder above it; for where the folders above are
 *            on one of their own anyway, such as /var
 *
 * Told by devices rather than by mount points: a service's own view of the folders (systemd's ReadWritePaths=) makes
 * every one of them a mount point, whatever is on it.
 */
#ifndef SHARED_CONFIG_MOUNT_NEED_H
#define SHARED_CONFIG_MOUNT_NEED_H

#include <stdbool.h>

#include "shared/base/reason.h"

#define MOUNT_NEED_NO  "no"
#define MOUNT_NEED_YES "yes"

/*
 * `need` is one of the three (empty: no), `folder` absolute; it need not be there yet: then the nearest folder above it
 * counts. False with a sentence, and errno: ENODEV where nothing is mounted, else what kept it from being looked at.
 */
bool mount_need_is_met(const char *need, const char *folder, struct reason *why);

#endif
