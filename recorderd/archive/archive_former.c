/* archive_former.c - the folder that the path of the recordings led to before it came to lead to another one. */
#include "recorderd/archive/archive_internal.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/archive/catalogue_writer.h"
#include "shared/base/log.h"

/*
 * The keeper finishes the segments that were closed in the folder, through its descriptor, and writes its lists. So
 * whoever mounts it or moves it back finds it as after a clean stop. It stays locked until then.
 */
struct archive_former {
	SLIST_ENTRY(archive_former) next;
	int folder, lock_fd;
	struct archive_segment *segments;
	size_t count;
};

void archive_former_add(struct archive *archive)
{
	struct archive_former *former = archive->folder < 0 ? NULL : calloc(1, sizeof(*former));

	if (former) {
		*former = (struct archive_former){
			.folder = archive->folder,
			.lock_fd = archive->lock_fd,
			.segments = archive->segments,
			.count = archive->count,
		};
		SLIST_INSERT_HEAD(&archive->former, former, next);
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

static void former_free(struct archive_former *former)
{
	close(former->folder);
	close(former->lock_fd);
	free(former->segments);
	free(former);
}

/* Takes one off the list; NULL: there is none. */
static struct archive_former *take_former(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	struct archive_former *former = SLIST_FIRST(&archive->former);
	if (former)
		SLIST_REMOVE_HEAD(&archive->former, next);
	pthread_mutex_unlock(&archive->lock);
	return former;
}

void archive_former_free(struct archive *archive)
{
	while (!SLIST_EMPTY(&archive->former)) {
		struct archive_former *former = SLIST_FIRST(&archive->former);
		SLIST_REMOVE_HEAD(&archive->former, next);
		former_free(former);
	}
}

/* False if nothing of the segment is left to be listed. */
static bool finish_segment(const struct archive_former *former, const struct archive_segment *segment,
			   struct catalogue_entry *entry)
{
	struct reason why = {""};

	*entry = segment->entry;
	if (segment->phase == PHASE_COMPLETE)
		return true;
	switch (segment_finish(former->folder, segment->entry.file, entry, NULL, &why)) {
	case REPAIR_DONE:
		return true;
	case REPAIR_UNFINISHED:
		log_warn("archive", "in the previous recordings folder: %s", why.text);
		return true;
	case REPAIR_FAILED:
	case REPAIR_FOREIGN:
		log_warn("archive", "in the previous recordings folder: %s is left unfinished and unlisted: %s",
			 segment->entry.file, why.text[0] ? why.text : "it is not a segment of this recorder");
		return false;
	case REPAIR_SET_ASIDE:
		log_error("archive", "in the previous recordings folder: %s", why.text);
		return false;
	case REPAIR_EMPTY:
	case REPAIR_GONE:
		return false;
	}
	return false;
}

static void finish_folder(struct archive *archive, struct archive_former *former)
{
	struct reason why = {"out of memory"};
	struct stat status;
	size_t count = 0;

	if (fstat(former->folder, &status) == 0 && status.st_nlink == 0)
		return; /* deleted: no name leads to it any more */
	struct catalogue_entry *entries = calloc(former->count + 1, sizeof(*entries));
	for (size_t i = 0; entries && i < former->count; i++)
		if (finish_segment(former, &former->segments[i], &entries[count])) {
			if (former->segments[i].phase != PHASE_COMPLETE)
				archive_note_finished(archive, &entries[count]);
			count++;
		}
	pthread_mutex_lock(&archive->list_lock);
	bool good = entries && catalogue_write(former->folder, ++archive->generation, entries, count, true, &why);
	pthread_mutex_unlock(&archive->list_lock);
	if (good)
		good = catalogue_write_json(former->folder, entries, count, archive->config->camera.name, &why);
	if (!good)
		log_warn("archive", "the list of the previous recordings folder was not written: %s", why.text);
	free(entries);
}

void archive_former_finish(struct archive *archive)
{
	struct archive_former *former;

	while ((former = take_former(archive))) {
		finish_folder(archive, former);
		former_free(former);
	}
}
