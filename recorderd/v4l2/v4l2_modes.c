/* v4l2_modes.c - enumerates the modes of a camera, and picks the nearest one. */
#include "recorderd/v4l2/v4l2_modes.h"

#include "recorderd/v4l2/v4l2_ioctl.h"
#include "recorderd/v4l2/v4l2_planes.h"

#define FPS_MILLI_MAX 10000000u /* 10,000 frames per second; anything above is a mistake */

size_t mode_list_formats(int fd, uint32_t fourccs[MODE_FORMATS_MAX])
{
	uint32_t type = v4l2_planes_type(fd);
	size_t count = 0;

	while (count < MODE_FORMATS_MAX) {
		struct v4l2_fmtdesc answer = {.index = (uint32_t)count, .type = type};
		if (video_ioctl(fd, VIDIOC_ENUM_FMT, &answer) < 0)
			break;
		fourccs[count++] = answer.pixelformat;
	}
	return count;
}

static uint32_t at_least_one(uint32_t value)
{
	return value ? value : 1;
}

static void set_size_range(const struct v4l2_frmsize_stepwise *range, struct mode_sizes *out)
{
	out->range = *range;
	out->range.step_width = at_least_one(range->step_width);
	out->range.step_height = at_least_one(range->step_height);
	out->ranged = range->min_width && range->min_height && range->min_width <= range->max_width &&
		      range->min_height <= range->max_height;
}

void mode_list_sizes(int fd, uint32_t fourcc, struct mode_sizes *out)
{
	*out = (struct mode_sizes){0};
	for (uint32_t index = 0; index < MODE_SIZES_MAX; index++) {
		struct v4l2_frmsizeenum answer = {.index = index, .pixel_format = fourcc};
		if (video_ioctl(fd, VIDIOC_ENUM_FRAMESIZES, &answer) < 0)
			return;
		if (answer.type != V4L2_FRMSIZE_TYPE_DISCRETE) {
			set_size_range(&answer.stepwise, out);
			return;
		}
		if (answer.discrete.width && answer.discrete.height)
			out->items[out->count++] = (struct mode_size){answer.discrete.width, answer.discrete.height};
	}
}

void mode_list_rates(int fd, uint32_t fourcc, struct mode_size size, struct mode_rates *out)
{
	*out = (struct mode_rates){0};
	for (uint32_t index = 0; index < MODE_RATES_MAX; index++) {
		struct v4l2_frmivalenum answer = {
			.index = index, .pixel_format = fourcc, .width = size.width, .height = size.height};
		if (video_ioctl(fd, VIDIOC_ENUM_FRAMEINTERVALS, &answer) < 0)
			return;
		if (answer.type != V4L2_FRMIVAL_TYPE_DISCRETE) {
			out->shortest = answer.stepwise.min;
			out->longest = answer.stepwise.max;
			out->ranged = mode_fps_milli(out->shortest) && mode_fps_milli(out->longest);
			return;
		}
		if (mode_fps_milli(answer.discrete))
			out->items[out->count++] = answer.discrete;
	}
}

static uint32_t fit_range(uint32_t wanted, uint32_t min, uint32_t max, uint32_t step)
{
	if (wanted <= min)
		return min;
	if (wanted > max)
		wanted = max;
	return min + (wanted - min) / step * step;
}

static uint64_t distance(struct mode_size a, struct mode_size b)
{
	int64_t wide = (int64_t)a.width - b.width, high = (int64_t)a.height - b.height;

	wide = wide < 0 ? -wide : wide;
	high = high < 0 ? -high : high;
	return (uint64_t)(wide + high);
}

static uint64_t area(struct mode_size size)
{
	return (uint64_t)size.width * size.height;
}

struct mode_size mode_nearest_size(const struct mode_sizes *sizes, struct mode_size wanted)
{
	struct mode_size best = wanted;

	if (sizes->ranged) {
		const struct v4l2_frmsize_stepwise *range = &sizes->range;
		best.width = fit_range(wanted.width, range->min_width, range->max_width, range->step_width);
		best.height = fit_range(wanted.height, range->min_height, range->max_height, range->step_height);
	}
	for (size_t i = 0; i < sizes->count; i++) {
		struct mode_size item = sizes->items[i];
		uint64_t away = distance(item, wanted), best_away = distance(best, wanted);
		if (i == 0 || away < best_away || (away == best_away && area(item) > area(best)))
			best = item;
	}
	return best;
}

struct v4l2_fract mode_nearest_rate(const struct mode_rates *rates, uint32_t fps_milli)
{
	struct v4l2_fract best = {1000, fps_milli};

	if (rates->ranged && fps_milli > mode_fps_milli(rates->shortest))
		best = rates->shortest;
	else if (rates->ranged && fps_milli < mode_fps_milli(rates->longest))
		best = rates->longest;
	for (size_t i = 0; i < rates->count; i++) {
		int64_t fps = mode_fps_milli(rates->items[i]), best_fps = mode_fps_milli(best);
		int64_t away = fps < fps_milli ? fps_milli - fps : fps - fps_milli;
		int64_t best_away = best_fps < fps_milli ? fps_milli - best_fps : best_fps - fps_milli;
		if (i == 0 || away < best_away || (away == best_away && fps > best_fps))
			best = rates->items[i];
	}
	return best;
}

uint32_t mode_fps_milli(struct v4l2_fract interval)
{
	if (!interval.numerator || !interval.denominator)
		return 0;
	uint64_t fps_milli = (UINT64_C(1000) * interval.denominator + interval.numerator / 2) / interval.numerator;
	return fps_milli > FPS_MILLI_MAX ? 0 : (uint32_t)fps_milli;
}

void mode_fourcc_text(uint32_t fourcc, char out[5])
{
	for (int i = 0; i < 4; i++) {
		char c = (char)(fourcc >> (8 * i) & 0x7f);
		out[i] = c > ' ' && c < 0x7f ? c : (c == ' ' && i ? ' ' : '?');
	}
	out[4] = '\0';
	for (int i = 3; i > 0 && out[i] == ' '; i--)
		out[i] = '\0';
}
