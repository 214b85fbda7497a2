/* device_query.h - asks a video node what it is, who may open it and who has it open. */
#ifndef RECORDERD_V4L2_DEVICE_QUERY_H
#define RECORDERD_V4L2_DEVICE_QUERY_H

#include <limits.h>

#include "recorderd/v4l2/device.h"

enum device_query_outcome {
	DEVICE_IS_CAPTURE,
	DEVICE_NOT_CAPTURE, /* a metadata, output or memory-to-memory node, or one that cannot stream */
	DEVICE_NO_ANSWER,   /* VIDIOC_QUERYCAP failed: errno says why (ENOTTY: not a video node at all) */
};

/* Asks an open node. Fills in model, driver and bus if it captures. */
enum device_query_outcome device_query(int fd, struct device *out);

/* The node that a by-id or by-path link points to now; `path` itself if there is no such file. */
void device_resolve(const char *path, char out[PATH_MAX]);

/* Finds a video node that this user may not open (EACCES, EPERM) and copies its path; false if there is none. */
bool device_find_forbidden(char *path, size_t bytes);

/* Copies "program (pid N)" of another process that has the node open; false if this user can see none. */
bool device_holder(const char *path, char *out, size_t bytes);

#endif
