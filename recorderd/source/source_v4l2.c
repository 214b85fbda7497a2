/* source_v4l2.c - reads frames from a camera (Linux media documentation, "Streaming I/O (Memory Mapping)"). */
#include "recorderd/source/source_v4l2_internal.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "recorderd/source/mjpeg_frame.h"
#include "recorderd/v4l2/v4l2_planes.h"
#include "shared/base/log.h"

/*
 * A JPEG goes from the driver's buffer to the sink, which copies it once. An uncompressed picture stays in the driver's
 * buffer while a thread compresses it. If too many buffers are in use that way, the picture is requeued and lost.
 *
 * v4l2_open.c opens the camera. Nothing is retried here after an error: the caller closes the camera and opens it
 * again.
 */
static struct source_v4l2 *camera_of(struct source *source)
{
	static_assert(offsetof(struct source_v4l2, source) == 0, "a source begins with struct source");
	return (struct source_v4l2 *)source;
}

static int source_v4l2_fd(const struct source *source)
{
	return ((const struct source_v4l2 *)source)->epoll;
}

/* The compressor's threads read the buffers, so the compressor goes first. */
static void source_v4l2_close(struct source *source)
{
	struct source_v4l2 *camera = camera_of(source);

	jpeg_pool_destroy(camera->compressor);
	v4l2_buffers_close(&camera->buffers);
	if (camera->epoll >= 0)
		close(camera->epoll);
	if (camera->fd >= 0)
		close(camera->fd);
	free(camera);
}

static enum source_outcome device_error(struct source_v4l2 *camera, int error, const char *what, struct reason *why)
{
	bool gone = error == ENODEV || error == ENOTTY || error == EIO || error == ENXIO;

	errno = error;
	reason_errno(why, "%s%s: %s", camera->source.info.device, gone ? " is gone" : "", what);
	return gone ? SOURCE_GONE : SOURCE_FAILED;
}

static enum source_outcome requeue(struct source_v4l2 *camera, uint32_t index, struct reason *why)
{
	int error = v4l2_buffers_queue(&camera->buffers, index);

	return error ? device_error(camera, error, "VIDIOC_QBUF failed", why) : SOURCE_OK;
}

/*
 * The first picture sets the size. Some cameras always send JPEGs of another size than they agreed to, and would
 * otherwise be reopened again and again.
 */
static bool check_size(struct source_v4l2 *camera, uint16_t width, uint16_t height)
{
	struct source_info *info = &camera->source.info;

	if (!camera->size_known && (info->width != width || info->height != height)) {
		log_warn("camera", "%s sends %ux%u although it agreed to %ux%u", info->device, width, height,
			 info->width, info->height);
		info->width = width;
		info->height = height;
	}
	camera->size_known = true;
	return info->width == width && info->height == height;
}

static enum source_outcome deliver(struct source_v4l2 *camera, const struct source_frame *frame,
				   const struct source_sink *sink, struct reason *why)
{
	const struct source_info *info = &camera->source.info;

	if (!check_size(camera, frame->width, frame->height)) {
		reason_set(why, "%s changed the picture size from %ux%u to %ux%u", info->device, info->width,
			   info->height, frame->width, frame->height);
		return SOURCE_RESIZED;
	}
	sink->frame(sink->context, frame);
	return SOURCE_OK;
}

static const uint8_t *buffer_data(const struct source_v4l2 *camera, const struct v4l2_buffer *buffer)
{
	return camera->buffers.map[buffer->index].data + buffer->m.offset;
}

static enum source_outcome take_jpeg(struct source_v4l2 *camera, const struct v4l2_buffer *buffer, mono_t captured,
				     const struct source_sink *sink, struct reason *why)
{
	struct source_frame frame;
	enum source_outcome outcome = SOURCE_OK;

	enum frame_damage damage = mjpeg_frame_prepare(buffer_data(camera, buffer), buffer->bytesused, &frame);
	if (damage) {
		sink->damaged(sink->context, damage);
	} else {
		frame.captured = captured;
		outcome = deliver(camera, &frame, sink, why);
	}
	if (outcome != SOURCE_OK)
		return outcome;
	return requeue(camera, buffer->index, why);
}

static enum source_outcome take_raw(struct source_v4l2 *camera, const struct v4l2_buffer *buffer, mono_t captured,
				    const struct source_sink *sink, struct reason *why)
{
	const uint8_t *data = buffer_data(camera, buffer);

	if (buffer->bytesused < camera->raw.size_bytes)
		sink->damaged(sink->context, DAMAGE_SHORT);
	else if (jpeg_pool_submit(camera->compressor, data, camera->raw.size_bytes, buffer->index, captured))
		return SOURCE_OK;
	else
		sink->lost(sink->context, 1); /* all threads are busy */
	return requeue(camera, buffer->index, why);
}

