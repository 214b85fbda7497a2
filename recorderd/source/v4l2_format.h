/* v4l2_format.h - agreeing with a camera on format, size and rate. */
#ifndef RECORDERD_SOURCE_V4L2_FORMAT_H
#define RECORDERD_SOURCE_V4L2_FORMAT_H

#include "recorderd/source/source.h"
#include "recorderd/v4l2/v4l2_modes.h"
#include "shared/config/config.h"

struct v4l2_request {
	enum config_format format;
	struct mode_size size;
	uint32_t fps_milli;
};

/* What the camera made of the wish. */
struct v4l2_mode {
	struct v4l2_pix_format pix;
	uint32_t fps_milli;
	bool fps_known; /* false: the driver does not say, fps_milli is what was wished for */
};

/* True for formats whose frames are JPEGs already. */
bool v4l2_format_is_jpeg(uint32_t fourcc);

/*
 * S_FMT, read back, then S_PARM, in this order since S_FMT resets the rate. Nearest size and rate. Not while buffers
 * are allocated. SOURCE_OPENED, or why not (SOURCE_BUSY: another program streams from it).
 */
enum source_open_outcome v4l2_format_negotiate(int fd, const struct v4l2_request *wish, struct v4l2_mode *out,
					       struct reason *why);

/*
 * True where that is still agreed. Until there are buffers, any program may agree on something else: to be asked when
 * there are.
 */
bool v4l2_format_is_unchanged(int fd, const struct v4l2_mode *mode);

/*
 * For a USB bus that has no room for `mode`: lowers the wish to the next rate that the camera offers, or where none is
 * left to the next smaller size at `fps_milli`. False where there is nothing below.
 */
bool v4l2_format_step_down(int fd, const struct v4l2_mode *mode, uint32_t fps_milli, struct v4l2_request *wish);

/* What an errno of a set-up call means for the one who wants the camera. */
enum source_open_outcome v4l2_open_outcome(int error);

#endif
