/* still.c - one picture as a JPEG. */
#include "fcgi/transcode/still.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi/clip/clip_plan.h"
#include "fcgi/io/job.h"
#include "fcgi/transcode/transcode_input.h"
#include "shared/base/file_io.h"
#include "shared/text/time_text.h"

#define AGE_MAX_US     US_PER_S
#define JPEG_BYTES_MAX (UINT64_C(32) << 20)
#define STILL_CPU_S    60

void still_init(struct still *still)
{
	*still = (struct still){.segment = {.fd = -1, .index = {.fd = -1}}, .memory_fd = -1};
}

void still_free(struct still *still)
{
	buffer_free(&still->jpeg);
	segment_reader_close(&still->segment, false);
	if (still->memory_fd >= 0)
		close(still->memory_fd);
	still_init(still);
}

static bool frame_wall(const struct ring_reader *ring, uint64_t seq, struct ring_frame *out, int64_t *wall_us)
{
	bool there = ring_reader_get(ring, seq, out);

	*wall_us = there ? out->meta.wall_us : INT64_MIN;
	return there;
}

/* Finds the last frame at or before wall_us by binary search. Correct unless the clock was set back within the ring. */
static uint64_t binary_search(const struct ring_reader *ring, uint64_t tail, uint64_t head, int64_t wall_us)
{
	struct ring_frame frame;
	int64_t frame_us;

	while (tail < head) {
		uint64_t middle = tail + (head - tail + 1) / 2;
		frame_wall(ring, middle, &frame, &frame_us);
		if (frame_us <= wall_us)
			tail = middle;
		else
			head = middle - 1;
	}
	return tail;
}

/* Finds the latest of all frames at or before wall_us. */
static uint64_t linear_search(const struct ring_reader *ring, uint64_t tail, uint64_t head, int64_t wall_us)
{
	struct ring_frame frame;
	int64_t frame_us, best_us = INT64_MIN;
	uint64_t best = tail;

	for (uint64_t seq = tail; seq <= head; seq++) {
		if (frame_wall(ring, seq, &frame, &frame_us) && frame_us <= wall_us && frame_us >= best_us) {
			best_us = frame_us;
			best = seq;
		}
	}
	return best;
}

/* Gets frame `seq` if it exists, is at or before wall_us, and is not too old. */
static bool get_if_near(const struct ring_reader *ring, uint64_t seq, int64_t wall_us, struct ring_frame *out)
{
	return ring_reader_get(ring, seq, out) && out->meta.wall_us <= wall_us &&
	       wall_us - out->meta.wall_us <= AGE_MAX_US;
}

static bool ring_find(const struct ring_reader *ring, int64_t wall_us, struct ring_frame *out)
{
	uint64_t head = ring_reader_head(ring), tail = ring_reader_tail(ring);

	if (head == 0)
		return false;
	if (wall_us == INT64_MAX)
		return ring_reader_get(ring, head, out);
	return get_if_near(ring, binary_search(ring, tail, head, wall_us), wall_us, out) ||
	       get_if_near(ring, linear_search(ring, tail, head, wall_us), wall_us, out);
}

bool still_from_ring(struct still *still, const struct ring_reader *ring, int64_t wall_us)
{
	struct ring_frame frame;
	uint64_t head =
		ring_reader_head(ring); /* before the search, so a frame that arrives during it counts as newest */

	if (!ring_find(ring, wall_us, &frame) || !buffer_reserve(&still->jpeg, frame.meta.length))
		return false;
	if (!ring_reader_copy(ring, &frame, still->jpeg.data))
		return false;
	still->jpeg.length = frame.meta.length;
	still->wall_us = frame.meta.wall_us;
	still->newest = frame.seq >= head;
	return true;
}

/* Whether bytes [from, to) of the segment are there; otherwise notes that they are needed. */
static bool has_bytes(struct still *still, const struct segment_reader *segment, uint64_t from, uint64_t to)
{
	if (segment_reader_has(segment, from, to))
		return true;
	snprintf(still->need_file, sizeof(still->need_file), "%s", segment->entry.file);
	still->need_from = from;
	still->need_to = to;
	errno = ENODATA;
	return false;
}

