/* clip_list.h - a kept clip as /clips lists it. */
#ifndef FCGI_API_CLIP_LIST_H
#define FCGI_API_CLIP_LIST_H

#include <stdbool.h>
#include <sys/stat.h>

#include "fcgi/clip/clip_label.h"
#include "fcgi/clip/clip_times.h"

struct json_object;

/* What the file itself says. */
struct clip_content {
	bool label_known; /* it could be read */
	char label[CLIP_LABEL_BYTES];
	bool times_known; /* it begins like a clip of this recorder */
	struct clip_times times;
};

void clip_content_read(int fd, struct clip_content *out);

/*
 * The clip's name, its label unless that is unknown, when it was filmed and for how long it plays (null if that is
 * unknown), its size in bytes, and when it was kept. The caller owns the object (json_object_put).
 */
struct json_object *clip_list_item(const char *name, const struct clip_content *content, const struct stat *status);

/* The same for a clip in that folder; NULL with errno if it cannot be read. */
struct json_object *clip_list_item_of(int folder, const char *name);

#endif
