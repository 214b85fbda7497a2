/* bandwidth.c - when to open a camera in a lower mode, because its USB bus does not carry the requested one. */
#include "recorderd/capture/bandwidth.h"

#include <stdio.h>
#include <string.h>

#define WINDOW_US     (5 * US_PER_S)
#define TORN_MIN      20 /* in a window: a few are not the bus */
#define BAD_OPENS_MAX 2

/*
 * The length of the part of V4L2's bus_info that names the USB host controller, which all its ports share:
 * "usb-0000:00:14.0" of "usb-0000:00:14.0-1.2". 0 for cameras that are not on USB.
 */
static size_t controller_length(const char *bus)
{
	const char *port = strrchr(bus, '-');

	return strncmp(bus, "usb-", 4) == 0 && port > bus + 3 ? (size_t)(port - bus) : 0;
}

/* True for another camera (other nodes of the same camera have the same bus_info) on the same controller. */
static bool shares_controller(const char *bus, const struct device *device)
{
	size_t length = controller_length(bus);

	return length > 0 && controller_length(device->bus) == length && strncmp(bus, device->bus, length) == 0 &&
	       strcmp(bus, device->bus) != 0;
}

bool bandwidth_set_devices(struct bandwidth *bandwidth, const char *bus, const struct device *devices, size_t count)
{
	bool had_other = bandwidth->other_camera[0] != '\0';

	bandwidth->other_camera[0] = '\0';
	for (size_t i = 0; i < count && !bandwidth->other_camera[0]; i++)
		if (shares_controller(bus, &devices[i]))
			snprintf(bandwidth->other_camera, sizeof(bandwidth->other_camera), "%.60s (%.60s)",
				 devices[i].model, devices[i].path);
	return had_other && !bandwidth->other_camera[0];
}

static bool is_lowest(const struct bandwidth *bandwidth, const struct source_info *info)
{
	return info->steps_down < bandwidth->steps_down;
}

bool bandwidth_count(struct bandwidth *bandwidth, const struct source_info *info, bool whole, mono_t now)
{
	if (now.us - bandwidth->window_start.us > WINDOW_US) {
		bandwidth->window_start = now;
		bandwidth->whole = bandwidth->torn = 0;
	}
	bandwidth->whole += whole;
	bandwidth->torn += !whole;
	if (!bandwidth->other_camera[0] || is_lowest(bandwidth, info) || bandwidth->torn < TORN_MIN ||
	    bandwidth->torn <= bandwidth->whole)
		return false;
	bandwidth->window_start = (mono_t){0};
	return true;
}

void bandwidth_failed(struct bandwidth *bandwidth, const struct source_info *info, bool at_max)
{
	bandwidth->window_start = (mono_t){0};
	if (info->kind != SOURCE_CAMERA || info->is_external || (++bandwidth->bad_opens < BAD_OPENS_MAX && !at_max))
		return;
	if (!bandwidth->other_camera[0] && !at_max)
		return;
	bandwidth->bad_opens = 0;
	bandwidth->steps_down = is_lowest(bandwidth, info) ? 0 : bandwidth->steps_down + 1;
}

void bandwidth_reset(struct bandwidth *bandwidth)
{
	bandwidth->steps_down = bandwidth->bad_opens = 0;
	bandwidth->window_start = (mono_t){0};
}

void bandwidth_describe(const struct bandwidth *bandwidth, const struct source_info *info,
			char out[BANDWIDTH_TEXT_BYTES])
{
	size_t controller = controller_length(info->bus);
	bool shared = bandwidth->other_camera[0] != '\0';

	out[0] = '\0';
	if (info->steps_down == 0)
		return;
	snprintf(out, BANDWIDTH_TEXT_BYTES,
		 "The USB bus %.*s cannot carry %s from this camera%s%s; it records %ux%u at %.3g fps. Another USB "
		 "port, or a smaller camera.width or camera.fps, may help.",
		 (int)(controller ? controller : strlen(info->bus)), info->bus, info->top_mode,
		 shared ? " beside " : "", bandwidth->other_camera, info->width, info->height,
		 info->fps_milli / 1000.0);
}
