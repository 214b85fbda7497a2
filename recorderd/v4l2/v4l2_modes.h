/*
 * v4l2_modes.h - the modes that a camera offers: formats, sizes of a format, frame intervals of a size.
 *
 * From VIDIOC_ENUM_FMT, VIDIOC_ENUM_FRAMESIZES and VIDIOC_ENUM_FRAMEINTERVALS. Every list has a fixed maximum length,
 * since the answers of a driver are bytes from outside.
 */
#ifndef RECORDERD_V4L2_V4L2_MODES_H
#define RECORDERD_V4L2_V4L2_MODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/videodev2.h>

#define MODE_FORMATS_MAX 32
#define MODE_SIZES_MAX   64
#define MODE_RATES_MAX   32

struct mode_size {
	uint32_t width, height;
};

/* Discrete sizes, or a range; neither if the driver does not say. */
struct mode_sizes {
	struct mode_size items[MODE_SIZES_MAX];
	size_t count;
	bool ranged;
	struct v4l2_frmsize_stepwise range; /* its steps are at least 1 */
};

/* Frame intervals in seconds (numerator / denominator, neither is 0): discrete, or from `shortest` to `longest`. */
struct mode_rates {
	struct v4l2_fract items[MODE_RATES_MAX];
	size_t count;
	bool ranged;
	struct v4l2_fract shortest, longest;
};

size_t mode_list_formats(int fd, uint32_t fourccs[MODE_FORMATS_MAX]);
void mode_list_sizes(int fd, uint32_t fourcc, struct mode_sizes *out);
void mode_list_rates(int fd, uint32_t fourcc, struct mode_size size, struct mode_rates *out);

/* The size nearest to `wanted`, the larger of two that are equally near; `wanted` itself if no size is known. */
struct mode_size mode_nearest_size(const struct mode_sizes *sizes, struct mode_size wanted);

/* The interval nearest to that rate, the faster of two; 1000 / fps_milli if no rate is known. */
struct v4l2_fract mode_nearest_rate(const struct mode_rates *rates, uint32_t fps_milli);

/* Frames per 1000 s; 0 if the interval is not a valid one. */
uint32_t mode_fps_milli(struct v4l2_fract interval);

/* Four characters and a NUL; unprintable ones become '?'. */
void mode_fourcc_text(uint32_t fourcc, char out[5]);

#endif
