/*
 * clip_keep.c - keeps a clip: see clip_keep.h.
 *
 * The temporary file of NAME is .NAME.part, locked while it is written: what a killed writer left is written over by
 * the next one.
 */
#include "fcgi/clip_keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define COPY_BYTES     (256u << 10)
#define NAME_MAX_CHARS 100

static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

bool keep_name_valid(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && length > 4 && length <= NAME_MAX_CHARS + 4 && name[strspn(name, allowed)] == '\0' &&
	       strcmp(name + length - 4, ".mp4") == 0;
}

bool keep_name_make(const char *text, char out[KEEP_NAME_BYTES])
{
	size_t length = strlen(text);
	bool ends = length > 4 && strcmp(text + length - 4, ".mp4") == 0;

	return length <= NAME_MAX_CHARS && snprintf(out, KEEP_NAME_BYTES, "%s%s", text, ends ? "" : ".mp4") > 0 &&
	       keep_name_valid(out);
}

bool keep_copy(int fd, const struct vfile *file)
{
	uint8_t *bytes = malloc(COPY_BYTES);
	uint64_t at = 0, size = vfile_size(file);
	bool good = bytes;

	while (good && at < size) {
		ssize_t got = vfile_read(file, at, bytes, COPY_BYTES);
		for (ssize_t done = 0; good && done < got;) {
			ssize_t n = write(fd, bytes + done, (size_t)(got - done));
			good = n > 0;
			done += n;
		}
		good = good && got > 0;
		at += got > 0 ? (uint64_t)got : 0;
	}
	free(bytes);
	return good;
}

static int give_name(const struct keep *keep, const char *temporary)
{
	if (renameat2(keep->folder, temporary, keep->folder, keep->name, RENAME_NOREPLACE) == 0)
		return fsync(keep->folder) == 0 ? KEEP_DONE : KEEP_FAILED;
	return errno == EEXIST ? KEEP_EXISTS : KEEP_FAILED;
}

int keep_run(void *context)
{
	const struct keep *keep = context;
	char temporary[KEEP_NAME_BYTES + 8];
	int outcome = KEEP_FAILED;

	snprintf(temporary, sizeof(temporary), ".%s.part", keep->name);
	int fd = openat(keep->folder, temporary, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return KEEP_FAILED;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return KEEP_BUSY;
	}
	if (ftruncate(fd, 0) == 0 && keep_copy(fd, keep->file) && fsync(fd) == 0)
		outcome = give_name(keep, temporary);
	if (outcome != KEEP_DONE)
		unlinkat(keep->folder, temporary, 0);
	close(fd);
	return outcome;
}
