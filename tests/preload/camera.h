/*
 * camera.h - a V4L2 camera for a program that is started with LD_PRELOAD=camera.so, on machines whose kernel has none.
 *
 * CAMERA_PRELOAD names a file with one line per camera, with words of the form key=value:
 *
 *     path=/dev/video0 frames=FILE[,FILE...] fps=30[,60,30000/1001...] control=FILE [log=FILE] [name=TEXT]
 *     [bus=TEXT] [link=PATH...]
 *
 * frames: frames.h; each file is a mode (a size and a pixel format), the first is the default. control: control.h;
 * created if missing. link: another name of the same node, such as a by-id link. log: one line per frame that the
 * program has taken or lost:
 *
 *     KIND SEQUENCE NUMBER MONOTONIC_US WALL_US        KIND: taken, missed, skipped, error, broken
 *
 * Frame n of a stream is due at start + n / fps, exactly (without CONTROL_JITTER): the rate does not drift. The
 * descriptor is the reading end of a pipe that holds one byte for each filled buffer, so poll and epoll see what they
 * would for a device; when the camera is unplugged, the writing end is closed and they see a hang-up.
 *
 * intercept.c has the C library's functions, camera.c the cameras and their descriptors, v4l2*.c the ioctls, and
 * stream.c the frames.
 */
#ifndef TESTS_PRELOAD_CAMERA_H
#define TESTS_PRELOAD_CAMERA_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/videodev2.h>

#include "tests/preload/control.h"
#include "tests/tools/frames.h"

#define CAMERAS_MAX  16
#define MODES_MAX    4
#define RATES_MAX    8
#define LINKS_MAX    4
#define BUFFERS_MAX  8
#define HANDLES_MAX  64
#define CONTROLS_MAX 6

/* A frames file, mapped permanently. */
struct mode {
	const struct frames_header *header;
	const struct frames_entry *entries;
	uint32_t largest_bytes;
};

struct camera {
	char path[64], name[32], bus[32], links[LINKS_MAX][128], log_path[256];
	int number; /* of /dev/videoN */
	struct mode modes[MODES_MAX];
	struct v4l2_fract rates[RATES_MAX]; /* seconds per frame */
	size_t mode_count, rate_count, link_count;
	struct control *control;
	int log;                              /* descriptor, or -1 */
	_Atomic int32_t values[CONTROLS_MAX]; /* less the initial ones */
	_Atomic int64_t values_reset_us;      /* when they become 0 again; 0: never */
};

enum slot_state { SLOT_IDLE, SLOT_QUEUED, SLOT_FILLED };

struct slot {
	enum slot_state state;
	const char *kind; /* for the log, when the frame is taken */
	uint32_t bytes, flags, sequence;
	uint64_t number;
	int64_t stamp_us, mono_us;
};

/* One open descriptor. `lock` guards all fields after it against the stream's thread. */
struct handle {
	struct camera *camera;
	int fd, pipe;     /* the program's end, and ours (-1: hung up) */
	bool nonblocking; /* as opened, independent of the pipe */
	pid_t process;
	size_t mode;
	size_t rate;

	pthread_mutex_t lock;
	pthread_t thread;
	bool streaming;
	_Atomic bool stop;
	int memory; /* memfd of the buffers, or -1 */
	uint8_t *mapped;
	size_t slot_bytes, slot_count;
	struct slot slots[BUFFERS_MAX];
	uint32_t order[BUFFERS_MAX]; /* queued, then filled: first in, first out */
	size_t filled, queued;       /* `order` holds the filled ones, then the queued ones */
	int64_t second;              /* of the wall clock, and how many frames it had */
	uint32_t of_second;
	int64_t first_us; /* when the first frame of the stream was due; 0: none yet */
};

/* camera.c */
struct camera *camera_find(const char *path); /* NULL if it is not one of these cameras */
bool camera_unplugged(const struct camera *camera);
bool camera_is_above(const struct handle *handle, enum control_fault kpixels); /* in its mode; never if that is 0 */
uint32_t camera_fault(const struct camera *camera, enum control_fault fault);
bool camera_fault_use(struct camera *camera, enum control_fault fault); /* counts down; true if it was above 0 */
int handle_open(struct camera *camera, int flags);
struct handle *handle_find(int fd);
void handle_close(struct handle *handle); /* not the descriptor itself */

/* v4l2.c: as ioctl(2) is */
int v4l2_ioctl(struct handle *handle, unsigned long request, void *argument);

/* stream.c */
bool stream_start(struct handle *handle);
void stream_stop(struct handle *handle); /* all buffers are idle afterwards */
int64_t stream_now_us(void);
void stream_log(struct camera *camera, const char *kind, uint32_t sequence, uint64_t number, int64_t mono_us);

#endif
