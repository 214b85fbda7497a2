/* v4l2_buffer.c - the exchange of memory-mapped buffers between the program and the camera, as in videobuf2. */
#include "tests/preload/v4l2.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES     4096u
#define DRIVER_BUFFERS 8u

bool v4l2_taken(const struct handle *handle)
{
	uint64_t owner = handle->camera->control->counter[COUNTER_OWNER];

	return owner && !handle->slot_count && kill((pid_t)owner, 0) == 0;
}

void v4l2_buffers_release(struct handle *handle)
{
	uint64_t owner = (uint64_t)handle->process;

	if (!handle->slot_count)
		return;
	stream_stop(handle);
	munmap(handle->mapped, handle->slot_bytes * handle->slot_count);
	close(handle->memory);
	handle->memory = -1;
	handle->slot_count = 0;
	atomic_compare_exchange_strong(&handle->camera->control->counter[COUNTER_OWNER], &owner, 0);
}

int v4l2_request_buffers(struct handle *handle, void *argument)
{
	struct v4l2_requestbuffers *request = argument;
	uint32_t most = camera_fault(handle->camera, CONTROL_MAX_BUFFERS);

	if (request->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || request->memory != V4L2_MEMORY_MMAP)
		return EINVAL;
	if (request->count && camera_fault(handle->camera, CONTROL_REQBUFS_ERRNO))
		return (int)camera_fault(handle->camera, CONTROL_REQBUFS_ERRNO);
	if (v4l2_taken(handle))
		return EBUSY;
	v4l2_buffers_release(handle);
	request->capabilities = V4L2_BUF_CAP_SUPPORTS_MMAP;
	if (!request->count)
		return 0;
	if (most == 0 || most > DRIVER_BUFFERS)
		most = DRIVER_BUFFERS;
	if (request->count > most)
		request->count = most;
	handle->slot_bytes = (v4l2_image_bytes(handle) + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
	handle->memory = memfd_create("camera buffers", MFD_CLOEXEC);
	if (handle->memory < 0 || ftruncate(handle->memory, (off_t)(handle->slot_bytes * request->count)) != 0)
		return ENOMEM;
	handle->mapped =
		mmap(NULL, handle->slot_bytes * request->count, PROT_READ | PROT_WRITE, MAP_SHARED, handle->memory, 0);
	if (handle->mapped == MAP_FAILED)
		return ENOMEM;
	handle->slot_count = request->count;
	handle->camera->control->counter[COUNTER_OWNER] = (uint64_t)handle->process;
	return 0;
}

static void buffer_describe(const struct handle *handle, struct v4l2_buffer *out)
{
	const struct slot *slot = &handle->slots[out->index];

	out->length = (uint32_t)handle->slot_bytes;
	out->m.offset = (uint32_t)(out->index * handle->slot_bytes);
	out->memory = V4L2_MEMORY_MMAP;
	out->bytesused = slot->bytes;
	out->flags = V4L2_BUF_FLAG_MAPPED | slot->flags | (slot->state == SLOT_QUEUED ? V4L2_BUF_FLAG_QUEUED : 0) |
		     (slot->state == SLOT_FILLED ? V4L2_BUF_FLAG_DONE : 0);
	out->field = V4L2_FIELD_NONE;
	out->sequence = slot->sequence;
	out->timestamp.tv_sec = slot->stamp_us / 1000000;
	out->timestamp.tv_usec = slot->stamp_us % 1000000;
}

int v4l2_query_buffer(struct handle *handle, void *argument)
{
	struct v4l2_buffer *buffer = argument;

	if (buffer->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || buffer->index >= handle->slot_count)
		return EINVAL;
	buffer_describe(handle, buffer);
	return 0;
}

int v4l2_queue_buffer(struct handle *handle, void *argument)
{
	struct v4l2_buffer *buffer = argument;
	int failed = 0;

	if (camera_fault(handle->camera, CONTROL_QBUF_ERRNO))
		return (int)camera_fault(handle->camera, CONTROL_QBUF_ERRNO);
	if (buffer->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || buffer->index >= handle->slot_count)
		return EINVAL;
	pthread_mutex_lock(&handle->lock);
	if (handle->slots[buffer->index].state == SLOT_IDLE) {
		handle->slots[buffer->index] = (struct slot){.state = SLOT_QUEUED};
		handle->order[handle->filled + handle->queued++] = buffer->index;
		buffer_describe(handle, buffer);
	} else {
		failed = EINVAL;
	}
	pthread_mutex_unlock(&handle->lock);
	return failed;
}

/* Dequeues the oldest filled buffer; EAGAIN if there is none. */
static int take_filled(struct handle *handle, struct v4l2_buffer *buffer)
{
	struct slot *slot;
	char byte;

	if (handle->filled == 0 || read(handle->fd, &byte, 1) != 1)
		return EAGAIN;
	buffer->index = handle->order[0];
	handle->filled--;
	memmove(handle->order, handle->order + 1, (handle->filled + handle->queued) * sizeof(handle->order[0]));
	slot = &handle->slots[buffer->index];
	slot->state = SLOT_IDLE;
	buffer_describe(handle, buffer);
	handle->camera->control->counter[COUNTER_DELIVERED]++;
	stream_log(handle->camera, slot->kind, slot->sequence, slot->number, slot->mono_us);
	return 0;
}

int v4l2_dequeue_buffer(struct handle *handle, void *argument)
{
	struct v4l2_buffer *buffer = argument;
	int failed;

	if (camera_fault(handle->camera, CONTROL_DQBUF_ERRNO))
		return (int)camera_fault(handle->camera, CONTROL_DQBUF_ERRNO);
	if (buffer->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || !handle->streaming)
		return EINVAL;
	for (;;) {
		pthread_mutex_lock(&handle->lock);
		failed = take_filled(handle, buffer);
		pthread_mutex_unlock(&handle->lock);
		if (failed != EAGAIN || handle->nonblocking)
			return failed;
		poll(&(struct pollfd){.fd = handle->fd, .events = POLLIN}, 1, 20);
		if (camera_unplugged(handle->camera))
			return ENODEV;
	}
}

int v4l2_stream_on(struct handle *handle, void *argument)
{
	if (*(int *)argument != V4L2_BUF_TYPE_VIDEO_CAPTURE || handle->slot_count == 0)
		return EINVAL;
	while (camera_fault(handle->camera, CONTROL_HANG))
		poll(NULL, 0, 20);
	if (camera_fault(handle->camera, CONTROL_STREAMON_ERRNO))
		return (int)camera_fault(handle->camera, CONTROL_STREAMON_ERRNO);
	if (camera_is_above(handle, CONTROL_ROOM_KPIXELS))
		return camera_fault(handle->camera, CONTROL_ROOM_ERRNO)
			       ? (int)camera_fault(handle->camera, CONTROL_ROOM_ERRNO)
			       : ENOSPC;
	if (handle->streaming)
		return 0;
	if (camera_fault(handle->camera, CONTROL_VALUES_RESET_MS))
		handle->camera->values_reset_us =
			stream_now_us() + (int64_t)camera_fault(handle->camera, CONTROL_VALUES_RESET_MS) * 1000;
	return stream_start(handle) ? 0 : EIO;
}

int v4l2_stream_off(struct handle *handle, void *argument)
{
	if (*(int *)argument != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return EINVAL;
	stream_stop(handle);
	return 0;
}
