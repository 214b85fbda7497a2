/* device.c - finds the capture devices of this machine. */
#include "recorderd/v4l2/device.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/v4l2/device_query.h"
#include "recorderd/v4l2/v4l2_ioctl.h"
#include "recorderd/v4l2/v4l2_planes.h"

#define NODES_MAX 64 /* /dev/video0 to /dev/video63 */

/*
 * Image signal processors look like cameras: they offer formats and accept STREAMON. But they process pictures of other
 * devices, and never deliver one of their own.
 */
static const char *const isp_drivers[] = {"bcm2835-isp", "pispbe"};

/*
 * Receivers of bare image sensors (CSI): they offer formats, and sizes up to 16384x16384, but STREAMON fails unless
 * libcamera has set up the sensor and the links to it. Newer ones say so with V4L2_CAP_IO_MC.
 */
static const char *const sensor_drivers[] = {"unicam", "bcm2835-unicam", "rp1-cfe", "isys"};

#define IS_AMONG(driver, list) is_among(driver, list, sizeof(list) / sizeof((list)[0]))

static bool is_among(const char *driver, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(driver, list[i]) == 0)
			return true;
	return false;
}

enum device_query_outcome device_query(int fd, struct device *out)
{
	struct v4l2_capability answer = {0};

	if (video_ioctl(fd, VIDIOC_QUERYCAP, &answer) < 0)
		return DEVICE_NO_ANSWER;
	if (!v4l2_planes_type_of(&answer))
		return DEVICE_NOT_CAPTURE;
	snprintf(out->model, sizeof(out->model), "%.*s", (int)sizeof(answer.card), (const char *)answer.card);
	snprintf(out->driver, sizeof(out->driver), "%.*s", (int)sizeof(answer.driver), (const char *)answer.driver);
	snprintf(out->bus, sizeof(out->bus), "%.*s", (int)sizeof(answer.bus_info), (const char *)answer.bus_info);
	/* The flag is in `capabilities` too, but there it is that of all nodes together. */
	out->needs_libcamera = (answer.device_caps & V4L2_CAP_IO_MC) != 0 || IS_AMONG(out->driver, sensor_drivers);
	return DEVICE_IS_CAPTURE;
}

/* True for a node that delivers pictures, as far as it says itself. */
static bool query_node(uint32_t number, struct device *out)
{
	*out = (struct device){.number = number};
	snprintf(out->path, sizeof(out->path), "/dev/video%u", number);
	int fd = video_open(out->path);
	if (fd < 0)
		return false;
	bool captures = device_query(fd, out) == DEVICE_IS_CAPTURE;
	close(fd);
	return captures && !IS_AMONG(out->driver, isp_drivers);
}

size_t device_list(struct device out[DEVICES_MAX])
{
	size_t count = 0;

	for (uint32_t number = 0; number < NODES_MAX && count < DEVICES_MAX; number++)
		if (query_node(number, &out[count]) && !out[count].needs_libcamera)
			count++;
	return count;
}

bool device_find_sensor(struct device *out)
{
	for (uint32_t number = 0; number < NODES_MAX; number++)
		if (query_node(number, out) && out->needs_libcamera)
			return true;
	return false;
}

int device_find_forbidden(char *path, size_t bytes)
{
	for (uint32_t number = 0; number < NODES_MAX; number++) {
		snprintf(path, bytes, "/dev/video%u", number);
		int fd = video_open(path);
		if (fd >= 0)
			close(fd);
		else if (errno == EACCES || errno == EPERM)
			return errno;
	}
	return 0;
}

bool device_is_free(const char *path)
{
	struct v4l2_pix_format format = {0};
	struct device unused = {0};
	int fd = video_open(path);

	if (fd < 0)
		return false;
	uint32_t type = v4l2_planes_type(fd);
	bool is_free = device_query(fd, &unused) == DEVICE_IS_CAPTURE && !IS_AMONG(unused.driver, isp_drivers) &&
		       v4l2_planes_format(fd, VIDIOC_G_FMT, type, &format) == 0 &&
		       v4l2_planes_format(fd, VIDIOC_S_FMT, type, &format) == 0;
	close(fd);
	return is_free;
}

void device_resolve(const char *path, char out[PATH_MAX])
{
	if (!realpath(path, out))
		snprintf(out, PATH_MAX, "%s", path);
}

bool device_is_same(const char *path, const char *other)
{
	char resolved[PATH_MAX], other_resolved[PATH_MAX];
	struct stat status, other_status;

	device_resolve(path, resolved);
	device_resolve(other, other_resolved);
	if (strcmp(resolved, other_resolved) == 0)
		return true;
	return stat(resolved, &status) == 0 && stat(other_resolved, &other_status) == 0 && S_ISCHR(status.st_mode) &&
	       S_ISCHR(other_status.st_mode) && status.st_rdev == other_status.st_rdev;
}