static enum source_outcome deliver_compressed(struct source_v4l2 *camera, const struct jpeg_pool_result *result,
					      const struct source_sink *sink, struct reason *why)
{
	struct source_frame frame = {.count = 1, .captured = result->captured, .rewritten = camera->compressor_masks};
	enum source_outcome outcome = SOURCE_OK;

	frame.parts[0] = (struct iovec){.iov_base = (void *)(uintptr_t)result->jpeg, .iov_len = result->length};
	frame.width = camera->raw.width;
	frame.height = camera->raw.height;
	if (result->length)
		outcome = deliver(camera, &frame, sink, why);
	else
		sink->damaged(sink->context, DAMAGE_COMPRESS);
	jpeg_pool_pop(camera->compressor);
	return outcome == SOURCE_OK ? requeue(camera, result->tag, why) : outcome;
}

static short poll_camera(const struct source_v4l2 *camera)
{
	struct pollfd state = {.fd = camera->fd, .events = POLLIN};

	return poll(&state, 1, 0) == 1 ? state.revents : 0;
}

/*
 * Some drivers (v4l2loopback) register a waiter only while there is nothing to read. epoll asks the driver just once,
 * when the descriptor is added, and may never report a second frame. So the descriptor is added again until there was
 * nothing to read at that moment.
 */
static void rearm_epoll(struct source_v4l2 *camera)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = camera->fd};

	if (camera->epoll_reliable || poll_camera(camera))
		return;
	epoll_ctl(camera->epoll, EPOLL_CTL_DEL, camera->fd, NULL);
	epoll_ctl(camera->epoll, EPOLL_CTL_ADD, camera->fd, &event);
	camera->epoll_reliable = !poll_camera(camera);
}

/* An empty queue is no error, unless the descriptor stays readable because of one: the event loop would spin. */
static enum source_outcome no_frame_ready(struct source_v4l2 *camera, struct reason *why)
{
	if (poll_camera(camera) & (POLLERR | POLLHUP | POLLNVAL))
		return device_error(camera, EIO, "poll() reports an error", why);
	return SOURCE_OK;
}

static enum frame_damage find_damage(const struct source_v4l2 *camera, const struct v4l2_buffer *buffer)
{
	if (buffer->flags & V4L2_BUF_FLAG_ERROR)
		return DAMAGE_FLAGGED;
	if (buffer->bytesused == 0)
		return DAMAGE_EMPTY;
	if ((uint64_t)buffer->m.offset + buffer->bytesused > camera->buffers.map[buffer->index].bytes)
		return DAMAGE_OVERRUN;
	return DAMAGE_NONE;
}

static mono_t take_timestamp(struct source_v4l2 *camera, const struct v4l2_buffer *buffer)
{
	bool trusted = !camera->clock.distrusted;
	mono_t captured = frame_clock_timestamp(&camera->clock, buffer, mono_now());

	if (trusted && camera->clock.distrusted)
		log_warn("camera",
			 "%s: the driver's timestamps do not advance with the clock; using the time of arrival",
			 camera->source.info.device);
	return captured;
}

static enum source_outcome dequeue(struct source_v4l2 *camera, const struct source_sink *sink, struct reason *why)
{
	struct v4l2_buffer buffer = {.type = camera->buffers.type, .memory = V4L2_MEMORY_MMAP};

	if (v4l2_planes_buffer(camera->fd, VIDIOC_DQBUF, &buffer) < 0)
		return errno == EAGAIN ? no_frame_ready(camera, why)
				       : device_error(camera, errno, "VIDIOC_DQBUF failed", why);
	if (buffer.index >= camera->buffers.count)
		return device_error(camera, EPROTO, "VIDIOC_DQBUF returned an unknown buffer", why);
	mono_t captured = take_timestamp(camera, &buffer);
	uint32_t lost = frame_clock_count_lost(&camera->clock, buffer.sequence);
	if (lost)
		sink->lost(sink->context, lost);
	enum frame_damage damage = find_damage(camera, &buffer);
	if (damage) {
		sink->damaged(sink->context, damage);
		return requeue(camera, buffer.index, why);
	}
	if (camera->compressor)
		return take_raw(camera, &buffer, captured, sink, why);
	return take_jpeg(camera, &buffer, captured, sink, why);
}

/* Reads one frame per call. The descriptor stays readable while there are more. */
static enum source_outcome source_v4l2_read(struct source *source, const struct source_sink *sink, struct reason *why)
{
	struct source_v4l2 *camera = camera_of(source);
	struct jpeg_pool_result result;

	if (camera->compressor && jpeg_pool_peek(camera->compressor, &result))
		return deliver_compressed(camera, &result, sink, why);
	enum source_outcome outcome = dequeue(camera, sink, why);
	if (outcome == SOURCE_OK)
		rearm_epoll(camera);
	return outcome;
}

const struct source_ops source_v4l2_ops = {"v4l2", source_v4l2_fd, source_v4l2_read, source_v4l2_close};
