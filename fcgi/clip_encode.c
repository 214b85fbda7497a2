/*
 * clip_encode.c - runs FFmpeg over a part: see clip_encode.h.
 *
 * FFmpeg's clock starts at 0 with the first frame that it gets, so the wall time of that frame is written behind its
 * output: a `free` box with it, which ends the fragments.
 */
#include "fcgi/clip_encode.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fcgi/api_child.h"
#include "fcgi/clip_feed.h"
#include "shared/ffmpeg_command.h"

#define FPS_HINT 60 /* the highest rate of a camera, roughly */

#define FIRST_WALL_BYTES 16 /* the box at the end */

/* Far more than the slowest machine needs; an input that keeps FFmpeg turning in a circle ends there. */
#define CPU_START_S   30
#define CPU_A_FRAME_S 1

/* The second time all is known; more may be needed where frames decode only behind others. */
#define AGAIN_MAX 2

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

static uint64_t part_frames(const struct encode_part *part)
{
	return part->stretch ? part->stretch->end - part->stretch->first : part->last_seq - part->first_seq + 1;
}

static void add_h264(struct ffmpeg_command *command, const struct encode *encode, wall_t first)
{
	const struct config_record *record = &encode->config->record;

	ffmpeg_add_h264(command,
			&(struct ffmpeg_h264){
				.encoder = "libx264",
				.preset = strcmp(record->encoder, "libx264") == 0 ? record->preset : "superfast",
				.quality = record->quality,
				.fps = FPS_HINT,
				.first = first,
			});
	ffmpeg_add_output(command);
}

/* `first` is when the first frame was taken that FFmpeg will encode. */
static bool ffmpeg_start(struct child_program *ffmpeg, const struct encode *encode, const struct encode_part *part,
			 enum feed_form form, wall_t first, uint64_t bytes_max)
{
	const struct child_limits limits = {bytes_max, CPU_START_S + part_frames(part) * CPU_A_FRAME_S};
	struct ffmpeg_command command;
	char scale[48];

	snprintf(scale, sizeof(scale), "scale=%u:%u", encode->width, encode->height);
	ffmpeg_begin(&command);
	FFMPEG_ADD(&command, "-probesize", form == FEED_IVF ? "32" : "1000000", "-analyzeduration", "0");
	FFMPEG_ADD(&command, "-protocol_whitelist", "pipe", "-f", form == FEED_IVF ? "ivf" : "mp4", "-i", "pipe:0");
	FFMPEG_ADD(&command, "-an", "-vf", scale, "-fps_mode", "passthrough");
	add_h264(&command, encode, first);
	return child_program_start(ffmpeg, (char *const *)command.argv, part->memory_fd, &limits);
}

static void memory_empty(int fd)
{
	(void)!ftruncate(fd, 0);
	lseek(fd, 0, SEEK_SET);
}

/* Whether FFmpeg encodes a picture of its own: one that does, and fails over the frames of a part, cannot decode them.
 */
static bool ffmpeg_works(const struct encode *encode, const struct encode_part *part)
{
	const struct child_limits limits = {ENCODE_BYTES_MAX, CPU_START_S};
	struct child_program ffmpeg;
	struct ffmpeg_command command;
	char picture[64];

	snprintf(picture, sizeof(picture), "color=size=%ux%u", encode->width, encode->height);
	ffmpeg_begin(&command);
	FFMPEG_ADD(&command, "-f", "lavfi", "-i", picture, "-frames:v", "1");
	add_h264(&command, encode, (wall_t){0});
	memory_empty(part->memory_fd);
	bool good = child_program_start(&ffmpeg, (char *const *)command.argv, part->memory_fd, &limits) &&
		    child_program_finish(&ffmpeg);
	memory_empty(part->memory_fd);
	return good;
}

