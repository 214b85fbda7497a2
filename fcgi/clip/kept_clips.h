/*
 * kept_clips.h - the folder of kept clips: names, writing one for good, and removing it.
 */
#ifndef FCGI_CLIP_KEPT_CLIPS_H
#define FCGI_CLIP_KEPT_CLIPS_H

#include <stdbool.h>

#include "fcgi/io/virtual_file.h"

#define KEPT_CLIP_NAME_BYTES 112

/* NAME.mp4 of A-Z a-z 0-9 . _ -, not beginning with a dot, at most 100 characters before .mp4. */
bool kept_clip_name_valid(const char *name);

/* The same name, with .mp4 behind it where it is missing; false where it cannot be one. */
bool kept_clip_name_make(const char *text, char out[KEPT_CLIP_NAME_BYTES]);

/* Appends all bytes of the file to a descriptor, which is at its beginning. */
bool kept_clip_copy(int fd, const struct virtual_file *file);

/*
 * A temporary file of that name, empty and locked (flock) until its last descriptor is closed. -1 with errno,
 * EWOULDBLOCK where another writer has it.
 */
int kept_clip_part_open(int folder, const char *name);

enum kept_clip_outcome {
	KEPT_CLIP_OK,
	KEPT_CLIP_EXISTS,
	KEPT_CLIP_BUSY,          /* another one of that name is being written */
	KEPT_CLIP_NO_SPACE,      /* the disk has no room */
	KEPT_CLIP_TOO_LARGE,     /* a file cannot be so large there */
	KEPT_CLIP_NOT_FOUND,     /* there is no clip of that name */
	KEPT_CLIP_NOT_PERMITTED, /* the folder may not be written, or its file system is read-only */
	KEPT_CLIP_FAILED,
};

struct kept_clip {
	int folder; /* not owned */
	const struct virtual_file *file;
	char name[KEPT_CLIP_NAME_BYTES];
};

/*
 * Writes the file to a hidden temporary one, fsyncs it, gives it its name unless that is taken, and fsyncs the folder.
 * For a child (api_job): returns an enum kept_clip_outcome.
 */
int kept_clip_write(void *keep);

/* Removes the clip of that name and fsyncs the folder; `file` is not needed. For a child too. */
int kept_clip_remove(void *keep);

#endif
