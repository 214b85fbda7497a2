/*
 * transcode.c - runs FFmpeg over a part: see transcode.h.
 *
 * FFmpeg's clock starts at 0 with the first frame that it gets, so the wall time of that frame is written behind its
 * output, and how many frames it got: a `free` box with both, which ends the fragments.
 */
#include "fcgi/transcode/transcode.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi/io/job.h"
#include "fcgi/transcode/clip_spool.h"
#include "shared/media/ffmpeg_args.h"

#define FPS_HINT 60 /* the highest rate of a camera, roughly */

/* Far more than the slowest machine needs; an input that keeps FFmpeg turning in a circle ends there. */
#define CPU_START_S     30
#define CPU_PER_FRAME_S 1

/* The second time all is known; more may be needed where frames decode only behind others. */
#define RETRIES_MAX 2

bool transcode_prepare(struct transcode *encode)
{
	bool good = true;

	for (size_t i = 0; i < encode->count; i++) {
		encode->parts[i].memory_fd = memfd_create("clip-part", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		good = good && encode->parts[i].memory_fd >= 0;
	}
	return good;
}

void transcode_free(struct transcode *encode)
{
	for (size_t i = 0; i < encode->count; i++)
		if (encode->parts[i].memory_fd > 0)
			close(encode->parts[i].memory_fd);
	encode->count = 0;
}

static uint64_t part_frames(const struct transcode_part *part)
{
	return part->stretch ? part->stretch->end - part->stretch->first : part->last_seq - part->first_seq + 1;
}

static void add_h264(struct ffmpeg_command *command, const struct transcode *encode, wall_t first)
{
	const struct config_record *record = &encode->config->record;

	ffmpeg_command_add_h264(
		command, &(struct ffmpeg_h264){
				 .encoder = "libx264",
				 .preset = strcmp(record->encoder, "libx264") == 0 ? record->preset : "superfast",
				 .quality = record->quality,
				 .fps = FPS_HINT,
				 .first = first,
			 });
	ffmpeg_command_add_output(command);
}

/* `first` is when the first frame was taken that FFmpeg will encode. */
static bool ffmpeg_start(struct subprocess *ffmpeg, const struct transcode *encode, const struct transcode_part *part,
			 enum transcode_input_format form, wall_t first, uint64_t bytes_max)
{
	const struct child_program_limits limits = {bytes_max, CPU_START_S + part_frames(part) * CPU_PER_FRAME_S};
	struct ffmpeg_command command;
	char scale[48];

	snprintf(scale, sizeof(scale), "scale=%u:%u", encode->width, encode->height);
	ffmpeg_command_init(&command);
	FFMPEG_COMMAND_ADD(&command, "-probesize", form == TRANSCODE_INPUT_IVF ? "32" : "1000000", "-analyzeduration",
			   "0");
	FFMPEG_COMMAND_ADD(&command, "-protocol_whitelist", "pipe", "-f", form == TRANSCODE_INPUT_IVF ? "ivf" : "mp4",
			   "-i", "pipe:0");
	FFMPEG_COMMAND_ADD(&command, "-an", "-vf", scale, "-fps_mode", "passthrough");
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
static bool ffmpeg_works(const struct transcode *encode, const struct transcode_part *part)
{
	const struct child_program_limits limits = {TRANSCODE_BYTES_MAX, CPU_START_S};
	struct subprocess ffmpeg;
	struct ffmpeg_command command;
	char picture[64];

	snprintf(picture, sizeof(picture), "color=size=%ux%u", encode->width, encode->height);
	ffmpeg_command_init(&command);
	FFMPEG_COMMAND_ADD(&command, "-f", "lavfi", "-i", picture, "-frames:v", "1");
	add_h264(&command, encode, (wall_t){0});
	memory_empty(part->memory_fd);
	bool good = child_program_start(&ffmpeg, (char *const *)command.argv, part->memory_fd, &limits) &&
		    child_program_wait(&ffmpeg);
	memory_empty(part->memory_fd);
	return good;
}

/* What stands behind FFmpeg's output; never leaves this machine. */
struct part_end {
	uint8_t box[8]; /* size and type */
	int64_t first_wall_us;
	uint64_t frames;
};

static_assert(sizeof(struct part_end) == 24, "no padding");

static bool write_end(int fd, const struct feed *feed)
{
	struct part_end end = {{0, 0, 0, sizeof(end), 'f', 'r', 'e', 'e'}, feed->first_wall_us, feed->frames};
	struct stat status;

	return fstat(fd, &status) == 0 && pwrite(fd, &end, sizeof(end), status.st_size) == sizeof(end);
}

static bool read_end(int fd, struct part_end *end)
{
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_size > (off_t)sizeof(*end) &&
	       pread(fd, end, sizeof(*end), status.st_size - (off_t)sizeof(*end)) == sizeof(*end);
}

/* When the first picture was taken that was made of a part so far; false where none was. */
static bool first_picture(const struct transcode_part *part, int64_t given_us, int64_t *first_us)
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

enum part_outcome {
	PART_MADE,
	PART_EMPTY,       /* nothing of it could be decoded */
	PART_OVERWRITTEN, /* the ring was written over what was still to be encoded */
	PART_FAILED,
};

/* FFmpeg ends with an error where it finds no picture at all, as it does for other reasons. */
static bool is_empty(const struct transcode *encode, const struct transcode_part *part,
		     enum transcode_input_format form, const struct subprocess *ffmpeg)
{
	struct stat status;

	return form == TRANSCODE_INPUT_IVF && ffmpeg->exit_status >= 0 && fstat(part->memory_fd, &status) == 0 &&
	       status.st_size == 0 && ffmpeg_works(encode, part);
}

/* What is known of the first frames of a part. */
struct part_start {
	wall_t told;  /* the first frame that FFmpeg will encode; 0: the first one that it is given */
	wall_t found; /* the first one that it did encode */
};

static enum part_outcome part_judge(const struct transcode *encode, const struct transcode_part *part,
				    const struct feed *feed, const struct subprocess *ffmpeg, bool good,
				    struct part_start *start)
{
	enum part_outcome outcome = PART_FAILED;

	if (good)
		outcome = first_picture(part, feed->first_wall_us, &start->found.us) ? PART_MADE : PART_EMPTY;
	else if (is_empty(encode, part, feed->form, ffmpeg))
		outcome = PART_EMPTY;
	return outcome == PART_FAILED || write_end(part->memory_fd, feed) ? outcome : PART_FAILED;
}

/* What FFmpeg has put out already says whether its first picture is the one that it was told. */
struct watched {
	const struct transcode_part *part;
	const struct feed *feed;
	struct part_start *start;
};

static enum transcode_start watch_start(void *context)
{
	const struct watched *watched = context;
	struct part_start *start = watched->start;
	struct stat status;

	if (fstat(watched->part->memory_fd, &status) != 0 || status.st_size == 0 ||
	    !first_picture(watched->part, watched->feed->first_wall_us, &start->found.us))
		return TRANSCODE_START_UNKNOWN;
	return start->found.us == start->told.us ? TRANSCODE_START_CONFIRMED : TRANSCODE_START_WRONG;
}

/* `last`: what comes out is taken, wherever it begins. */
static enum part_outcome part_try(const struct transcode *encode, const struct transcode_part *part,
				  struct spool *spool, size_t row, uint64_t bytes_max, struct part_start *start,
				  bool last)
{
	enum part_outcome outcome = PART_FAILED;
	struct subprocess ffmpeg;
	struct feed feed;
	struct watched watched = {part, &feed, start};
	enum transcode_input_outcome fed = transcode_input_open(&feed, part, spool, row);

	if (fed == TRANSCODE_INPUT_OVERWRITTEN)
		outcome = PART_OVERWRITTEN;
	if (fed != TRANSCODE_INPUT_OK)
		goto finish;
	if (start->told.us == 0)
		start->told.us = feed.first_wall_us;
	if (!ffmpeg_start(&ffmpeg, encode, part, feed.form, start->told, bytes_max))
		goto finish;
	if (!last)
		transcode_input_check_start(&feed, watch_start, &watched);
	fed = transcode_input_run(&feed, &ffmpeg);
	bool good = child_program_wait(&ffmpeg);
	if (fed == TRANSCODE_INPUT_OVERWRITTEN)
		outcome = PART_OVERWRITTEN;
	else if (fed == TRANSCODE_INPUT_WRONG_START)
		outcome = PART_MADE;
	else if (fed == TRANSCODE_INPUT_OK)
		outcome = part_judge(encode, part, &feed, &ffmpeg, good, start);
finish:
	transcode_input_close(&feed);
	return outcome;
}

/* Tries again where FFmpeg makes no picture of the first frames: then it is told which one is the first that it will
 * encode, so that its key frames stand where they should (ffmpeg_args.h). */
static enum part_outcome part_tries(const struct transcode *encode, const struct transcode_part *part,
				    struct spool *spool, size_t row, uint64_t bytes_max)
{
	struct part_start start = {0};

	for (int again = 0;; again++) {
		enum part_outcome outcome = part_try(encode, part, spool, row, bytes_max, &start, again == RETRIES_MAX);
		if (outcome != PART_MADE || start.found.us == start.told.us || again == RETRIES_MAX)
			return outcome;
		start.told = start.found;
		memory_empty(part->memory_fd);
		if (!part->stretch && !spool_rewind(spool))
			return PART_OVERWRITTEN;
	}
}

/* 0, or why the part could not be made, as transcode_run() says it. */
static int part_run(const struct transcode *encode, const struct transcode_part *part, struct spool *spool, size_t row,
		    uint64_t bytes_max)
{
	if (!part->stretch)
		spool_mark(spool);
	enum part_outcome outcome = part_tries(encode, part, spool, row, bytes_max);
	if (!part->stretch)
		spool_unmark(spool);
	if (outcome == PART_OVERWRITTEN)
		return TRANSCODE_OVERWRITTEN;
	return outcome == PART_FAILED ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Runs the parts that are rows of ring frames, or the others; *left is what their output may still take. */
static int parts_run(const struct transcode *encode, bool of_ring, struct spool *spool, uint64_t *left)
{
	size_t row = 0;

	for (size_t i = 0; i < encode->count; i++) {
		const struct transcode_part *part = &encode->parts[i];
		struct stat status;
		if (of_ring == (part->stretch != NULL))
			continue;
		int outcome = part_run(encode, part, spool, row++, *left);
		uint64_t size = fstat(part->memory_fd, &status) == 0 ? (uint64_t)status.st_size : 0;
		if (outcome != EXIT_SUCCESS || size >= *left)
			return size >= *left ? TRANSCODE_TOO_LARGE : outcome;
		*left -= size;
	}
	return EXIT_SUCCESS;
}

/* The rows of ring frames, in the order in which they are encoded. */
static size_t rows_find(const struct transcode *encode, struct spool_range rows[TRANSCODE_PARTS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < encode->count; i++)
		if (!encode->parts[i].stretch)
			rows[count++] = (struct spool_range){encode->parts[i].first_seq, encode->parts[i].last_seq};
	return count;
}

static uint64_t spool_share(const struct transcode *encode)
{
	int at_once = encode->config->http.max_transcodes;

	if (encode->spool_bytes_max)
		return encode->spool_bytes_max;
	return SPOOL_BYTES_MAX / (uint64_t)(at_once > 0 ? at_once : 1);
}

/* What the ring has comes first: what the disk has stays there. */
int transcode_run(void *context)
{
	const struct transcode *encode = context;
	uint64_t left = encode->bytes_max ? encode->bytes_max : TRANSCODE_BYTES_MAX;
	struct spool_range rows[TRANSCODE_PARTS_MAX];
	struct spool spool;

	spool_init(&spool, encode->ring, rows, rows_find(encode, rows), spool_share(encode));
	spool_fill(&spool);
	int status = parts_run(encode, true, &spool, &left);
	spool_free(&spool);
	return status == EXIT_SUCCESS ? parts_run(encode, false, NULL, &left) : status;
}

/* PART_EMPTY: nothing of it could be decoded. */
static enum part_outcome part_adopt(struct transcode_part *part, struct clip_slice *out, bool *frames_missing)
{
	struct clip_segment segment;
	struct stat status = {0};
	struct part_end end;
	int fd = part->memory_fd;

	part->memory_fd = -1;
	fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
	if (fstat(fd, &status) != 0 || status.st_size <= (off_t)sizeof(end) || !read_end(fd, &end)) {
		close(fd);
		*frames_missing |= status.st_size == (off_t)sizeof(end);
		return status.st_size == (off_t)sizeof(end) ? PART_EMPTY : PART_FAILED;
	}
	if (!clip_segment_adopt(fd, end.first_wall_us, &segment))
		return PART_FAILED;
	*frames_missing |= segment.count != end.frames || (!part->stretch && end.first_wall_us != part->first_wall_us);
	if (segment.count == 0) {
		clip_segment_close(&segment, false);
		return PART_EMPTY;
	}
	if (!clip_slice_whole(&segment, part->stretch ? CLIP_TRANSCODED : CLIP_MEMORY, out))
		return PART_FAILED;
	out->tail.duration_us = (uint32_t)part->last_duration_us;
	return PART_MADE;
}

/* Puts what was made of a part into the plan, in which `*moved` slices were inserted before its place. */
static bool part_join(struct transcode *encode, struct transcode_part *part, struct clip_plan *plan, ptrdiff_t *moved)
{
	struct clip_slice stretch;
	size_t at = (size_t)((ptrdiff_t)part->place + *moved);

	switch (part_adopt(part, &stretch, &encode->frames_missing)) {
	case PART_FAILED:
	case PART_OVERWRITTEN:
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

bool transcode_adopt(struct transcode *encode, struct clip_plan *plan)
{
	ptrdiff_t moved = 0;

	for (size_t i = 0; i < encode->count; i++)
		if (!part_join(encode, &encode->parts[i], plan, &moved))
			return false;
	for (size_t i = 0; i < encode->count; i++)
		encode->parts[i].stretch = NULL; /* the plan has another in its place */
	return true;
}
