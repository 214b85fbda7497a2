/*
 * kept_clips.h - the folder of kept clips: valid names, storing a clip permanently, removing it.
 */
#ifndef FCGI_CLIP_KEPT_CLIPS_H
#define FCGI_CLIP_KEPT_CLIPS_H

#include <stdbool.h>
#include <stdlib.h>

#include "fcgi/clip/clip_label.h"
#include "fcgi/io/virtual_file.h"

#define KEPT_CLIP_NAME_BYTES 112

/* NAME.mp4, where NAME has at most 100 characters of A-Z a-z 0-9 . _ - and does not begin with a dot. */
bool kept_clip_name_valid(const char *name);

/* The same name, with .mp4 appended if it is missing. Returns false if it cannot be one. */
bool kept_clip_name_make(const char *text, char out[KEPT_CLIP_NAME_BYTES]);

/* Writes the whole file to a descriptor that is at its beginning. Returns false with errno. */
bool kept_clip_copy(int fd, const struct virtual_file *file);

/*
 * Opens an empty temporary file of that name, locked (flock) until its last descriptor is closed. Returns -1 with
 * errno; EWOULDBLOCK if another writer holds it.
 */
int kept_clip_part_open(int folder, const char *name);

enum kept_clip_outcome {
	KEPT_CLIP_OK,
	KEPT_CLIP_EXISTS = EXIT_FAILURE + 1, /* EXIT_FAILURE: failed without an errno that can be named */
	KEPT_CLIP_BUSY,                      /* a clip of that name is being written */
	KEPT_CLIP_NO_SPACE,                  /* ENOSPC or EDQUOT */
	KEPT_CLIP_TOO_LARGE,                 /* for the file system, or for the limit on file sizes */
	KEPT_CLIP_NOT_FOUND,                 /* there is no clip of that name */
	KEPT_CLIP_NOT_PERMITTED,             /* the folder is not writable, or its file system is read-only */
};

struct kept_clip {
	int folder; /* not owned */
	const struct virtual_file *file;
	char name[KEPT_CLIP_NAME_BYTES];
	char label[CLIP_LABEL_BYTES]; /* empty: none */
};

/*
 * Writes the file to a hidden temporary one, syncs it, renames it unless the name is taken, and syncs the folder. For a
 * child process (api_job_start), so it takes a struct kept_clip as a void pointer; returns an enum kept_clip_outcome,
 * or child_job_failure(errno) for any other error.
 */
int kept_clip_write(void *kept_clip);

/* Gives the clip of that name another label, and syncs it; `file` is not used. For a child process, too. */
int kept_clip_relabel(void *kept_clip);

/* Removes the clip of that name and syncs the folder; `file` is not used. For a child process, too. */
int kept_clip_remove(void *kept_clip);

#endif
