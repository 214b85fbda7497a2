/*
 * clip_encode.c - runs FFmpeg over a part: see clip_encode.h.
 *
 * FFmpeg's clock starts at 0 with the first frame that it gets, so the wall time of that frame is written behind its
 * output: a `free` box with it, which ends the fragments.
 */
#include "fcgi/clip_encode.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi/api_child.h"
#include "fcgi/clip_feed.h"

/* Else x264 takes the time base of a microsecond for a million frames a second, and the level for 6.2. */
#define FPS_HINT "60"

/* Far more than the slowest machine needs; an input that keeps FFmpeg turning in a circle ends there. */
#define CPU_START_S   30
#define CPU_A_FRAME_S 1

bool encode_prepare(struct encode *encode)
{
	bool good = true;

	for (size_t i = 0; i < encode->count; i++) {
		encode->parts[i].memory_fd = memfd_create("clip-part", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		good = good && encode->parts[i].memory_fd >= 0;
	}
	return good;
}

void encode_finish(struct encode *encode)
{
	for (size_t i = 0; i < encode->count; i++)
		if (encode->parts[i].memory_fd > 0)
			close(encode->parts[i].memory_fd);
	encode->count = 0;
}

struct encode_texts {
	char key_frames[128], scale[48], quality[8];
};

/* The phase makes `t` count from a whole wall second; half a microsecond keeps rounding from moving a frame across it.
 */
static void texts_fill(struct encode_texts *texts, const struct encode *encode, int64_t first_wall_us)
{
	int64_t phase_us = first_wall_us % US_PER_S;

	snprintf(texts->key_frames, sizeof(texts->key_frames),
		 "expr:if(isnan(prev_forced_t),1,gt(floor(t+0.%06" PRId64 "5),floor(prev_forced_t+0.%06" PRId64 "5)))",
		 phase_us, phase_us);
	snprintf(texts->scale, sizeof(texts->scale), "scale=%u:%u", encode->width, encode->height);
	snprintf(texts->quality, sizeof(texts->quality), "%d", encode->config->record.quality);
}

static uint64_t part_frames(const struct encode_part *part)
{
	return part->stretch ? part->stretch->end - part->stretch->first : part->last_seq - part->first_seq + 1;
}

static bool ffmpeg_start(struct child_program *ffmpeg, const struct encode *encode, const struct encode_part *part,
			 enum feed_form form, int64_t first_wall_us, uint64_t bytes_max)
{
	const struct config_record *record = &encode->config->record;
	const char *preset = strcmp(record->encoder, "libx264") == 0 ? record->preset : "superfast";
	struct encode_texts texts;

	texts_fill(&texts, encode, first_wall_us);
	/* clang-format off */
	const char *argv[] = {
		"ffmpeg", "-hide_banner", "-loglevel", "error",
		"-probesize", form == FEED_IVF ? "32" : "1000000", "-analyzeduration", "0",
		"-protocol_whitelist", "pipe", "-f", form == FEED_IVF ? "ivf" : "mp4", "-i", "pipe:0",
		"-an", "-vf", texts.scale, "-fps_mode", "passthrough", "-enc_time_base", "1:1000000",
		"-c:v", "libx264", "-preset", preset, "-crf", texts.quality, "-tune", "zerolatency", "-bf", "0",
		"-g", "100000", "-sc_threshold", "0", "-forced-idr", "1", "-force_key_frames", texts.key_frames,
		"-x264-params", "fps=" FPS_HINT, "-pix_fmt", "yuv420p",
		"-colorspace", "smpte170m", "-color_primaries", "smpte170m", "-color_trc", "smpte170m", "-color_range", "tv",
		"-bsf:v", "dump_extra=freq=keyframe", "-video_track_timescale", "1000000",
		"-movflags", "empty_moov+default_base_moof+frag_every_frame+skip_trailer", "-f", "mp4", "pipe:1", NULL,
	};
	/* clang-format on */
	const struct child_limits limits = {bytes_max, CPU_START_S + part_frames(part) * CPU_A_FRAME_S};
	return child_program_start(ffmpeg, (char *const *)argv, part->memory_fd, &limits);
}

static bool write_first_wall(int fd, int64_t first_wall_us)
{
	uint8_t box[16] = {0, 0, 0, sizeof(box), 'f', 'r', 'e', 'e'};
	struct stat status;

	memcpy(box + 8, &first_wall_us, sizeof(first_wall_us));
	return fstat(fd, &status) == 0 && pwrite(fd, box, sizeof(box), status.st_size) == sizeof(box);
}

static bool read_first_wall(int fd, int64_t *first_wall_us)
{
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_size > (off_t)sizeof(*first_wall_us) &&
	       pread(fd, first_wall_us, sizeof(*first_wall_us), status.st_size - (off_t)sizeof(*first_wall_us)) ==
		       sizeof(*first_wall_us);
}

static bool part_run(const struct encode *encode, const struct encode_part *part, uint64_t bytes_max)
{
	struct child_program ffmpeg;
	struct feed feed;
	bool good = false;

	if (!feed_open(&feed, part, encode->ring))
		goto finish;
	if (!ffmpeg_start(&ffmpeg, encode, part, feed.form, feed.first_wall_us, bytes_max))
		goto finish;
	good = feed_run(&feed, &ffmpeg);
	good = child_program_finish(&ffmpeg) && good && write_first_wall(part->memory_fd, feed.first_wall_us);
finish:
	feed_close(&feed);
	return good;
}

int encode_run(void *context)
{
	const struct encode *encode = context;
	uint64_t left = encode->bytes_max ? encode->bytes_max : ENCODE_BYTES_MAX;
	struct stat status;

	for (size_t i = 0; i < encode->count; i++) {
		const struct encode_part *part = &encode->parts[i];
		bool good = part_run(encode, part, left);
		uint64_t size = fstat(part->memory_fd, &status) == 0 ? (uint64_t)status.st_size : 0;
		if (!good || size >= left)
			return size >= left ? ENCODE_TOO_LARGE : EXIT_FAILURE;
		left -= size;
	}
	return EXIT_SUCCESS;
}

static bool part_adopt(struct encode_part *part, struct clip_stretch *out)
{
	struct clip_segment segment;
	int64_t first_wall_us;
	int fd = part->memory_fd;

	part->memory_fd = -1;
	fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
	if (!read_first_wall(fd, &first_wall_us)) {
		close(fd);
		return false;
	}
	if (!clip_segment_adopt(fd, first_wall_us, &segment))
		return false;
	if (!clip_stretch_whole(&segment, part->stretch ? CLIP_TRANSCODED : CLIP_MEMORY, out))
		return false;
	out->tail.duration_us = (uint32_t)part->last_duration_us;
	return true;
}

bool encode_adopt(struct encode *encode, struct clip_plan *plan)
{
	size_t inserted = 0;

	for (size_t i = 0; i < encode->count; i++) {
		struct encode_part *part = &encode->parts[i];
		struct clip_stretch stretch;
		if (!part_adopt(part, &stretch))
			return false;
		if (part->stretch) {
			clip_plan_replace(plan, part->place + inserted, &stretch);
			part->stretch = NULL;
		} else if (clip_plan_insert(plan, part->place + inserted, &stretch)) {
			inserted++;
		} else {
			return false;
		}
	}
	return true;
}
