/* archive_lists.c - the two files that list the segments: recording_index.bin and recording_index.json. */
#include "recorderd/archive_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/log.h"

/*
 * A copy of the list, to be written without holding up those who change it. `wait`: a folder that the path has only
 * just come to lead to is no empty archive; it is listed with its first segment.
 */
static struct catalogue_entry *copy_entries(struct archive *archive, size_t *count, bool *wait)
{
	struct catalogue_entry *entries;

	pthread_mutex_lock(&archive->lock);
	*count = 0;
	*wait = archive->unstarted && archive->count == 0;
	entries = malloc((archive->count + 1) * sizeof *entries);
	for (size_t i = 0; entries && i < archive->count; i++)
		if (!archive->segments[i].leaving)
			entries[(*count)++] = archive->segments[i].entry;
	pthread_mutex_unlock(&archive->lock);
	return entries;
}

bool archive_write_lists(struct archive *archive, bool also_json, struct reason *why)
{
	struct catalogue_entry *entries = NULL;
	int folder = archive_folder_now(archive);
	size_t count;
	bool good = false, wait = false;

	pthread_mutex_lock(&archive->list_lock);
	entries = copy_entries(archive, &count, &wait);
	if (entries && wait)
		good = true;
	else if (entries && folder >= 0)
		good = catalogue_write(folder, ++archive->generation, entries, count, also_json, why);
	else
		reason_set(why, "cannot write the list of segments: no memory or no folder");
	pthread_mutex_unlock(&archive->list_lock);
	if (good && also_json && !wait) /* by the keeper alone: needs no order */
		good = catalogue_write_json(folder, entries, count, archive->config->camera.name, why);
	free(entries);
	if (folder >= 0)
		close(folder);
	return good;
}

static bool is_missing(int folder, const char *name)
{
	return faccessat(folder, name, F_OK, 0) < 0 && errno == ENOENT;
}

void archive_look_for_lists(struct archive *archive, int folder)
{
	if (!is_missing(folder, CATALOGUE_FILE) && !is_missing(folder, CATALOGUE_JSON))
		return;
	pthread_mutex_lock(&archive->lock);
	archive->unlisted = true;
	pthread_mutex_unlock(&archive->lock);
}
