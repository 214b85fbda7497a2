/* replacement.c - replaces a file as a whole. */
#include "recorderd/lists/replacement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "shared/base/file_io.h"

#define FILE_MODE 0640

bool replacement_begin(struct replacement *new, int directory, const char *file, bool durable, struct reason *why)
{
	*new = (struct replacement){.directory = directory, .durable = durable, .file = file};
	snprintf(new->temporary, sizeof(new->temporary), ".%s.new", file);
	new->fd = openat(directory, new->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
	if (new->fd < 0)
		return reason_errno(why, "cannot create %s", new->temporary);
	return true;
}

bool replacement_write(struct replacement *new, const void *data, size_t length, struct reason *why)
{
	const uint8_t *from = data;

	while (length > 0) {
		ssize_t put = write(new->fd, from, length);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return reason_errno(why, "cannot write %s", new->temporary);
		from += put;
		length -= (size_t)put;
	}
	return true;
}

bool replacement_end(struct replacement *new, bool good, struct reason *why)
{
	if (good && new->durable && fsync(new->fd) < 0)
		good = reason_errno(why, "cannot sync %s", new->temporary);
	/* Some file systems, above all network file systems, report a failed write only here. */
	if (close(new->fd) < 0 && good)
		good = reason_errno(why, "cannot write %s", new->temporary);
	if (good && renameat(new->directory, new->temporary, new->directory, new->file) < 0)
		good = reason_errno(why, "cannot rename %s to %s", new->temporary, new->file);
	if (!good) {
		unlinkat(new->directory, new->temporary, 0);
		return false;
	}
	if (new->durable && !folder_sync(new->directory))
		return reason_errno(why, "cannot sync the folder of %s", new->file);
	return true;
}
