/*
 * archive_left.c - a folder that the recorder has left, because its path leads to another one now: the segments that
 * were closed in it are finished there, through the descriptor, and its list says so. Whoever mounts or moves it back
 * finds it as after a clean stop. Until then it stays locked.
 */
#include "recorderd/archive/archive_internal.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/archive/catalogue_writer.h"
#include "shared/base/log.h"

struct archive_former {
	struct archive_former *next;
	int folder, lock_fd;
	struct archive_segment *segments;
	size_t count;
};

void archive_former_add(struct archive *archive)
{
	struct archive_former *left = archive->folder < 0 ? NULL : calloc(1, sizeof(*left));

	if (left) {
		*left = (struct archive_former){archive->left, archive->folder, archive->lock_fd, archive->segments,
						archive->count};
		archive->left = left;
	} else {
		if (archive->folder >= 0) {
			close(archive->folder);
			close(archive->lock_fd);
		}
		free(archive->segments);
	}
	archive->folder = archive->lock_fd = -1;
	archive->segments = NULL;
	archive->count = archive->capacity = 0;
	archive->segment_bytes = 0;
}

static void left_free(struct archive_former *left)
{
	close(left->folder);
	close(left->lock_fd);
	free(left->segments);
	free(left);
}

void archive_former_free(struct archive_former *left)
{
	while (left) {
		struct archive_former *next = left->next;

		left_free(left);
		left = next;
	}
}

/* False where there is nothing left of the segment. */
static bool finish_former_segment(const struct archive_former *left, const struct archive_segment *segment,
				  struct catalogue_entry *entry)
{
	struct reason why = {""};

	*entry = segment->entry;
	if (segment->phase == PHASE_COMPLETE)
		return true;
	switch (segment_finish(left->folder, segment->entry.file, entry, NULL, &why)) {
	case REPAIR_DONE:
		return true;
	case REPAIR_UNFINISHED:
		log_warn("archive", "in the folder that was left: %s", why.text);
		return true;
	case REPAIR_FAILED:
	case REPAIR_FOREIGN:
		log_warn("archive", "in the folder that was left: %s: left as it is", why.text);
		return false;
	case REPAIR_SET_ASIDE:
		log_error("archive", "in the folder that was left: %s", why.text);
		return false;
	case REPAIR_EMPTY:
	case REPAIR_GONE:
		return false;
	}
	return false;
}

static void put_in_order(struct archive *archive, struct archive_former *left)
{
	struct catalogue_entry *entries = calloc(left->count + 1, sizeof(*entries));
	struct reason why = {"no memory"};
	struct stat status;
	size_t count = 0;

	if (fstat(left->folder, &status) == 0 && status.st_nlink == 0) {
		free(entries);
		return; /* deleted: no name leads to it any more */
	}
	for (size_t i = 0; entries && i < left->count; i++)
		if (finish_former_segment(left, &left->segments[i], &entries[count]))
			count++;
	pthread_mutex_lock(&archive->list_lock);
	bool good = entries && catalogue_write(left->folder, ++archive->generation, entries, count, true, &why);
	pthread_mutex_unlock(&archive->list_lock);
	if (good)
		good = catalogue_write_json(left->folder, entries, count, archive->config->camera.name, &why);
	if (!good)
		log_warn("archive", "in the folder that was left: %s", why.text);
	free(entries);
}

void archive_former_finish(struct archive *archive)
{
	for (;;) {
		pthread_mutex_lock(&archive->lock);
		struct archive_former *left = archive->left;
		if (left)
			archive->left = left->next;
		pthread_mutex_unlock(&archive->lock);
		if (!left)
			return;
		put_in_order(archive, left);
		left_free(left);
	}
}
