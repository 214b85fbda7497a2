/* device_query.h - what one video node is, for those that have it open or look for it (device.h is for everyone else).
 */
#ifndef RECORDERD_V4L2_DEVICE_QUERY_H
#define RECORDERD_V4L2_DEVICE_QUERY_H

#include <limits.h>

#include "recorderd/v4l2/device.h"

enum device_query_outcome {
	DEVICE_IS_CAPTURE,
	DEVICE_NOT_CAPTURE, /* a metadata, output or memory-to-memory node, or one that cannot stream */
	DEVICE_NO_ANSWER,   /* does not answer VIDIOC_QUERYCAP: errno says why (ENOTTY: no video node at all) */
};

/* Fills model, driver and bus of an open node that captures. */
enum device_query_outcome device_query(int fd, struct device *out);

/* The node that a by-id or by-path link stands for now; the path itself where there is no such file. */
void device_resolve(const char *path, char out[PATH_MAX]);

/* True with the path of a video node that this user may not open. */
bool device_find_forbidden(char *path, size_t bytes);

/* "program (pid N)" of who else has the node open, as far as this user may see; false where none is found. */
bool device_holder(const char *path, char *out, size_t bytes);

#endif
