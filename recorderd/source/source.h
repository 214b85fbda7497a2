/*
 * source.h - where frames come from: open, read frames with timestamps, close.
 *
 * There are three kinds: a V4L2 device (source_v4l2.h), a test picture (source_pattern.h), and what recorder-source reads
 * (recorderd/external/source_external.h). source_select.h chooses one.
 *
 * Opening and closing may block (USB control transfers can take seconds), so the recorder does both on a separate
 * thread. The event loop calls everything else, which never blocks.
 */
#ifndef RECORDERD_SOURCE_SOURCE_H
#define RECORDERD_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "shared/base/clock.h"
#include "shared/base/reason.h"
#include "shared/ring/state.h"

#define SOURCE_PARTS_MAX 12

/* What was negotiated with the device. */
struct source_info {
	enum frame_source kind;
	bool is_external; /* recorder-source reads it: it has neither controls nor modes */
	char device[128]; /* /dev/video0; "test"; of an external source what camera_device_show() leaves */
	char model[64], driver[32], bus[64];
	char format[16]; /* what the device sends: MJPG, YUYV, … */
	uint16_t width, height;
	uint32_t fps_milli;
	unsigned steps_down;      /* how many modes below the requested one, for lack of USB bandwidth */
	char top_mode[48];        /* if steps_down > 0: the requested one, "1280x720 at 30 fps" */
	int64_t stall_timeout_us; /* without a frame for this long it is stalled: max(2 s, 5 frame intervals) */
};

/* One complete JPEG, ready for the ring: with Huffman tables, without padding. Valid during the call only. */
struct source_frame {
	struct iovec parts[SOURCE_PARTS_MAX]; /* gathered in this order */
	int count;
	mono_t captured;
	uint16_t width, height;
	bool rewritten; /* it is upright, and what [mask] says is black, already */
};

/* Receives what a source reads. source_read() makes the calls. */
struct source_sink {
	void (*frame)(void *context, const struct source_frame *frame);
	void (*lost)(void *context, uint32_t frames); /* missing according to the driver's sequence numbers */
	void (*damaged)(void *context, enum frame_damage damage); /* one frame was dropped, and why */
	void *context;
};

enum source_outcome {
	SOURCE_OK,
	SOURCE_GONE,    /* unplugged: ENODEV or a similar error */
	SOURCE_FAILED,  /* an error that reopening may fix */
	SOURCE_RESIZED, /* the size changed: close and open again */
};

struct source;

struct source_ops {
	const char *name;
	int (*fd)(const struct source *source); /* readable when source_read() has something to do */
	enum source_outcome (*read)(struct source *source, const struct source_sink *sink, struct reason *why);
	void (*close)(struct source *source);
};

/* The first member of every source. */
struct source {
	const struct source_ops *ops;
	struct source_info info;
};

enum source_open_outcome {
	SOURCE_OPENED,
	SOURCE_NOT_FOUND,  /* there is no such device, or it is not a capture device */
	SOURCE_BUSY,       /* another program uses it */
	SOURCE_OPEN_FAILED /* it exists, but opening failed */
};

static inline int source_fd(const struct source *source)
{
	return source->ops->fd(source);
}

static inline enum source_outcome source_read(struct source *source, const struct source_sink *sink, struct reason *why)
{
	return source->ops->read(source, sink, why);
}

/* NULL is safe. */
static inline void source_close(struct source *source)
{
	if (source)
		source->ops->close(source);
}

#endif
