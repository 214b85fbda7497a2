/* motion_query.c - the seconds in which something moved. */
#include "fcgi/motion/motion_query.h"

#include <errno.h>

#include "fcgi/motion/motion_walk.h"

static bool take(const struct motion_record *record, void *context)
{
	struct motion_spans *moving = context;

	motion_spans_append(moving, record->second, record->second + 1);
	return !moving->failed;
}

void motion_found_free(struct motion_found *found)
{
	motion_spans_free(&found->moving);
	motion_spans_free(&found->covered);
}

bool motion_query(int folder, const struct motion_question *question, struct motion_found *out)
{
	const struct motion_need need = {.mask = question->mask, .least = question->least};
	struct motion_walk walk = {
		.folder = folder,
		.from_second = question->from_second,
		.to_second = question->to_second,
		.need = &need,
		.on_second = take,
		.context = &out->moving,
		.covered = &out->covered,
	};

	*out = (struct motion_found){0};
	bool good = motion_walk_run(&walk);
	if (good && out->moving.failed) {
		errno = ENOMEM;
		good = false;
	}
	if (!good) {
		int kept = errno;
		motion_found_free(out);
		errno = kept;
	}
	out->settled = good && walk.settled;
	return good;
}
