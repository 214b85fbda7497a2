/* fake_video.c - fake video nodes, in place of open(), close(), ioctl() and mmap(). */
#include "tests/unit/fakes/fake_video.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct fake_node fake_nodes[FAKE_NODES];

static int fail(int error)
{
	errno = error;
	return -1;
}

static struct fake_node *node_of(int fd)
{
	for (int i = 0; i < FAKE_NODES; i++)
		if (fd >= 0 && fake_nodes[i].opens > fake_nodes[i].closes && fake_nodes[i].fd == fd)
			return &fake_nodes[i];
	return NULL;
}

static void note(struct fake_node *node, const char *call)
{
	size_t used = strlen(node->calls);

	snprintf(node->calls + used, sizeof(node->calls) - used, "%s ", call);
}

static void release_memory(struct fake_node *node)
{
	if (node->memory >= 0)
		syscall(SYS_close, node->memory);
	node->memory = -1;
	node->buffers = node->queued_count = node->filled_count = node->filled_first = 0;
}

void fake_unplug(struct fake_node *node)
{
	node->fetch_errno = node->queue_errno = node->format_errno = node->open_errno = ENODEV;
	syscall(SYS_close, node->feed);
	node->feed = -1;
}

void fake_reset(void)
{
	for (int i = 0; i < FAKE_NODES; i++)
		if (node_of(fake_nodes[i].fd))
			close(fake_nodes[i].fd);
	memset(fake_nodes, 0, sizeof(fake_nodes));
}

struct fake_node *fake_camera(unsigned number)
{
	struct fake_node *node = &fake_nodes[number];

	*node = (struct fake_node){
		.present = true,
		.card = "Fake camera",
		.device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING,
		.fourccs = {V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_MJPEG},
		.sizes = {{640, 480, {30, 15}}, {1280, 720, {30, 60, 10}}},
		.fd = -1,
		.feed = -1,
		.memory = -1,
	};
	return node;
}

bool fake_deliver(struct fake_node *node, const struct fake_frame *frame)
{
	uint32_t bytes = node->buffer_bytes ? node->buffer_bytes : FAKE_BYTES, index = node->queued[0];
	struct v4l2_buffer *buffer = &node->filled[(node->filled_first + node->filled_count) % FAKE_BUFFERS];

	if (!node->queued_count)
		return false;
	node->queued_count--;
	memmove(node->queued, node->queued + 1, node->queued_count * sizeof(node->queued[0]));
	if (frame->length && pwrite(node->memory, frame->data, frame->length, (off_t)index * bytes) < 0)
		return false;
	*buffer = (struct v4l2_buffer){.index = index, .flags = frame->flags, .sequence = frame->sequence};
	buffer->bytesused = frame->empty ? 0 : frame->bytesused ? frame->bytesused : (uint32_t)frame->length;
	buffer->timestamp.tv_sec = frame->stamp_us / 1000000;
	buffer->timestamp.tv_usec = frame->stamp_us % 1000000;
	node->filled_count++;
	return write(node->feed, "", 1) == 1;
}

static int fake_open(struct fake_node *node)
{
	int ends[2];

	if (!node->present)
		return fail(ENOENT);
	if (node->open_errno)
		return fail(node->open_errno);
	if (node_of(node->fd))
		return fail(EMFILE); /* the fake has room for one */
	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0)
		return -1;
	node->fd = ends[0];
	node->feed = ends[1];
	node->memory = -1;
	node->opens++;
	return node->fd;
}