static bool write_first_wall(int fd, int64_t first_wall_us)
{
	uint8_t box[FIRST_WALL_BYTES] = {0, 0, 0, sizeof(box), 'f', 'r', 'e', 'e'};
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

/* When the first picture was taken that was made of a part; false where none was. */
static bool first_picture(const struct encode_part *part, int64_t given_us, int64_t *first_us)
{
	struct clip_segment made;
	int fd = fcntl(part->memory_fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0 || !clip_segment_adopt(fd, given_us, &made))
		return false;
	bool any = made.count > 0;
	if (any)
		*first_us = made.walked[0].wall_us;
	clip_segment_close(&made, false);
	return any;
}

enum part_outcome { PART_MADE, PART_EMPTY, PART_FAILED };

/* FFmpeg ends with an error where it finds no picture at all, as it does for other reasons. */
static bool is_empty(const struct encode *encode, const struct encode_part *part, enum feed_form form,
		     const struct child_program *ffmpeg)
{
	struct stat status;

	return form == FEED_IVF && WIFEXITED(ffmpeg->status) && fstat(part->memory_fd, &status) == 0 &&
	       status.st_size == 0 && ffmpeg_works(encode, part);
}

/* What is known of the first frames of a part. */
struct part_start {
	wall_t told;  /* the first frame that FFmpeg will encode; 0: the first one that it is given */
	wall_t found; /* the first one that it did encode */
};

static enum part_outcome part_try(const struct encode *encode, const struct encode_part *part, uint64_t bytes_max,
				  struct part_start *start)
{
	enum part_outcome outcome = PART_FAILED;
	struct child_program ffmpeg;
	struct feed feed;

	if (!feed_open(&feed, part, encode->ring))
		goto finish;
	if (start->told.us == 0)
		start->told.us = feed.first_wall_us;
	if (!ffmpeg_start(&ffmpeg, encode, part, feed.form, start->told, bytes_max))
		goto finish;
	bool fed = feed_run(&feed, &ffmpeg);
	bool good = child_program_finish(&ffmpeg);
	if (fed && good)
		outcome = first_picture(part, feed.first_wall_us, &start->found.us) ? PART_MADE : PART_EMPTY;
	else if (fed && is_empty(encode, part, feed.form, &ffmpeg))
		outcome = PART_EMPTY;
	if (outcome != PART_FAILED && !write_first_wall(part->memory_fd, feed.first_wall_us))
		outcome = PART_FAILED;
finish:
	feed_close(&feed);
	return outcome;
}

/* Where FFmpeg makes no picture of the first frames, it is told which one is the first that it will encode, so that its
 * key frames stand where they should (ffmpeg_command.h). */
static bool part_run(const struct encode *encode, const struct encode_part *part, uint64_t bytes_max)
{
	struct part_start start = {0};
	enum part_outcome outcome = part_try(encode, part, bytes_max, &start);

	for (int again = 0; outcome == PART_MADE && start.found.us != start.told.us && again < AGAIN_MAX; again++) {
		start.told = start.found;
		memory_empty(part->memory_fd);
		outcome = part_try(encode, part, bytes_max, &start);
	}
	return outcome != PART_FAILED;
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

/* PART_EMPTY: nothing of it could be decoded. */
static enum part_outcome part_adopt(struct encode_part *part, struct clip_stretch *out)
{
	struct clip_segment segment;
	struct stat status = {0};
	int64_t first_wall_us;
	int fd = part->memory_fd;

	part->memory_fd = -1;
	fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
	if (fstat(fd, &status) != 0 || status.st_size <= FIRST_WALL_BYTES || !read_first_wall(fd, &first_wall_us)) {
		close(fd);
		return status.st_size == FIRST_WALL_BYTES ? PART_EMPTY : PART_FAILED;
	}
	if (!clip_segment_adopt(fd, first_wall_us, &segment))
		return PART_FAILED;
	if (segment.count == 0) {
		clip_segment_close(&segment, false);
		return PART_EMPTY;
	}
	if (!clip_stretch_whole(&segment, part->stretch ? CLIP_TRANSCODED : CLIP_MEMORY, out))
		return PART_FAILED;
	out->tail.duration_us = (uint32_t)part->last_duration_us;
	return PART_MADE;
}

/* Puts what was made of a part into the plan, in which `*moved` stretches were inserted before its place. */
static bool part_join(struct encode_part *part, struct clip_plan *plan, ptrdiff_t *moved)
{
	struct clip_stretch stretch;
	size_t at = (size_t)((ptrdiff_t)part->place + *moved);

	switch (part_adopt(part, &stretch)) {
	case PART_FAILED:
		return false;
	case PART_EMPTY:
		if (part->stretch) {
			clip_plan_remove(plan, at);
			--*moved;
		}
		return true;
	case PART_MADE:
		break;
	}
	if (part->stretch)
		clip_plan_replace(plan, at, &stretch);
	else if (clip_plan_insert(plan, at, &stretch))
		++*moved;
	else
		return false;
	return true;
}

bool encode_adopt(struct encode *encode, struct clip_plan *plan)
{
	ptrdiff_t moved = 0;

	for (size_t i = 0; i < encode->count; i++)
		if (!part_join(&encode->parts[i], plan, &moved))
			return false;
	for (size_t i = 0; i < encode->count; i++)
		encode->parts[i].stretch = NULL; /* the plan has another in its place */
	return true;
}
