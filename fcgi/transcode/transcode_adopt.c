/* transcode_adopt.c - puts the encoded parts of a clip into its plan. */
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi/transcode/transcode.h"
#include "fcgi/transcode/transcode_internal.h"

static bool read_end(int fd, struct part_end *end)
{
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_size > (off_t)sizeof(*end) &&
	       pread(fd, end, sizeof(*end), status.st_size - (off_t)sizeof(*end)) == sizeof(*end);
}

/* Makes a slice of a part's output. */
static enum part_outcome adopt_part(struct transcode_part *part, struct clip_slice *out, bool *frames_missing)
{
	struct segment_reader segment;
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
	if (!segment_reader_adopt(fd, end.first_wall_us, &segment))
		return PART_FAILED;
	*frames_missing |= segment.count != end.frames || (!part->slice && end.first_wall_us != part->first_wall_us);
	if (segment.count == 0) {
		segment_reader_close(&segment, false);
		return PART_EMPTY;
	}
	if (!clip_slice_whole(&segment, part->slice ? CLIP_TRANSCODED : CLIP_MEMORY, out))
		return PART_FAILED;
	out->tail.duration_us = (uint32_t)part->last_duration_us;
	return PART_MADE;
}

/* Puts a part into the plan, into which `*moved` slices have been inserted before its position. */
static bool join_part(struct transcode *transcode, struct transcode_part *part, struct clip_plan *plan,
		      ptrdiff_t *moved)
{
	struct clip_slice slice;
	size_t at = (size_t)((ptrdiff_t)part->position + *moved);

	switch (adopt_part(part, &slice, &transcode->frames_missing)) {
	case PART_FAILED:
	case PART_OVERWRITTEN:
		return false;
	case PART_EMPTY:
		if (part->slice) {
			clip_plan_remove(plan, at);
			--*moved;
		}
		return true;
	case PART_MADE:
		break;
	}
	if (part->slice)
		clip_plan_replace(plan, at, &slice);
	else if (clip_plan_insert(plan, at, &slice))
		++*moved;
	else
		return false;
	return true;
}

bool transcode_adopt(struct transcode *transcode, struct clip_plan *plan)
{
	ptrdiff_t moved = 0;

	for (size_t i = 0; i < transcode->count; i++)
		if (!join_part(transcode, &transcode->parts[i], plan, &moved))
			return false;
	for (size_t i = 0; i < transcode->count; i++)
		transcode->parts[i].slice = NULL; /* the plan has replaced it */
	return true;
}
