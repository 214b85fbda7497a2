/* v4l2_ioctl.h - V4L2 system calls, repeated after EINTR. */
#ifndef RECORDERD_V4L2_V4L2_IOCTL_H
#define RECORDERD_V4L2_V4L2_IOCTL_H

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <sys/ioctl.h>

/* 0, or -1 with errno. */
static inline int video_ioctl(int fd, unsigned long request, void *argument)
{
	int result;

	do
		result = ioctl(fd, request, argument);
	while (result < 0 && errno == EINTR);
	return result;
}

/* Returns the node's descriptor, or -1 with errno. Opening does not claim the camera; S_FMT and REQBUFS do. */
static inline int video_open(const char *path)
{
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

#endif
