/* clip_list.h - a kept clip as /clips lists it. */
#ifndef FCGI_API_CLIP_LIST_H
#define FCGI_API_CLIP_LIST_H

#include <sys/stat.h>

struct json_object;

/*
 * The clip's name, its label (NULL: it could not be read, so the item says nothing about it), its size in bytes,
 * and when it was kept. The caller owns the object (json_object_put).
 */
struct json_object *clip_list_item(const char *name, const char *label, const struct stat *status);

#endif
