/* v4l2_open.c - opens a camera: node, capabilities, format, buffers, stream, controls. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "recorderd/rewrite/orientation.h"
#include "recorderd/source/source_v4l2_internal.h"
#include "recorderd/v4l2/device_query.h"
#include "recorderd/v4l2/v4l2_controls.h"
#include "recorderd/v4l2/v4l2_ioctl.h"
#include "shared/base/log.h"

/*
 * Drivers demand this order: S_FMT resets the rate, and neither can change while there are buffers. Opening the node
 * does not claim the camera. If another program uses it, S_FMT or REQBUFS fails.
 */
#define JPEG_BUFFERS     8 /* so a late event loop loses no frames */
#define RAW_BUFFERS      V4L2_BUFFERS_MAX
#define RAW_DRIVER_KEEPS 2 /* buffers that the driver can fill while the others are being compressed */
#define STALL_MIN_US     (2 * US_PER_S)
#define STALL_INTERVALS  5
#define STEPS_DOWN_MAX   64

static bool watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static enum source_open_outcome start_compressor(struct source_v4l2 *camera, const struct config *config,
						 struct reason *why)
{
	struct privacy_mask mask = {0};
	uint32_t buffers = camera->buffers.count;
	uint32_t jobs = buffers > RAW_DRIVER_KEEPS ? buffers - RAW_DRIVER_KEEPS : 1;

	/* A mask is that of the upright picture. One that is not is turned and masked afterwards. */
	camera->compressor_masks = orientation_is_upright(orientation_of(config));
	if (camera->compressor_masks && !privacy_mask_read(config, &mask, why))
		return SOURCE_OPEN_FAILED;
	camera->compressor = jpeg_compressor_pool(&camera->raw, &mask, 0, jobs, why);
	return camera->compressor ? SOURCE_OPENED : SOURCE_OPEN_FAILED;
}

static enum source_open_outcome start_watch(struct source_v4l2 *camera, struct reason *why)
{
	camera->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (camera->epoll >= 0 && watch(camera->epoll, camera->fd) &&
	    (!camera->compressor || watch(camera->epoll, jpeg_pool_fd(camera->compressor))))
		return SOURCE_OPENED;
	reason_errno(why, "cannot watch the device with epoll");
	return SOURCE_OPEN_FAILED;
}

/* Negotiates the format, allocates buffers, starts the stream. *error is the errno if the stream does not start. */
static enum source_open_outcome try_mode(struct source_v4l2 *camera, const struct v4l2_request *request, int *error,
					 struct reason *why)
{
	enum source_open_outcome outcome = v4l2_format_negotiate(camera->fd, request, &camera->mode, why);
	bool jpeg = v4l2_format_is_jpeg(camera->mode.pix.pixelformat);

	*error = 0;
	if (outcome != SOURCE_OPENED)
		return outcome;
	if (!jpeg && !raw_format_init(&camera->raw, &camera->mode.pix)) {
		reason_set(why, "reports an impossible bytesperline (%u)", camera->mode.pix.bytesperline);
		return SOURCE_OPEN_FAILED;
	}
	outcome = v4l2_buffers_open(&camera->buffers, camera->fd, jpeg ? JPEG_BUFFERS : RAW_BUFFERS, why);
	if (outcome == SOURCE_OPENED && !v4l2_format_is_unchanged(camera->fd, &camera->mode))
		outcome = SOURCE_BUSY;
	if (outcome == SOURCE_OPENED) {
		*error = v4l2_buffers_start(&camera->buffers);
		if (*error == 0)
			return SOURCE_OPENED;
		errno = *error;
		reason_errno(why, "VIDIOC_STREAMON failed");
		outcome = v4l2_open_outcome(*error);
	}
	v4l2_buffers_close(&camera->buffers);
	return outcome;
}

static bool may_pass(int error)
{
	return error == ENOMEM || error == EIO || error == EPROTO || error == ETIMEDOUT;
}

/*
 * A USB bus without bandwidth for the stream is ENOSPC by the book (Linux media documentation, VIDIOC_STREAMON). Host
 * controllers and drivers have other words for it: EMSGSIZE, EFBIG (too many isochronous frames), ENOMEM (memory
 * of usbfs), EIO, EPROTO and ETIMEDOUT. The last four may also pass, so that the same mode is tried again first.
 */
static bool is_bandwidth_error(int error)
{
	return error == ENOSPC || error == EMSGSIZE || error == EFBIG || may_pass(error);
}

/* Not even the lowest mode starts. */
static void explain_lowest(int error, struct reason *why)
{
	if (may_pass(error))
		reason_set(why, "VIDIOC_STREAMON failed, even for its smallest size and rate: %s", strerror(error));
	else
		reason_set(why, "not enough USB bandwidth, even for its smallest size and rate");
}

static void note_step_down(struct source_v4l2 *camera)
{
	struct source_info *info = &camera->source.info;

	if (info->steps_down++ == 0)
		snprintf(info->top_mode, sizeof(info->top_mode), "%ux%u at %.3g fps", camera->mode.pix.width,
			 camera->mode.pix.height, camera->mode.fps_milli / 1000.0);
}

/* Lowers the request by so many modes, or by as many as there are. */
static void skip_modes(struct source_v4l2 *camera, struct v4l2_request *request, unsigned steps_down)
{
	uint32_t fps_milli = request->fps_milli;
	struct reason unused;

	for (; steps_down > 0; steps_down--) {
		if (v4l2_format_negotiate(camera->fd, request, &camera->mode, &unused) != SOURCE_OPENED ||
		    !v4l2_format_step_down(camera->fd, &camera->mode, fps_milli, request))
			return;
		note_step_down(camera);
	}
}

