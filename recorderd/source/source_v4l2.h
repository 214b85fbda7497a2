/* source_v4l2.h - a V4L2 device as a source of frames (source.h). */
#ifndef RECORDERD_SOURCE_SOURCE_V4L2_H
#define RECORDERD_SOURCE_SOURCE_V4L2_H

#include "recorderd/source/source.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

/*
 * Opens the device at `path`, which may be a symbolic link. May block. The caller owns *out. If it fails, *out is NULL
 * and *why is set.
 *
 * The device is opened `steps_down` modes below the requested one: each step is the next lower rate that the camera
 * offers, or if there is none the next smaller size. It goes further down if the USB bus lacks the bandwidth, but never
 * below the lowest mode; info.steps_down tells how far it went.
 */
enum source_open_outcome source_v4l2_open(const struct config *config, const char *path, unsigned steps_down,
					  struct source **out, struct reason *why);

#endif
