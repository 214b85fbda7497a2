/*
 * source_v4l2.c - frames from a camera (Linux media documentation, "Streaming I/O (Memory Mapping)").
 *
 * JPEGs go from the driver's buffer to the sink in one copy, the sink's own. Uncompressed pictures stay in the driver's
 * buffer while a thread compresses them, so some buffers are away; when too many are, the picture is given back and
 * lost.
 *
 * How a camera is opened: v4l2_open.c. After an error nothing is tried again here: closing and opening begins from
 * nothing.
 */
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

static struct source_v4l2 *of(struct source *source)
{
	static_assert(offsetof(struct source_v4l2, source) == 0, "a source begins with struct source");
	return (struct source_v4l2 *)source;
}

static int source_v4l2_fd(const struct source *source)
{
	return ((const struct source_v4l2 *)source)->epoll;
}

/* Buffers are read by the compressor's threads, so they go last but for the camera itself. */
static void source_v4l2_close(struct source *source)
{
	struct source_v4l2 *camera = of(source);

	jpeg_pool_destroy(camera->compressor);
	v4l2_buffers_close(&camera->buffers);
	if (camera->epoll >= 0)
		close(camera->epoll);
	if (camera->fd >= 0)
		close(camera->fd);
	free(camera);
}

static enum source_outcome broken(struct source_v4l2 *camera, int error, const char *doing, struct reason *why)
{
	bool gone = error == ENODEV || error == ENOTTY || error == EIO || error == ENXIO;

	errno = error;
	reason_errno(why, "%s %s: %s", camera->source.info.device, gone ? "is gone" : "failed", doing);
	return gone ? SOURCE_GONE : SOURCE_FAILED;
}

static enum source_outcome give_back(struct source_v4l2 *camera, uint32_t index, struct reason *why)
{
	int error = v4l2_buffers_queue(&camera->buffers, index);

	return error ? broken(camera, error, "giving a buffer back", why) : SOURCE_OK;
}

/*
 * The first picture sets the size: some cameras send JPEGs of another size than they agreed to, and would be reopened
 * for ever.
 */
static bool check_size(struct source_v4l2 *camera, uint16_t width, uint16_t height)
{
	struct source_info *info = &camera->source.info;

	if (!camera->sized && (info->width != width || info->height != height)) {
		log_warn("camera", "%s sends %ux%u, though it agreed to %ux%u", info->device, width, height,
			 info->width, info->height);
		info->width = width;
		info->height = height;
	}
	camera->sized = true;
	return info->width == width && info->height == height;
}

static enum source_outcome deliver(struct source_v4l2 *camera, const struct source_frame *frame,
				   const struct source_sink *sink, struct reason *why)
{
	const struct source_info *info = &camera->source.info;

	if (!check_size(camera, frame->width, frame->height)) {
		reason_set(why, "%s changed from %ux%u to %ux%u", info->device, info->width, info->height, frame->width,
			   frame->height);
		return SOURCE_RESIZED;
	}
	sink->frame(sink->context, frame);
	return SOURCE_OK;
}

static const uint8_t *picture(const struct source_v4l2 *camera, const struct v4l2_buffer *buffer)
{
	return camera->buffers.map[buffer->index].data + buffer->m.offset;
}

static enum source_outcome take_jpeg(struct source_v4l2 *camera, const struct v4l2_buffer *buffer, mono_t captured,
				     const struct source_sink *sink, struct reason *why)
{
	struct source_frame frame;
	enum source_outcome outcome = SOURCE_OK;

	if (mjpeg_frame_prepare(picture(camera, buffer), buffer->bytesused, &frame)) {
		frame.captured = captured;
		outcome = deliver(camera, &frame, sink, why);
	} else {
		sink->damaged(sink->context, "not a whole JPEG");
	}
	if (outcome != SOURCE_OK)
		return outcome;
	return give_back(camera, buffer->index, why);
}

static enum source_outcome take_raw(struct source_v4l2 *camera, const struct v4l2_buffer *buffer, mono_t captured,
				    const struct source_sink *sink, struct reason *why)
{
	const uint8_t *data = picture(camera, buffer);

	if (buffer->bytesused < camera->raw.size_bytes)
		sink->damaged(sink->context, "not a whole picture");
	else if (jpeg_pool_submit(camera->compressor, data, buffer->index, captured))
		return SOURCE_OK;
	else
		sink->lost(sink->context, 1); /* all threads are busy */
	return give_back(camera, buffer->index, why);
}

