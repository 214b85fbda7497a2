/* motion_question.c - reads the parameters of a question about motion. */
#include "fcgi/motion/motion_question.h"

#include <string.h>

#include "fcgi/http/query.h"
#include "shared/motion/motion_area.h"

/* Calls `apply` for each area of that name. *count gets how many there are. */
static bool read_areas(const char *query, const char *name,
		       void (*apply)(const struct motion_area *area, struct motion_mask *mask),
		       struct motion_mask *mask, int *count, struct reason *why)
{
	char text[MOTION_AREA_TEXT_BYTES];
	struct motion_area area;
	enum query_outcome outcome;

	for (*count = 0; (outcome = query_next(&query, name, text, sizeof(text))) != QUERY_ABSENT; ++*count) {
		if (outcome == QUERY_MALFORMED)
			return reason_set(why, "%s= is longer than %d bytes, or its percent-encoding is wrong.", name,
					  MOTION_AREA_TEXT_BYTES - 1);
		if (*count == MOTION_AREAS_MAX)
			return reason_set(why, "%s= is given more than %d times.", name, MOTION_AREAS_MAX);
		if (!motion_area_parse(name, text, &area, why))
			return false;
		apply(&area, mask);
	}
	return true;
}

static bool read_strength(const char *query, enum motion_strength *least, struct reason *why)
{
	char text[QUERY_VALUE_MAX];
	enum query_outcome outcome = query_get(query, "strength", text, sizeof(text));

	*least = MOTION_FAINT;
	if (outcome == QUERY_ABSENT)
		return true;
	return (outcome == QUERY_FOUND && motion_strength_parse(text, least)) ||
	       reason_set(why, "strength= must be faint, clear or strong.");
}

bool motion_question_read(const char *query, struct motion_mask *mask, enum motion_strength *least, struct reason *why)
{
	int count;

	memset(mask, 0, sizeof(*mask));
	if (!read_areas(query, "area", motion_area_include, mask, &count, why))
		return false;
	if (count == 0)
		motion_mask_fill(mask);
	return read_areas(query, "not", motion_area_exclude, mask, &count, why) && read_strength(query, least, why);
}
