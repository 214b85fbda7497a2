/* segment_files.c - opens the files of a closed segment. */
#include "offsite/segment_files.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/motion/motion_record.h"

#define SETTLED_SECONDS 5

static int open_file(int folder, const char *name, struct stat *status)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 || (fstat(fd, status) == 0 && S_ISREG(status->st_mode)))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

/* A file of the future says nothing: the clock was set back. */
static bool is_settled(const struct stat *status)
{
	int64_t age = wall_now().us / US_PER_S - status->st_mtim.tv_sec;

	return age < 0 || age >= SETTLED_SECONDS;
}

bool segment_files_open(int folder, const struct catalogue_entry *entry, struct segment_files *out)
{
	char index[SEGMENT_FILE_BYTES], motion[SEGMENT_FILE_BYTES];
	struct stat *opened = out->opened;
	bool good = false;

	*out = (struct segment_files){.fds = {-1, -1, -1}};
	if (index_name(entry->file, index, sizeof(index)) && motion_file_name(entry->file, motion, sizeof(motion))) {
		out->fds[SEGMENT_INDEX] = open_file(folder, index, &opened[SEGMENT_INDEX]);
		out->fds[SEGMENT_MEDIA] = open_file(folder, entry->file, &opened[SEGMENT_MEDIA]);
		out->fds[SEGMENT_MOTION] = open_file(folder, motion, &opened[SEGMENT_MOTION]);
		good = out->fds[SEGMENT_MOTION] >= 0 || errno == ENOENT;
	}
	good = good && out->fds[SEGMENT_INDEX] >= 0 && out->fds[SEGMENT_MEDIA] >= 0 &&
	       (uint64_t)opened[SEGMENT_MEDIA].st_size == entry->size_bytes &&
	       (out->fds[SEGMENT_MOTION] < 0 || is_settled(&opened[SEGMENT_MOTION]));
	if (!good)
		segment_files_close(out);
	return good;
}

bool segment_files_unchanged(const struct segment_files *files)
{
	struct stat now;

	for (int i = 0; i < SEGMENT_FILES; i++) {
		const struct stat *then = &files->opened[i];

		if (files->fds[i] < 0)
			continue;
		if (fstat(files->fds[i], &now) != 0 || now.st_size != then->st_size ||
		    now.st_mtim.tv_sec != then->st_mtim.tv_sec || now.st_mtim.tv_nsec != then->st_mtim.tv_nsec)
			return false;
	}
	return true;
}

void segment_files_close(struct segment_files *files)
{
	for (int i = 0; i < SEGMENT_FILES; i++) {
		if (files->fds[i] >= 0)
			close(files->fds[i]);
		files->fds[i] = -1;
	}
}
