/* transcode.c - encodes the parts of a clip, with one FFmpeg each. */
#include "fcgi/transcode/transcode.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi/io/job.h"
#include "fcgi/transcode/clip_spool.h"
#include "fcgi/transcode/transcode_internal.h"
#include "shared/media/ffmpeg_args.h"

#define FPS_HINT 60 /* roughly the highest rate of a camera */

/* Far more than the slowest machine needs; it stops an FFmpeg that some input keeps busy for ever. */
#define CPU_START_S     30
#define CPU_PER_FRAME_S 1

/* The first retry usually knows everything; another is needed if frames decode only after others. */
#define RETRIES_MAX 2

bool transcode_prepare(struct transcode *transcode)
{
	bool good = true;

	for (size_t i = 0; i < transcode->count; i++) {
		transcode->parts[i].memory_fd = memfd_create("clip-part", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		good = good && transcode->parts[i].memory_fd >= 0;
	}
	return good;
}

void transcode_free(struct transcode *transcode)
{
	for (size_t i = 0; i < transcode->count; i++)
		if (transcode->parts[i].memory_fd > 0)
			close(transcode->parts[i].memory_fd);
	transcode->count = 0;
}

static uint64_t frame_count(const struct transcode_part *part)
{
	return part->slice ? part->slice->end - part->slice->first : part->last_seq - part->first_seq + 1;
}

/* Encodes pictures of that size in the size of the clip. */
static void add_h264(struct ffmpeg_command *command, const struct transcode *transcode, uint16_t width, uint16_t height,
		     wall_t first, bool stamp)
{
	const struct config_record *record = &transcode->config->record;
	const struct ffmpeg_stamp drawn = {record->stamp_format, record->stamp_corner};
	bool has_preset = strcmp(record->encoder, FFMPEG_ENCODER_SOFTWARE) == 0 ||
			  strcmp(record->encoder, FFMPEG_ENCODER_AUTO) == 0;

	ffmpeg_command_add_h264(command, &(struct ffmpeg_h264){
						 .encoder = FFMPEG_ENCODER_SOFTWARE,
						 .preset = has_preset ? record->preset : FFMPEG_PRESET_AUTO_DEFAULT,
						 .quality = record->quality,
						 .fps = FPS_HINT,
						 .first = first,
						 .width = width,
						 .height = height,
						 .scaled_width = transcode->width,
						 .scaled_height = transcode->height,
						 .stamp = stamp ? &drawn : NULL,
					 });
	ffmpeg_command_add_output(command);
}

/* `first` is when the first frame that FFmpeg will encode was captured. */
static bool ffmpeg_start(struct subprocess *ffmpeg, const struct transcode *transcode,
			 const struct transcode_part *part, enum transcode_input_format format, wall_t first,
			 uint64_t bytes_max)
{
	const struct child_program_limits limits = {bytes_max, CPU_START_S + frame_count(part) * CPU_PER_FRAME_S};
	struct ffmpeg_command command;

	ffmpeg_command_init(&command);
	FFMPEG_COMMAND_ADD(&command, "-probesize", format == TRANSCODE_INPUT_IVF ? "32" : "1000000", "-analyzeduration",
			   "0");
	FFMPEG_COMMAND_ADD(&command, "-protocol_whitelist", "pipe", "-f", format == TRANSCODE_INPUT_IVF ? "ivf" : "mp4",
			   "-i", "pipe:0");
	FFMPEG_COMMAND_ADD(&command, "-an", "-fps_mode", "passthrough");
	/* What comes from a segment has one already. */
	add_h264(&command, transcode, part->width, part->height, first,
		 transcode->stamp && format == TRANSCODE_INPUT_IVF);
	return child_program_start(ffmpeg, (char *const *)command.argv, part->memory_fd, &limits);
}

static void empty_memory(int fd)
{
	(void)!ftruncate(fd, 0);
	lseek(fd, 0, SEEK_SET);
}

/* Whether FFmpeg encodes a test picture. If it does, but fails on the frames of a part, then it cannot decode them. */
static bool ffmpeg_works(const struct transcode *transcode, const struct transcode_part *part)
{
	const struct child_program_limits limits = {TRANSCODE_BYTES_MAX, CPU_START_S};
	struct subprocess ffmpeg;
	struct ffmpeg_command command;
	char picture[64];

	snprintf(picture, sizeof(picture), "color=size=%ux%u", transcode->width, transcode->height);
	ffmpeg_command_init(&command);
	FFMPEG_COMMAND_ADD(&command, "-f", "lavfi", "-i", picture, "-frames:v", "1");
	add_h264(&command, transcode, transcode->width, transcode->height, (wall_t){0}, false);
	empty_memory(part->memory_fd);
	bool good = child_program_start(&ffmpeg, (char *const *)command.argv, part->memory_fd, &limits) &&
		    child_program_wait(&ffmpeg);
	empty_memory(part->memory_fd);
	return good;
}

/* Appends the box that transcode_adopt() reads. */
static bool write_end(int fd, const struct transcode_input *input)
{
	struct part_end end = {{0, 0, 0, sizeof(end), 'f', 'r', 'e', 'e'}, input->first_wall_us, input->frames};
	struct stat status;

	return fstat(fd, &status) == 0 && pwrite(fd, &end, sizeof(end), status.st_size) == sizeof(end);
}

/* Finds the capture time of the first picture that FFmpeg has made of a part so far; false if there is none. */
static bool first_picture(const struct transcode_part *part, int64_t given_us, int64_t *first_us)
{
	struct segment_reader made;
	int fd = fcntl(part->memory_fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0 || !segment_reader_adopt(fd, given_us, &made))
		return false;
	bool any = made.count > 0;
	if (any)
		*first_us = made.records[0].wall_us;
	segment_reader_close(&made, false);
	return any;
}

/* Whether FFmpeg failed because nothing could be decoded: its exit status is the same as for other failures. */
static bool is_undecodable(const struct transcode *transcode, const struct transcode_part *part,
			   enum transcode_input_format format, const struct subprocess *ffmpeg)
{
	struct stat status;

	return format == TRANSCODE_INPUT_IVF && ffmpeg->exit_status >= 0 && fstat(part->memory_fd, &status) == 0 &&
	       status.st_size == 0 && ffmpeg_works(transcode, part);
}

/* What is known about the first frame of a part. */
struct part_start {
	wall_t expected; /* the first frame that FFmpeg is told to expect; 0 for the first one that it is given */
	wall_t found;    /* the first one that it has encoded */
};

static enum part_outcome classify_part(const struct transcode *transcode, const struct transcode_part *part,
				       const struct transcode_input *input, const struct subprocess *ffmpeg, bool good,
				       struct part_start *start)
{
	enum part_outcome outcome = PART_FAILED;

	if (good)
		outcome = first_picture(part, input->first_wall_us, &start->found.us) ? PART_MADE : PART_EMPTY;
	else if (is_undecodable(transcode, part, input->format, ffmpeg))
		outcome = PART_EMPTY;
	return outcome == PART_FAILED || write_end(part->memory_fd, input) ? outcome : PART_FAILED;
}

/* Lets check_start() see in FFmpeg's output whether its first picture is the one that it was told to expect. */
struct start_check {
	const struct transcode_part *part;
	const struct transcode_input *input;
	struct part_start *start;
};

static enum transcode_start check_start(void *context)
{
	const struct start_check *check = context;
	struct part_start *start = check->start;
	struct stat status;

	if (fstat(check->part->memory_fd, &status) != 0 || status.st_size == 0 ||
	    !first_picture(check->part, check->input->first_wall_us, &start->found.us))
		return TRANSCODE_START_UNKNOWN;
	return start->found.us == start->expected.us ? TRANSCODE_START_CONFIRMED : TRANSCODE_START_WRONG;
}

/* On the `last` try the output is accepted wherever it begins. */
static enum part_outcome try_part(const struct transcode *transcode, const struct transcode_part *part,
				  struct spool *spool, size_t range, uint64_t bytes_max, struct part_start *start,
				  bool last)
{
	enum part_outcome outcome = PART_FAILED;
	struct subprocess ffmpeg;
	struct transcode_input input;
	struct start_check check = {part, &input, start};
	enum transcode_input_outcome written = transcode_input_open(&input, part, spool, range);

	if (written == TRANSCODE_INPUT_OVERWRITTEN)
		outcome = PART_OVERWRITTEN;
	if (written != TRANSCODE_INPUT_OK)
		goto finish;
	if (start->expected.us == 0)
		start->expected.us = input.first_wall_us;
	if (!ffmpeg_start(&ffmpeg, transcode, part, input.format, start->expected, bytes_max))
		goto finish;
	if (!last)
		transcode_input_check_start(&input, check_start, &check);
	written = transcode_input_run(&input, &ffmpeg);
	bool good = child_program_wait(&ffmpeg);
	if (written == TRANSCODE_INPUT_OVERWRITTEN)
		outcome = PART_OVERWRITTEN;
	else if (written == TRANSCODE_INPUT_WRONG_START)
		outcome = PART_MADE;
	else if (written == TRANSCODE_INPUT_OK)
		outcome = classify_part(transcode, part, &input, &ffmpeg, good, start);
finish:
	transcode_input_close(&input);
	return outcome;
}

/*
 * Tries again if FFmpeg makes no picture of the first frames. It is then told which frame is the first that it will
 * encode, so that its key frames are in the right places (ffmpeg_args.h).
 */
static enum part_outcome try_part_repeatedly(const struct transcode *transcode, const struct transcode_part *part,
					     struct spool *spool, size_t range, uint64_t bytes_max)
{
	struct part_start start = {0};

	for (int again = 0;; again++) {
		enum part_outcome outcome =
			try_part(transcode, part, spool, range, bytes_max, &start, again == RETRIES_MAX);
		if (outcome != PART_MADE || start.found.us == start.expected.us || again == RETRIES_MAX)
			return outcome;
		start.expected = start.found;
		empty_memory(part->memory_fd);
		if (!part->slice && !spool_rewind(spool))
			return PART_OVERWRITTEN;
	}
}

/* Returns the same as transcode_run(). */
static int run_part(const struct transcode *transcode, const struct transcode_part *part, struct spool *spool,
		    size_t range, uint64_t bytes_max)
{
	if (!part->slice)
		spool_mark(spool);
	enum part_outcome outcome = try_part_repeatedly(transcode, part, spool, range, bytes_max);
	if (!part->slice)
		spool_unmark(spool);
	if (outcome == PART_OVERWRITTEN)
		return TRANSCODE_OVERWRITTEN;
	return outcome == PART_FAILED ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Encodes the parts that are ring frames, or the others. *left is how many bytes their output may still take. */
static int run_parts(const struct transcode *transcode, bool of_ring, struct spool *spool, uint64_t *left)
{
	size_t range = 0;

	for (size_t i = 0; i < transcode->count; i++) {
		const struct transcode_part *part = &transcode->parts[i];
		struct stat status;
		if (of_ring == (part->slice != NULL))
			continue;
		int outcome = run_part(transcode, part, spool, range++, *left);
		uint64_t size = fstat(part->memory_fd, &status) == 0 ? (uint64_t)status.st_size : 0;
		if (outcome != EXIT_SUCCESS || size >= *left)
			return size >= *left ? TRANSCODE_TOO_LARGE : outcome;
		*left -= size;
	}
	return EXIT_SUCCESS;
}

/* Lists the ranges of ring frames in the order in which they are encoded. */
static size_t find_ranges(const struct transcode *transcode, struct spool_range ranges[TRANSCODE_PARTS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < transcode->count; i++)
		if (!transcode->parts[i].slice)
			ranges[count++] =
				(struct spool_range){transcode->parts[i].first_seq, transcode->parts[i].last_seq};
	return count;
}

static uint64_t spool_share(const struct transcode *transcode)
{
	int at_once = transcode->config->http.max_transcodes;

	if (transcode->spool_bytes_max)
		return transcode->spool_bytes_max;
	return SPOOL_BYTES_MAX / (uint64_t)(at_once > 0 ? at_once : 1);
}

/* Ring frames come first, because what is on the disk stays there. */
int transcode_run(void *context)
{
	const struct transcode *transcode = context;
	uint64_t left = transcode->bytes_max ? transcode->bytes_max : TRANSCODE_BYTES_MAX;
	struct spool_range ranges[TRANSCODE_PARTS_MAX];
	struct spool spool;

	spool_init(&spool, transcode->ring, ranges, find_ranges(transcode, ranges), spool_share(transcode));
	spool_fill(&spool);
	int status = run_parts(transcode, true, &spool, &left);
	spool_free(&spool);
	return status == EXIT_SUCCESS ? run_parts(transcode, false, NULL, &left) : status;
}
