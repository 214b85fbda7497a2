/*
 * device_link.h - warnings about a camera that is configured by its link in /dev/v4l/by-id.
 *
 * udev makes such a link from the camera's name and serial number. Cameras without serial numbers of their own share
 * one link, which leads to the one that was found last: after a reboot it may be another camera. Links in
 * /dev/v4l/by-path name the port instead.
 *
 * So the bus of the camera is remembered for the next run, in NAME.camera (shared/config/state_file.h): one line. If it
 * is missing, or not one line of printable characters, nothing is known of the last run.
 */
#ifndef RECORDERD_CAPTURE_DEVICE_LINK_H
#define RECORDERD_CAPTURE_DEVICE_LINK_H

#include "recorderd/v4l2/device.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

/* Zeroed: nothing was checked yet. The sentences are empty if there is no warning. */
struct device_link_warnings {
	char bus[64];            /* where the link led to at the last check; empty: not known */
	struct reason moved;     /* the link leads to another camera, or port, than before; kept for the run */
	struct reason identical; /* another camera could have the same link */
};

/* Examines the link that `config` names for the open device. Reads and writes files, so it may block. */
void device_link_check(const struct config *config, const char *open_path, const struct device *devices, size_t count,
		       struct device_link_warnings *inout);

#endif
