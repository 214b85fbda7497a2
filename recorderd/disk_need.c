/* disk_need.c - how much of the disk the recordings of retention.hours take, and how much there is for them. */
#include "recorderd/disk_need.h"

#include <math.h>

#include "shared/base/clock.h"

#define GB              1e9
#define MEASURED_MIN_US (3600 * US_PER_S)

/* Bits per pixel of H.264 at CRF 23, and of an average JPEG. */
#define H264_BITS 0.054
#define JPEG_BITS 0.7

#define USUAL_QUALITY    23
#define QUALITY_PER_HALF 6.0 /* a CRF that is higher by so much halves the video */
#define SMOOTH_FPS       30.0
#define MORE_FRAMES      (1 / 6.0) /* what a frame beyond SMOOTH_FPS takes: it differs little from the one before */

static double estimated_bytes_per_second(const struct config *config, const struct recorder_state *state)
{
	double pixels = state->width ? (double)state->width * state->height
				     : (double)config->camera.width * config->camera.height;
	double fps = state->fps_milli ? state->fps_milli / 1e3 : config->camera.fps;

	if (config->record.codec == CODEC_MJPEG)
		return pixels * fps * JPEG_BITS / 8;
	if (fps > SMOOTH_FPS)
		fps = SMOOTH_FPS + (fps - SMOOTH_FPS) * MORE_FRAMES;
	return pixels * fps * H264_BITS / 8 * exp2((USUAL_QUALITY - config->record.quality) / QUALITY_PER_HALF);
}

/* What recordings may take without being deleted for space: what they have, and this camera's share of what is free. */
static double room_bytes(const struct config_retention *limit, const struct archive_summary *summary, size_t cameras)
{
	double unused = (double)summary->disk_free_bytes - limit->min_free_gb * GB;
	double room = (double)summary->bytes + unused / (double)cameras;

	if (limit->max_gb > 0 && room > limit->max_gb * GB)
		room = limit->max_gb * GB;
	return room > 0 ? room : 0;
}

void disk_need_fill(const struct config *config, const struct archive_summary *summary, size_t cameras,
		    struct recorder_state *state)
{
	bool measured = summary->recorded_us >= MEASURED_MIN_US;
	double hours = config->retention.hours;
	double per_second = measured ? (double)summary->bytes * (double)US_PER_S / (double)summary->recorded_us
				     : estimated_bytes_per_second(config, state);

	state->disk_wanted_us = 0;
	state->disk_wanted_bytes = state->disk_room_bytes = state->disk_measured = 0;
	if (hours <= 0 || summary->disk_total_bytes == 0)
		return;
	state->disk_wanted_us = (int64_t)(hours * 3600 * (double)US_PER_S);
	state->disk_wanted_bytes = (uint64_t)(hours * 3600 * per_second);
	state->disk_room_bytes = (uint64_t)room_bytes(&config->retention, summary, cameras);
	state->disk_measured = measured;
}