int open(const char *path, int flags, ...)
{
	unsigned number;
	mode_t mode = 0;
	va_list rest;

	if (sscanf(path, "/dev/video%u", &number) == 1)
		return number < FAKE_NODES ? fake_open(&fake_nodes[number]) : fail(ENOENT);
	va_start(rest, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = (mode_t)va_arg(rest, unsigned);
	va_end(rest);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int close(int fd)
{
	struct fake_node *node = node_of(fd);

	if (node) {
		node->closes++;
		release_memory(node);
		if (node->feed >= 0)
			syscall(SYS_close, node->feed);
		node->feed = -1;
	}
	return (int)syscall(SYS_close, fd);
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	struct fake_node *node = node_of(fd);

	if (node) {
		node->maps++;
		fd = node->memory;
	}
#ifdef SYS_mmap2 /* takes the offset in units of 4096 bytes */
	return (void *)syscall(SYS_mmap2, address, length, protection, flags, fd, (long)(offset / 4096));
#else
	return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
#endif
}

static int query_caps(const struct fake_node *node, struct v4l2_capability *out)
{
	memset(out, 0, sizeof(*out));
	snprintf((char *)out->card, sizeof(out->card), "%s", node->card);
	snprintf((char *)out->driver, sizeof(out->driver), "%s", node->driver ? node->driver : "fake");
	snprintf((char *)out->bus_info, sizeof(out->bus_info), "usb-fake-1");
	/* The camera as a whole captures, whatever this node does. */
	out->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING | V4L2_CAP_META_CAPTURE | V4L2_CAP_DEVICE_CAPS;
	out->device_caps = node->device_caps;
	return 0;
}

static int enumerate_format(const struct fake_node *node, struct v4l2_fmtdesc *inout)
{
	if (inout->index >= 4 || !node->fourccs[inout->index])
		return fail(EINVAL);
	inout->pixelformat = node->fourccs[inout->index];
	return 0;
}

static int enumerate_size(const struct fake_node *node, struct v4l2_frmsizeenum *inout)
{
	if (node->ranged) {
		inout->type = V4L2_FRMSIZE_TYPE_STEPWISE;
		inout->stepwise = (struct v4l2_frmsize_stepwise){160, 1280, 2, 90, 720, 2};
		return inout->index ? fail(EINVAL) : 0;
	}
	if (inout->index >= 4 || !node->sizes[inout->index].width)
		return fail(EINVAL);
	inout->type = V4L2_FRMSIZE_TYPE_DISCRETE;
	inout->discrete.width = node->sizes[inout->index].width;
	inout->discrete.height = node->sizes[inout->index].height;
	return 0;
}

static int enumerate_rate(const struct fake_node *node, struct v4l2_frmivalenum *inout)
{
	if (node->ranged) {
		inout->type = V4L2_FRMIVAL_TYPE_CONTINUOUS;
		inout->stepwise = (struct v4l2_frmival_stepwise){{1, 60}, {1, 5}, {1, 1000}};
		return inout->index ? fail(EINVAL) : 0;
	}
	for (int i = 0; i < 4; i++) {
		const struct fake_size *size = &node->sizes[i];
		if (size->width != inout->width || size->height != inout->height)
			continue;
		if (inout->index >= 4 || !size->fps[inout->index])
			return fail(EINVAL);
		inout->type = V4L2_FRMIVAL_TYPE_DISCRETE;
		inout->discrete = (struct v4l2_fract){1, size->fps[inout->index]};
		return 0;
	}
	return fail(EINVAL);
}

static int set_format(struct fake_node *node, struct v4l2_format *inout)
{
	note(node, "FMT");
	if (node->format_errno)
		return fail(node->format_errno);
	if (node->buffers)
		return fail(EBUSY);
	if (node->answers_width)
		inout->fmt.pix.width = node->answers_width;
	if (node->field && !(node->weaves && inout->fmt.pix.field == V4L2_FIELD_INTERLACED))
		inout->fmt.pix.field = node->field;
	inout->fmt.pix.bytesperline = node->bytesperline;
	node->pix = inout->fmt.pix;
	node->fps = 0; /* as drivers do */
	return 0;
}

static int set_rate(struct fake_node *node, struct v4l2_streamparm *inout)
{
	note(node, "PARM");
	if (node->parm_errno)
		return fail(node->parm_errno);
	node->fps = inout->parm.capture.timeperframe.denominator / inout->parm.capture.timeperframe.numerator;
	return 0;
}

static int request_buffers(struct fake_node *node, struct v4l2_requestbuffers *inout)
{
	uint32_t bytes = node->buffer_bytes ? node->buffer_bytes : FAKE_BYTES;

	note(node, inout->count ? "REQBUFS" : "FREE");
	if (node->buffers_errno)
		return fail(node->buffers_errno);
	release_memory(node);
	if (!inout->count)
		return 0;
	if (node->grants && inout->count > node->grants)
		inout->count = node->grants;
	if (node->stolen_width)
		node->pix.width = node->stolen_width;
	node->buffers = inout->count;
	node->memory = memfd_create("fake", MFD_CLOEXEC);
	return ftruncate(node->memory, (off_t)bytes * inout->count);
}

static int queue(struct fake_node *node, const struct v4l2_buffer *buffer)
{
	if (node->queue_errno)
		return fail(node->queue_errno);
	if (buffer->index >= node->buffers || node->queued_count == node->buffers)
		return fail(EINVAL);
	node->queued[node->queued_count++] = buffer->index;
	node->queues++;
	return 0;
}

static int fetch(struct fake_node *node, struct v4l2_buffer *out)
{
	char byte;

	node->fetches++;
	if (node->fetch_errno)
		return fail(node->fetch_errno);
	if (!node->filled_count)
		return fail(EAGAIN);
	if (read(node->fd, &byte, 1) != 1)
		return fail(EAGAIN);
	*out = node->filled[node->filled_first];
	node->filled_first = (node->filled_first + 1) % FAKE_BUFFERS;
	node->filled_count--;
	return 0;
}

static int stream_on(struct fake_node *node)
{
	uint64_t load = (uint64_t)node->pix.width * node->pix.height * (node->fps ? node->fps : 30);

	note(node, "STREAMON");
	bool fails = node->stream_fails > 0 && node->stream_fails--;
	return fails || (node->room && load > node->room) ? fail(node->room_errno ? node->room_errno : ENOSPC) : 0;
}

/* One control: brightness, -10 to 10. */
static int query_control(struct v4l2_query_ext_ctrl *inout)
{
	if ((inout->id & ~(uint32_t)V4L2_CTRL_FLAG_NEXT_CTRL) >= V4L2_CID_BRIGHTNESS)
		return fail(EINVAL);
	*inout = (struct v4l2_query_ext_ctrl){.id = V4L2_CID_BRIGHTNESS, .type = V4L2_CTRL_TYPE_INTEGER};
	snprintf(inout->name, sizeof(inout->name), "Brightness, Fake");
	inout->minimum = -10;
	inout->maximum = 10;
	return 0;
}

static int set_control(struct fake_node *node, const struct v4l2_ext_controls *settings)
{
	if (node->control_refused)
		return fail(EIO);
	node->brightness = settings->controls[0].value;
	return 0;
}

static int get_control(const struct fake_node *node, struct v4l2_ext_controls *values)
{
	values->controls[0].value = node->brightness;
	return 0;
}

static int query_buffer(const struct fake_node *node, struct v4l2_buffer *inout)
{
	inout->length = node->buffer_bytes ? node->buffer_bytes : FAKE_BYTES;
	inout->m.offset = inout->index * inout->length;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	struct fake_node *node = node_of(fd);
	void *argument;
	va_list rest;

	va_start(rest, request);
	argument = va_arg(rest, void *);
	va_end(rest);
	if (!node)
		return (int)syscall(SYS_ioctl, fd, request, argument);
	switch (request) {
	case VIDIOC_QUERYCAP:
		return query_caps(node, argument);
	case VIDIOC_ENUM_FMT:
		return enumerate_format(node, argument);
	case VIDIOC_ENUM_FRAMESIZES:
		return enumerate_size(node, argument);
	case VIDIOC_ENUM_FRAMEINTERVALS:
		return enumerate_rate(node, argument);
	case VIDIOC_G_FMT:
		((struct v4l2_format *)argument)->fmt.pix = node->pix;
		return 0;
	case VIDIOC_S_FMT:
		return set_format(node, argument);
	case VIDIOC_S_PARM:
		return set_rate(node, argument);
	case VIDIOC_REQBUFS:
		return request_buffers(node, argument);
	case VIDIOC_QUERYBUF:
		return query_buffer(node, argument);
	case VIDIOC_QBUF:
		return queue(node, argument);
	case VIDIOC_DQBUF:
		return fetch(node, argument);
	case VIDIOC_STREAMON:
		return stream_on(node);
	case VIDIOC_STREAMOFF:
		return 0;
	case VIDIOC_QUERY_EXT_CTRL:
		return query_control(argument);
	case VIDIOC_G_EXT_CTRLS:
		return get_control(node, argument);
	case VIDIOC_S_EXT_CTRLS:
		return set_control(node, argument);
	default:
		return fail(ENOTTY);
	}
}
