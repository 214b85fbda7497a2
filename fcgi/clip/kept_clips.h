/*
 * kept_clips.h - the folder of kept clips: names, writing one for good, and removing it.
 */
#ifndef FCGI_CLIP_KEPT_CLIPS_H
#define FCGI_CLIP_KEPT_CLIPS_H

#include <stdbool.h>

#include "fcgi/io/virtual_file.h"

#define KEEP_NAME_BYTES 112

/* NAME.mp4 of A-Z a-z 0-9 . _ -, not beginning with a dot, at most 100 characters before .mp4. */
bool keep_name_valid(const char *name);

/* The same name, with .mp4 behind it where it is missing; false where it cannot be one. */
bool keep_name_make(const char *text, char out[KEEP_NAME_BYTES]);

/* Appends all bytes of the file to a descriptor, which is at its beginning. */
bool keep_copy(int fd, const struct vfile *file);

/*
 * A temporary file of that name, empty and locked (flock) until its last descriptor is closed. -1 with errno,
 * EWOULDBLOCK where another writer has it.
 */
int keep_part_open(int folder, const char *name);

enum keep_outcome {
	KEEP_DONE,
	KEEP_EXISTS,
	KEEP_BUSY,    /* another one of that name is being written */
	KEEP_FULL,    /* the disk has no room */
	KEEP_LARGE,   /* a file cannot be so large there */
	KEEP_MISSING, /* there is no clip of that name */
	KEEP_REFUSED, /* the folder may not be written, or its file system is read-only */
	KEEP_FAILED,
};

struct keep {
	int folder; /* not owned */
	const struct vfile *file;
	char name[KEEP_NAME_BYTES];
};

/*
 * Writes the file to a hidden temporary one, fsyncs it, gives it its name unless that is taken, and fsyncs the folder.
 * For a child (api_job): returns an enum keep_outcome.
 */
int keep_run(void *keep);

/* Removes the clip of that name and fsyncs the folder; `file` is not needed. For a child too. */
int keep_remove_run(void *keep);

#endif