static enum source_open_outcome start_stream(struct source_v4l2 *camera, const struct config *config,
					     unsigned steps_down, struct reason *why)
{
	struct v4l2_request request = {.format = config->camera.format,
				       .size = {(uint32_t)config->camera.width, (uint32_t)config->camera.height},
				       .fps_milli = (uint32_t)config->camera.fps * 1000};
	uint32_t fps_milli = request.fps_milli;
	enum source_open_outcome outcome = SOURCE_OPEN_FAILED;
	int error;

	skip_modes(camera, &request, steps_down < STEPS_DOWN_MAX ? steps_down : STEPS_DOWN_MAX);
	for (int step = 0; step < STEPS_DOWN_MAX; step++) {
		outcome = try_mode(camera, &request, &error, why);
		if (may_pass(error))
			outcome = try_mode(camera, &request, &error, why);
		if (!is_bandwidth_error(error))
			break;
		if (!v4l2_format_step_down(camera->fd, &camera->mode, fps_milli, &request)) {
			explain_lowest(error, why);
			break;
		}
		note_step_down(camera);
	}
	if (outcome == SOURCE_OPENED && !v4l2_format_is_jpeg(camera->mode.pix.pixelformat))
		outcome = start_compressor(camera, config, why);
	return outcome == SOURCE_OPENED ? start_watch(camera, why) : outcome;
}

static void describe(struct source_v4l2 *camera, const struct config *config)
{
	struct source_info *info = &camera->source.info;
	int64_t timeout_us = STALL_INTERVALS * 1000 * US_PER_S / camera->mode.fps_milli;
	char format[5];

	mode_fourcc_text(camera->mode.pix.pixelformat, format);
	snprintf(info->format, sizeof(info->format), "%s", format);
	info->width = (uint16_t)camera->mode.pix.width;
	info->height = (uint16_t)camera->mode.pix.height;
	info->fps_milli = camera->mode.fps_milli;
	info->stall_timeout_us = timeout_us > STALL_MIN_US ? timeout_us : STALL_MIN_US;
	log_info("camera", "%s (%s): %s %ux%u at %.3g fps%s; requested %dx%d at %d fps", info->device, info->model,
		 format, info->width, info->height, info->fps_milli / 1000.0,
		 camera->mode.fps_known ? "" : " (not reported by the driver)", config->camera.width,
		 config->camera.height, config->camera.fps);
}

static enum source_open_outcome identify(struct source_v4l2 *camera, struct device *device, struct reason *why)
{
	struct source_info *info = &camera->source.info;
	int error;

	switch (device_query(camera->fd, device)) {
	case DEVICE_IS_CAPTURE:
		break;
	case DEVICE_NOT_CAPTURE:
		reason_set(why, "this video node does not capture video");
		return SOURCE_NOT_FOUND;
	case DEVICE_NO_ANSWER:
		error = errno;
		reason_errno(why, "VIDIOC_QUERYCAP failed");
		return v4l2_open_outcome(error);
	}
	snprintf(info->model, sizeof(info->model), "%s", device->model);
	snprintf(info->driver, sizeof(info->driver), "%s", device->driver);
	snprintf(info->bus, sizeof(info->bus), "%s", device->bus);
	return SOURCE_OPENED;
}

static enum source_open_outcome open_node(struct source_v4l2 *camera, const char *node, struct reason *why)
{
	camera->fd = video_open(node);
	if (camera->fd >= 0)
		return SOURCE_OPENED;
	int error = errno;
	if (error == EACCES || error == EPERM)
		device_explain_forbidden(node, error, why);
	else
		reason_errno(why, "cannot open the device");
	return v4l2_open_outcome(error);
}

static void explain(enum source_open_outcome outcome, const char *path, struct device *device,
		    const struct reason *detail, struct reason *why)
{
	char holder[64] = "another program";

	if (outcome == SOURCE_BUSY) {
		device_holder(path, holder, sizeof(holder));
		reason_set(why, "%s (%s) is in use by %s", *device->model ? device->model : "the camera", path, holder);
	} else if (device->needs_libcamera) {
		snprintf(device->path, sizeof(device->path), "%.63s", path);
		device_explain_sensor(device, why);
	} else {
		reason_set(why, "%s: %s", path, detail->text);
	}
}

enum source_open_outcome source_v4l2_open(const struct config *config, const char *path, unsigned steps_down,
					  struct source **out, struct reason *why)
{
	struct source_v4l2 *camera = calloc(1, sizeof(*camera));
	char node[PATH_MAX];
	struct device device = {0};
	struct reason detail = {0};
	enum source_open_outcome outcome;

	*out = NULL;
	if (!camera) {
		reason_errno(why, "%s: no memory", path);
		return SOURCE_OPEN_FAILED;
	}
	camera->source.ops = &source_v4l2_ops;
	camera->source.info.kind = SOURCE_CAMERA;
	camera->fd = camera->epoll = -1;
	device_resolve(path, node);
	outcome = open_node(camera, node, &detail);
	if (outcome == SOURCE_OPENED && strcmp(node, path) == 0)
		device_resolve(path, node); /* the link may have been created in between */
	snprintf(camera->source.info.device, sizeof(camera->source.info.device), "%.*s",
		 (int)sizeof(camera->source.info.device) - 1, node);
	if (outcome == SOURCE_OPENED)
		outcome = identify(camera, &device, &detail);
	if (outcome == SOURCE_OPENED)
		outcome = start_stream(camera, config, steps_down, &detail);
	if (outcome != SOURCE_OPENED) {
		explain(outcome, path, &device, &detail, why);
		source_close(&camera->source);
		return outcome;
	}
	v4l2_controls_apply(camera->fd, config);
	describe(camera, config);
	*out = &camera->source;
	return SOURCE_OPENED;
}
