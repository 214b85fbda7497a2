/* device.h - the V4L2 capture devices of this machine. source_select.h chooses among them. */
#ifndef RECORDERD_V4L2_DEVICE_H
#define RECORDERD_V4L2_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVICES_MAX 32

struct device {
	char path[64]; /* /dev/videoN */
	uint32_t number;
	char model[64], driver[32], bus[64];
	bool needs_libcamera; /* the receiver of a bare image sensor: it cannot stream by itself */
};

/*
 * Lists the nodes that capture pictures, by number, and returns how many there are. A node counts if its device_caps
 * have VIDEO_CAPTURE (or the multi-planar form of it) and STREAMING; metadata and output nodes do not, and receivers of
 * bare image sensors are skipped. Opens each node for a moment; does not stream.
 */
size_t device_list(struct device out[DEVICES_MAX]);

/* True if `path` (also a by-id or by-path link) is the same device node as `other`. */
bool device_is_same(const char *path, const char *other);

/*
 * The listed devices as JSON: an array of objects with id, path, name, driver, bus, links, in_use, and formats with
 * sizes and rates. The device at `in_use` (may be "") also has its controls (v4l2_controls.h). If the text is too long
 * for the ring (ring.h), formats are dropped, those of the device in use last. The caller frees it; NULL without
 * memory.
 */
char *device_list_json(const struct device *devices, size_t count, const char *in_use);

#endif
