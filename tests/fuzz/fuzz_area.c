/*
 * fuzz_area.c - areas of the picture in a query.
 *
 * A refusal has a reason that names a parameter. An area has cells, or takes some away; one that is taken away leaves no
 * more than before, and the same area that is looked at takes at least those cells.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "fcgi/motion/motion_question.h"
#include "shared/motion/motion_area.h"

static int count(const struct motion_mask *mask)
{
	int cells = 0;

	for (size_t i = 0; i < sizeof(mask->bits); i++)
		cells += __builtin_popcount(mask->bits[i]);
	return cells;
}

static void check_area(const char *text)
{
	struct motion_mask inside = {0}, outside;
	struct motion_area area;
	struct reason why = {""};

	if (!motion_area_parse("area", text, &area, &why)) {
		holds(strncmp(why.text, "area=", 5) == 0);
		return;
	}
	holds(area.corners >= 3 && area.corners <= MOTION_AREA_CORNERS_MAX);
	for (int i = 0; i < area.corners; i++)
		holds(area.x[i] >= 0 && area.x[i] <= 1 && area.y[i] >= 0 && area.y[i] <= 1);
	motion_area_include(&area, &inside);
	motion_mask_fill(&outside);
	motion_area_exclude(&area, &outside);
	holds(count(&inside) > 0);
	for (size_t i = 0; i < sizeof(inside.bits); i++)
		holds((uint8_t)(inside.bits[i] | outside.bits[i]) == 0xff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	char *text = input_text(&input), *query = input_text(&input);
	enum motion_strength least = MOTION_NONE;
	struct motion_mask mask;
	struct reason why = {""};

	check_area(text);
	if (motion_question_read(query, &mask, &least, &why))
		holds(least >= MOTION_FAINT && least <= MOTION_STRONG);
	else
		holds(strstr(why.text, "area=") || strstr(why.text, "not=") || strstr(why.text, "strength="));
	free(query);
	free(text);
	return 0;
}
