/* device_query.h - asks a video node what it is, who may open it and who has it open. */
#ifndef RECORDERD_V4L2_DEVICE_QUERY_H
#define RECORDERD_V4L2_DEVICE_QUERY_H

#include <limits.h>

#include "recorderd/v4l2/device.h"
#include "shared/base/reason.h"

enum device_query_outcome {
	DEVICE_IS_CAPTURE,
	DEVICE_NOT_CAPTURE, /* a metadata, output or memory-to-memory node, or one that cannot stream */
	DEVICE_NO_ANSWER,   /* VIDIOC_QUERYCAP failed: errno says why (ENOTTY: not a video node at all) */
};

/* Asks an open node. Fills in model, driver and bus if it captures. */
enum device_query_outcome device_query(int fd, struct device *out);

/* The node that a by-id or by-path link points to now; `path` itself if there is no such file. */
void device_resolve(const char *path, char out[PATH_MAX]);

/* Finds a video node that this user may not open and copies its path. Returns EACCES or EPERM; 0 if there is none. */
int device_find_forbidden(char *path, size_t bytes);

/* Finds the receiver of a bare image sensor, which only libcamera can operate; false if there is none. */
bool device_find_sensor(struct device *out);

/* Says why that one cannot be used, and what can. */
void device_explain_sensor(const struct device *device, struct reason *why);

/* Says why this user may not open a node, and what to do about it. `error` is the errno of open(): EACCES or EPERM. */
void device_explain_forbidden(const char *path, int error, struct reason *why);

/* The camera's name as the kernel has it, even if the node cannot be opened; "the camera" if it has none. */
void device_model(const char *path, char *out, size_t bytes);

/*
 * True if the node can be opened, captures, and no other program streams from it. Sets the format that it has, which is
 * how a driver tells (EBUSY); a camera that is not in use loses its frame rate by that.
 */
bool device_is_free(const char *path);

/* Copies "program (pid N)" of another process that has the node open; false if this user can see none. */
bool device_holder(const char *path, char *out, size_t bytes);

#endif