static enum source_outcome deliver_compressed(struct source_v4l2 *camera, const struct jpeg_pool_result *result,
					      const struct source_sink *sink, struct reason *why)
{
	struct source_frame frame = {.count = 1, .captured = result->captured};
	enum source_outcome outcome = SOURCE_OK;
	uint32_t index = result->tag;

	frame.parts[0] = (struct iovec){.iov_base = (void *)(uintptr_t)result->jpeg, .iov_len = result->length};
	frame.width = camera->raw.width;
	frame.height = camera->raw.height;
	if (result->length)
		outcome = deliver(camera, &frame, sink, why);
	else
		sink->damaged(sink->context, "could not be compressed");
	jpeg_pool_pop(camera->compressor);
	return outcome == SOURCE_OK ? give_back(camera, index, why) : outcome;
}

static short poll_now(const struct source_v4l2 *camera)
{
	struct pollfd state = {.fd = camera->fd, .events = POLLIN};

	return poll(&state, 1, 0) == 1 ? state.revents : 0;
}

/*
 * A driver may note who waits only where nothing is there to be read (v4l2loopback does), and epoll asks it just once,
 * when the descriptor is added: it would never hear of a second frame. So it is added anew, until nothing was there.
 */
static void rearm_epoll(struct source_v4l2 *camera)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = camera->fd};

	if (camera->wakes || poll_now(camera))
		return;
	epoll_ctl(camera->epoll, EPOLL_CTL_DEL, camera->fd, NULL);
	epoll_ctl(camera->epoll, EPOLL_CTL_ADD, camera->fd, &event);
	camera->wakes = !poll_now(camera);
}

/* Nothing to fetch is fine, unless the descriptor stays readable for an error: the loop would spin. */
static enum source_outcome no_frame_ready(struct source_v4l2 *camera, struct reason *why)
{
	if (poll_now(camera) & (POLLERR | POLLHUP | POLLNVAL))
		return broken(camera, EIO, "the driver reports an error", why);
	return SOURCE_OK;
}

static const char *damage(const struct source_v4l2 *camera, const struct v4l2_buffer *buffer)
{
	if (buffer->flags & V4L2_BUF_FLAG_ERROR)
		return "flagged by the driver";
	if (buffer->bytesused == 0)
		return "empty";
	if ((uint64_t)buffer->m.offset + buffer->bytesused > camera->buffers.map[buffer->index].bytes)
		return "longer than its buffer";
	return NULL;
}

static enum source_outcome fetch(struct source_v4l2 *camera, const struct source_sink *sink, struct reason *why)
{
	struct v4l2_buffer buffer = {.type = camera->buffers.type, .memory = V4L2_MEMORY_MMAP};
	const char *damaged;
	uint32_t lost;
	mono_t captured;

	if (v4l2_planes_buffer(camera->fd, VIDIOC_DQBUF, &buffer) < 0)
		return errno == EAGAIN ? no_frame_ready(camera, why) : broken(camera, errno, "fetching a frame", why);
	if (buffer.index >= camera->buffers.count)
		return broken(camera, EPROTO, "the driver names a buffer that is none", why);
	captured = frame_clock_timestamp(&camera->clock, &buffer, mono_now());
	lost = frame_clock_count_lost(&camera->clock, buffer.sequence);
	if (lost)
		sink->lost(sink->context, lost);
	damaged = damage(camera, &buffer);
	if (damaged) {
		sink->damaged(sink->context, damaged);
		return give_back(camera, buffer.index, why);
	}
	if (camera->compressor)
		return take_raw(camera, &buffer, captured, sink, why);
	return take_jpeg(camera, &buffer, captured, sink, why);
}

/* One frame a call: the descriptor stays readable while there are more. */
static enum source_outcome source_v4l2_read(struct source *source, const struct source_sink *sink, struct reason *why)
{
	struct source_v4l2 *camera = of(source);
	struct jpeg_pool_result result;

	if (camera->compressor && jpeg_pool_peek(camera->compressor, &result))
		return deliver_compressed(camera, &result, sink, why);
	enum source_outcome outcome = fetch(camera, sink, why);
	if (outcome == SOURCE_OK)
		rearm_epoll(camera);
	return outcome;
}

const struct source_ops source_v4l2_ops = {"v4l2", source_v4l2_fd, source_v4l2_read, source_v4l2_close};
