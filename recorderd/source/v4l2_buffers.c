/* v4l2_buffers.c - the driver's buffers and the stream that fills them. */
#include "recorderd/source/v4l2_buffers.h"

#include <sys/mman.h>

#include "recorderd/source/v4l2_format.h"
#include "recorderd/v4l2/v4l2_ioctl.h"
#include "recorderd/v4l2/v4l2_planes.h"

static int request_buffers(const struct v4l2_buffers *buffers, uint32_t *count)
{
	struct v4l2_requestbuffers request = {.count = *count, .type = buffers->type, .memory = V4L2_MEMORY_MMAP};

	if (video_ioctl(buffers->fd, VIDIOC_REQBUFS, &request) < 0)
		return -1;
	*count = request.count;
	return 0;
}

static bool map_one(struct v4l2_buffers *buffers, uint32_t index)
{
	struct v4l2_buffer answer = {.index = index, .type = buffers->type, .memory = V4L2_MEMORY_MMAP};

	if (v4l2_planes_buffer(buffers->fd, VIDIOC_QUERYBUF, &answer) < 0)
		return false;
	void *data = mmap(NULL, answer.length, PROT_READ | PROT_WRITE, MAP_SHARED, buffers->fd, (off_t)answer.m.offset);
	if (data == MAP_FAILED)
		return false;
	buffers->map[index].data = data;
	buffers->map[index].bytes = answer.length;
	return true;
}

enum source_open_outcome v4l2_buffers_open(struct v4l2_buffers *buffers, int fd, uint32_t wanted, struct reason *why)
{
	uint32_t count = wanted;

	*buffers = (struct v4l2_buffers){.fd = fd, .type = v4l2_planes_type(fd)};
	if (request_buffers(buffers, &count) < 0) {
		int error = errno;
		if (error == ENOMEM) /* of the driver, which may need contiguous memory (CMA) */
			reason_set(why, "VIDIOC_REQBUFS failed: the driver has no memory for pictures of that size; a "
					"smaller camera.width and camera.height need less");
		else
			reason_errno(why, "VIDIOC_REQBUFS failed");
		return v4l2_open_outcome(error);
	}
	if (count < V4L2_BUFFERS_MIN) {
		reason_set(why, "VIDIOC_REQBUFS granted only %u buffers; at least %d are needed", count,
			   V4L2_BUFFERS_MIN);
		return SOURCE_OPEN_FAILED;
	}
	buffers->count = count < V4L2_BUFFERS_MAX ? count : V4L2_BUFFERS_MAX;
	for (uint32_t i = 0; i < buffers->count; i++) {
		if (!map_one(buffers, i) || v4l2_buffers_queue(buffers, i) != 0) {
			int error = errno;
			reason_errno(why, "cannot map and queue buffer %u", i);
			return v4l2_open_outcome(error);
		}
	}
	return SOURCE_OPENED;
}

void v4l2_buffers_close(struct v4l2_buffers *buffers)
{
	uint32_t type = buffers->type, none = 0;

	if (!buffers->count)
		return;
	video_ioctl(buffers->fd, VIDIOC_STREAMOFF, &type);
	for (uint32_t i = 0; i < buffers->count; i++)
		if (buffers->map[i].data)
			munmap(buffers->map[i].data, buffers->map[i].bytes);
	request_buffers(buffers, &none);
	*buffers = (struct v4l2_buffers){0};
}

int v4l2_buffers_start(const struct v4l2_buffers *buffers)
{
	uint32_t type = buffers->type;

	return video_ioctl(buffers->fd, VIDIOC_STREAMON, &type) < 0 ? errno : 0;
}

int v4l2_buffers_queue(const struct v4l2_buffers *buffers, uint32_t index)
{
	struct v4l2_buffer buffer = {.index = index, .type = buffers->type, .memory = V4L2_MEMORY_MMAP};

	return v4l2_planes_buffer(buffers->fd, VIDIOC_QBUF, &buffer) < 0 ? errno : 0;
}
