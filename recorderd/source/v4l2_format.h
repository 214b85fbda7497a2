/* v4l2_format.h - negotiates format, size and frame rate with a camera. */
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

/* The camera's answer to a request. */
struct v4l2_mode {
	struct v4l2_pix_format pix;
	uint32_t fps_milli;
	bool fps_known; /* false: the driver does not report it, and fps_milli is the requested rate */
};

/* Whether the frames of this format are JPEGs. */
bool v4l2_format_is_jpeg(uint32_t fourcc);

/*
 * Requests the nearest size and rate that the camera offers: S_FMT, then S_PARM, because S_FMT resets the rate. Call it
 * only while no buffers are allocated. Returns SOURCE_OPENED; otherwise it sets *why (SOURCE_BUSY: another program is
 * streaming from the camera).
 */
enum source_open_outcome v4l2_format_negotiate(int fd, const struct v4l2_request *request, struct v4l2_mode *out,
					       struct reason *why);

/*
 * Whether the camera still has that mode. Any program may change it until there are buffers, so call this when there
 * are.
 */
bool v4l2_format_is_unchanged(int fd, const struct v4l2_mode *mode);

/*
 * For a USB bus without enough bandwidth for `mode`: sets the request to the next lower rate that the camera offers. If
 * there is none, to the next smaller size at `fps_milli`. Returns false if there is no lower mode.
 */
bool v4l2_format_step_down(int fd, const struct v4l2_mode *mode, uint32_t fps_milli, struct v4l2_request *request);

/* The outcome for the errno of a call that sets up the camera. */
enum source_open_outcome v4l2_open_outcome(int error);

#endif
