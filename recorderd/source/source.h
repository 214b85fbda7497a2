/*
 * source.h - where frames come from: open -> frames with time stamps -> close. Two kinds: a V4L2 device
 * (source_v4l2.h), and a test picture (source_pattern.h); source_select.h says which.
 *
 * Opening may block (USB control transfers take seconds on a bad day): the recorder does it, and source_close(), on a
 * thread of their own. Everything else is called by the event loop and never blocks.
 */
#ifndef RECORDERD_SOURCE_SOURCE_H
#define RECORDERD_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "shared/base/clock.h"
#include "shared/base/reason.h"
#include "shared/ring/state.h"

#define SOURCE_PARTS_MAX 4

/* What was negotiated with the device. */
struct source_info {
	enum frame_source kind;
	char device[128]; /* /dev/video0; "test" */
	char model[64], driver[32], bus[64];
	char format[16]; /* as the device sends it: MJPG, YUYV, … */
	uint16_t width, height;
	uint32_t fps_milli;
	int64_t stall_timeout_us; /* no frame for so long: stalled. max(2 s, 5 frame intervals) */
};

/* One whole JPEG, ready for the ring (Huffman tables inserted, padding cut off). Valid during the call only. */
struct source_frame {
	struct iovec parts[SOURCE_PARTS_MAX]; /* gathered in this order */
	int count;
	mono_t captured;
	uint16_t width, height;
};

/* Where a source delivers to; called from within source_read(). */
struct source_sink {
	void (*frame)(void *context, const struct source_frame *frame);
	void (*lost)(void *context, uint32_t frames);     /* missing by the driver's sequence */
	void (*damaged)(void *context, const char *what); /* one frame refused, and why */
	void *context;
};

enum source_outcome {
	SOURCE_OK,
	SOURCE_GONE,    /* unplugged: ENODEV and its like */
	SOURCE_FAILED,  /* an error that closing and opening again may heal */
	SOURCE_RESIZED, /* sends another size than agreed: close and open again */
};

struct source;

struct source_ops {
	const char *name;
	int (*fd)(const struct source *source); /* readable when source_read() has something to do */
	enum source_outcome (*read)(struct source *source, const struct source_sink *sink, struct reason *why);
	void (*close)(struct source *source);
};

/* Every source begins with this. */
struct source {
	const struct source_ops *ops;
	struct source_info info;
};

enum source_open_outcome {
	SOURCE_OPENED,
	SOURCE_NOT_FOUND,  /* no such device, none free, or it is not a capture device */
	SOURCE_BUSY,       /* another program has it */
	SOURCE_OPEN_FAILED /* it is there but failed */
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
