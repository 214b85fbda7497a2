/*
 * device.h - the V4L2 capture devices of this machine. Which of them serves: source_select.h.
 */
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
};

/*
 * Nodes that capture pictures (device_caps: VIDEO_CAPTURE, or its multi-planar form, and STREAMING; metadata and output
 * nodes are passed over), by number. Opens each node for an instant; does not stream. Returns how many.
 */
size_t device_list(struct device out[DEVICES_MAX]);

/* True where `path` (also a by-id or by-path link) is the same device node as `other`. */
bool device_is_same(const char *path, const char *other);

/*
 * The listed devices as a JSON text (array; id, path, name, driver, bus, links, in_use, formats with sizes and rates).
 * The one at `serving` (may be "") is in use, and has its controls (v4l2_controls.h). Where the ring has no room for
 * all (ring.h), formats are left out, those of the one that serves last. Caller frees.
 */
char *device_list_json(const struct device *devices, size_t count, const char *serving);

#endif
