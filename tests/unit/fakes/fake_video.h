/*
 * fake_video.h - fake video nodes. fake_video.c defines open(), close(), ioctl() and mmap(), so that the code under
 * test sees a driver that does exactly what a case needs. Calls for other files go to the kernel.
 */
#ifndef TESTS_UNIT_FAKES_FAKE_VIDEO_H
#define TESTS_UNIT_FAKES_FAKE_VIDEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/videodev2.h>

#define FAKE_NODES   4
#define FAKE_BUFFERS 8
#define FAKE_BYTES   (64 * 1024) /* of a buffer, if `buffer_bytes` is 0 */

struct fake_size {
	uint32_t width, height;
	uint32_t fps[4]; /* ends with 0 */
};

struct fake_frame {
	const void *data;
	size_t length;
	uint32_t bytesused; /* 0: length */
	bool empty;         /* bytesused really is 0 */
	uint32_t flags, sequence;
	int64_t stamp_us;
};

/* What a test sets, followed by what it reads. All zeros: no such node. */
struct fake_node {
	bool present;
	const char *card, *driver; /* NULL: "fake" */
	uint32_t device_caps;
	uint32_t fourccs[4]; /* ends with 0 */
	struct fake_size sizes[4];
	bool ranged;            /* instead: 160x90 to 1280x720 in steps of 2, 5 to 60 frames per second */
	uint32_t grants;        /* buffers; 0: as requested */
	uint32_t buffer_bytes;  /* 0: FAKE_BYTES */
	uint64_t room;          /* pixels per second that the bus can carry; 0: any */
	int room_errno;         /* what STREAMON returns above that; 0: ENOSPC */
	unsigned stream_fails;  /* so many STREAMON fail with room_errno, whatever the mode */
	uint32_t answers_width; /* S_FMT returns this width instead; 0: as requested */
	uint32_t field;         /* of its pictures (enum v4l2_field); 0: as requested */
	bool weaves;            /* if V4L2_FIELD_INTERLACED is requested */
	uint32_t stolen_width;  /* another program sets it before the buffers are there */
	uint32_t bytesperline;
	int open_errno, format_errno, parm_errno, buffers_errno, fetch_errno, queue_errno;
	bool control_refused;

	char calls[512]; /* FMT PARM REQBUFS STREAMON ..., in order */
	unsigned opens, closes, fetches, queues, maps;
	struct v4l2_pix_format pix;
	uint32_t fps;
	int32_t brightness;

	/* the driver's own */
	int fd, feed, memory;
	uint32_t buffers, queued[FAKE_BUFFERS], queued_count, filled_first, filled_count;
	struct v4l2_buffer filled[FAKE_BUFFERS];
};

extern struct fake_node fake_nodes[FAKE_NODES]; /* /dev/video0 to 3 */

/* Removes all nodes, and closes what a test has left open. */
void fake_reset(void);

/* A camera at /dev/videoN: MJPG and YUYV, 640x480 at 30 and 15, 1280x720 at 30, 60 and 10. */
struct fake_node *fake_camera(unsigned number);

/* The driver fills the next queued buffer; returns false if none is queued. */
bool fake_deliver(struct fake_node *node, const struct fake_frame *frame);

/* Unplugs the camera: ENODEV from now on, and a hang-up on the descriptor. */
void fake_unplug(struct fake_node *node);

#endif
