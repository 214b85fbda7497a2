/* segment_files.h - the three files of a closed segment, opened to be shipped. */
#ifndef OFFSITE_SEGMENT_FILES_H
#define OFFSITE_SEGMENT_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "shared/segment/catalogue.h"

enum segment_file { SEGMENT_INDEX, SEGMENT_MEDIA, SEGMENT_MOTION, SEGMENT_FILES };

struct segment_files {
	int fds[SEGMENT_FILES]; /* -1: not there; only the .motion file may be missing */
	struct stat opened[SEGMENT_FILES];
};

/*
 * Opens the files. Returns false if they are not there, are not what the entry says, or may still change: records of
 * the last seconds are added to a .motion file after its segment is closed. Nothing is open then.
 */
bool segment_files_open(int folder, const struct catalogue_entry *entry, struct segment_files *out);

/* True if none of them has been written to since. */
bool segment_files_unchanged(const struct segment_files *files);

void segment_files_close(struct segment_files *files);

#endif
