/* record_check.c - whether a record that recorder-motion sent can be true. */
#include "recorderd/motion/record_check.h"

#define FRAMES_MAX  10 /* motion.fps */
#define CHILD_FLAGS (MOTION_LEARNING | MOTION_GLOBAL | MOTION_DARK | MOTION_FEW_FRAMES)

static bool is_consistent(const struct motion_record *record)
{
	unsigned moving = motion_cells_count(&record->cells);

	if (record->pad != 0 || (record->flags & ~(unsigned)CHILD_FLAGS) || record->moving_cells != moving)
		return false;
	return moving == 0 || !(record->flags & (MOTION_LEARNING | MOTION_GLOBAL));
}

const char *record_check(const struct motion_record *record, struct captured_seconds *captured)
{
	if (!motion_record_valid(record, 0))
		return "sent bytes that are no record";
	if (!is_consistent(record))
		return "sent a record that contradicts itself";
	if (record->frames == 0 || record->frames > FRAMES_MAX)
		return "sent a record of an impossible number of pictures";
	if (!captured_seconds_take(captured, record->second))
		return "sent a record of a second that was not captured, or had one";
	return NULL;
}