/* Reads the frame itself from a segment of JPEGs. */
static bool read_jpeg(struct still *still, const struct clip_slice *slice, int64_t wall_us)
{
	struct index_record record;
	uint64_t number = segment_reader_find(&slice->segment, wall_us + 1);

	number -= number > slice->first;
	if (segment_reader_read(&slice->segment, number, 1, &record) != 1 || !buffer_reserve(&still->jpeg, record.size))
		return false;
	if (!has_bytes(still, &slice->segment, record.offset, record.offset + record.size))
		return false;
	if (read_at(slice->segment.fd, still->jpeg.data, record.size, record.offset) != (ssize_t)record.size)
		return false;
	still->jpeg.length = record.size;
	still->wall_us = record.wall_us;
	still->newest = number + 1 >= slice->segment.count;
	return true;
}

/* Takes the key frame of the slice, which FFmpeg decodes. */
static bool take_key_frame(struct still *still, struct clip_slice *slice)
{
	uint64_t from, to;

	if (slice->segment.blocks && (!transcode_input_fragment_offset(&slice->segment, slice->first, &from) ||
				      !transcode_input_fragment_offset(&slice->segment, slice->first + 1, &to) ||
				      !has_bytes(still, &slice->segment, from, to)))
		return false;
	still->segment = slice->segment;
	still->record = slice->first;
	still->wall_us = slice->head.wall_us;
	slice->segment = (struct segment_reader){.fd = -1, .index = {.fd = -1}};
	return true;
}

bool still_from_archive(struct still *still, int folder, int64_t wall_us)
{
	struct clip_plan plan;
	int64_t second_us = time_floor_second((wall_t){wall_us}).us;
	bool good = false;

	*still->need_file = '\0';
	if (clip_plan_make(folder, second_us, second_us + US_PER_S, &plan) != PLAN_OK)
		return false;
	if (plan.count > 0 && transcode_input_is_jpeg(plan.slices[0].segment.entry.codec)) {
		good = read_jpeg(still, &plan.slices[0], wall_us);
	} else if (plan.count > 0) {
		good = take_key_frame(still, &plan.slices[0]);
	}
	int error = plan.count > 0 && !good ? (*still->need_file ? ENODATA : EIO) : plan.unreadable;
	still->newest |= plan.unreadable != 0;
	clip_plan_free(&plan);
	errno = error;
	return good;
}

bool still_needs_ffmpeg(const struct still *still)
{
	return still->jpeg.length == 0 || still->width != 0;
}

/* Whether FFmpeg was found and exited on its own, but wrote nothing. */
static bool made_nothing(const struct still *still, const struct subprocess *ffmpeg)
{
	struct stat status;

	return ffmpeg->exit_status >= 0 && ffmpeg->exit_status != SUBPROCESS_NOT_EXECUTED &&
	       fstat(still->memory_fd, &status) == 0 && status.st_size == 0;
}

int still_run(void *context)
{
	struct still *still = context;
	struct subprocess ffmpeg;
	char filter[64];
	bool decode = still->jpeg.length == 0;

	snprintf(filter, sizeof(filter), still->width ? "scale=%u:-2" : "null", still->width);
	/* clang-format off */
	const char *argv[] = {
		"ffmpeg", "-hide_banner", "-loglevel", "error",
		"-protocol_whitelist", "pipe", "-threads", "1", "-f", decode ? "mp4" : "mjpeg", "-i", "pipe:0",
		"-vf", filter, "-frames:v", "1", "-q:v", "3", "-f", "mjpeg", "pipe:1", NULL,
	};
	/* clang-format on */
	const struct child_program_limits limits = {JPEG_BYTES_MAX, STILL_CPU_S};
	if (!child_program_start(&ffmpeg, (char *const *)argv, still->memory_fd, &limits))
		return child_job_failure(errno);
	/* Not an error if this fails: FFmpeg may have its one picture before it has read everything. */
	if (decode)
		transcode_input_write_fragments(&still->segment, still->record, still->record + 1, &ffmpeg);
	else
		child_program_write(&ffmpeg, still->jpeg.data, still->jpeg.length);
	bool good = child_program_wait(&ffmpeg);
	if (!decode && made_nothing(still, &ffmpeg))
		return STILL_NO_PICTURE;
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

bool still_adopt(struct still *still)
{
	return child_job_output(still->memory_fd, &still->jpeg);
}
