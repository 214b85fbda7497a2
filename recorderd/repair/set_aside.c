/* set_aside.c - renames, counts and deletes segments that could not be repaired. */
#include "recorderd/repair/set_aside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/repair/motion_file.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/segment/index.h"
#include "shared/segment/retention.h"

#define NAMES_MAX 1000u

static bool is_there(int folder, const char *name)
{
	return faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* damaged_recording_X.mp4, or, if that exists, damaged_2_recording_X.mp4 and so on. */
static bool choose_name(int folder, const char *file, char name[SET_ASIDE_NAME_BYTES])
{
	snprintf(name, SET_ASIDE_NAME_BYTES, SET_ASIDE_PREFIX "%s", file);
	for (unsigned n = 2; is_there(folder, name); n++) {
		if (n > NAMES_MAX) {
			errno = EEXIST;
			return false;
		}
		snprintf(name, SET_ASIDE_NAME_BYTES, SET_ASIDE_PREFIX "%u_%s", n, file);
	}
	return true;
}

bool set_aside_segment(int folder, const char *file, char name[SET_ASIDE_NAME_BYTES])
{
	char index[SEGMENT_FILE_BYTES], new_index[SET_ASIDE_NAME_BYTES];

	if (!choose_name(folder, file, name) || renameat(folder, file, folder, name) < 0)
		return false;
	if (index_name(file, index, sizeof(index)) && index_name(name, new_index, sizeof(new_index)) &&
	    renameat(folder, index, folder, new_index) < 0 && errno != ENOENT)
		log_warn("archive", "cannot rename %s: %s", index, strerror(errno));
	motion_file_rename(folder, file, name);
	return true;
}

/* damaged_….mp4, made from a segment's name. */
static int is_set_aside(const struct dirent *entry)
{
	const char *segment = strstr(entry->d_name, "recording_");

	return strncmp(entry->d_name, SET_ASIDE_PREFIX, strlen(SET_ASIDE_PREFIX)) == 0 && segment &&
	       segment_file_valid(segment) && strlen(entry->d_name) < SET_ASIDE_NAME_BYTES;
}

/* Orders by the time in the names. */
static int by_segment(const struct dirent **a, const struct dirent **b)
{
	return strcmp(strstr((*a)->d_name, "recording_"), strstr((*b)->d_name, "recording_"));
}

static uint64_t bytes_of(int folder, const char *name, int64_t *written_wall_us)
{
	struct stat status;

	*written_wall_us = INT64_MAX;
	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	*written_wall_us = (int64_t)status.st_mtim.tv_sec * US_PER_S + status.st_mtim.tv_nsec / 1000;
	return (uint64_t)status.st_size;
}

static uint64_t bytes_of_all(int folder, const char *name, int64_t *written_wall_us)
{
	char index[SET_ASIDE_NAME_BYTES];
	int64_t ignored_us;
	uint64_t bytes = bytes_of(folder, name, written_wall_us);

	if (index_name(name, index, sizeof(index)))
		bytes += bytes_of(folder, index, &ignored_us);
	return bytes + motion_file_bytes(folder, name);
}

struct set_aside_files set_aside_count(int folder)
{
	struct set_aside_files result = {0};
	struct dirent **entries = NULL;
	int64_t ignored_us;
	int count = scandirat(folder, ".", &entries, is_set_aside, NULL);

	for (int i = 0; i < count; i++) {
		result.files++;
		result.bytes += bytes_of_all(folder, entries[i]->d_name, &ignored_us);
		free(entries[i]);
	}
	free(entries);
	return result;
}

static bool delete_one(int folder, const char *name)
{
	char index[SET_ASIDE_NAME_BYTES];

	if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
		return false;
	if (index_name(name, index, sizeof(index)) && unlinkat(folder, index, 0) < 0 && errno != ENOENT)
		log_warn("archive", "cannot delete %s: %s", index, strerror(errno));
	if (!motion_file_remove(folder, name))
		log_warn("archive", "cannot delete the .motion file of %s: %s", name, strerror(errno));
	log_info("archive", "deleted %s (retention)", name);
	return true;
}

static bool is_impossible(int64_t us)
{
	return us < RETENTION_EARLIEST_US || us > wall_now().us + RETENTION_SLACK_US;
}

struct set_aside_files set_aside_delete(int folder, int64_t before_wall_us, bool untimed, double wanted_bytes)
{
	struct set_aside_files deleted = {0};
	struct dirent **entries = NULL;
	int count = scandirat(folder, ".", &entries, is_set_aside, by_segment);

	for (int i = 0; i < count; i++) {
		int64_t written_us;
		uint64_t bytes = bytes_of_all(folder, entries[i]->d_name, &written_us);
		bool old = is_impossible(written_us) ? untimed : written_us < before_wall_us;
		bool due = old || (double)deleted.bytes < wanted_bytes;

		if (due && !delete_one(folder, entries[i]->d_name)) {
			deleted.error = errno;
		} else if (due) {
			deleted.files++;
			deleted.bytes += bytes;
		}
		free(entries[i]);
	}
	free(entries);
	return deleted;
}
