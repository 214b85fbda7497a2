/* heatmap.c - GET /motion/heatmap?from=&to=: in how many seconds each cell moved. */
#include <json-c/json.h>

#include "fcgi/events/events_handlers.h"
#include "fcgi/events/motion_answer.h"
#include "fcgi/motion/motion_walk.h"

#define DEFAULT_S 86400

struct heatmap {
	struct motion_answer answer;
	uint32_t moving; /* seconds */
	uint32_t cells[MOTION_CELLS];
};

static bool count_cells(const struct motion_record *record, void *context)
{
	struct heatmap *map = context;
	struct motion_cells cells = record->cells;

	motion_cells_select(&cells, &map->answer.mask, map->answer.least);
	map->moving++;
	for (int byte = 0; byte < MOTION_PLANE_BYTES; byte++)
		for (unsigned left = cells.low[byte] | cells.high[byte]; left; left &= left - 1)
			map->cells[8 * byte + __builtin_ctz(left)]++;
	return true;
}

static struct json_object *rows_json(const struct heatmap *map)
{
	struct json_object *rows = json_object_new_array();

	for (int row = 0; row < MOTION_ROWS; row++) {
		struct json_object *cells = json_object_new_array();
		for (int column = 0; column < MOTION_COLUMNS; column++)
			json_object_array_add(cells, json_object_new_int64(map->cells[row * MOTION_COLUMNS + column]));
		json_object_array_add(rows, cells);
	}
	return rows;
}

static bool heatmap_make(struct motion_answer *answer)
{
	struct heatmap *map = (struct heatmap *)answer;
	const struct motion_need need = {.mask = answer->mask, .least = answer->least};
	struct motion_spans covered = {0};
	struct motion_walk walk = {
		.folder = answer->folder,
		.from_second = answer->oldest_second,
		.to_second = answer->to_second,
		.need = &need,
		.on_second = count_cells,
		.context = map,
		.covered = &covered,
	};
	int64_t known = 0;

	if (answer->folder >= 0 && !motion_walk_run(&walk)) {
		motion_spans_free(&covered);
		return false;
	}
	for (size_t i = 0; i < covered.count; i++)
		known += covered.items[i].to_second - covered.items[i].from_second;
	struct json_object *json = json_object_new_object();
	motion_answer_add_range(answer, json);
	json_object_object_add(json, "columns", json_object_new_int(MOTION_COLUMNS));
	json_object_object_add(json, "rows", json_object_new_int(MOTION_ROWS));
	json_object_object_add(json, "known", json_object_new_int64(known));
	/* What is not known is null, so that nobody takes it for nothing. */
	json_object_object_add(json, "moving", known > 0 ? json_object_new_int64(map->moving) : NULL);
	json_object_object_add(json, "cells", known > 0 ? rows_json(map) : NULL);
	motion_answer_add_covered(&covered, json);
	motion_spans_free(&covered);
	answer->settled = walk.settled;
	return motion_answer_set_json(answer, json);
}

void handle_motion_heatmap(struct api_request *request)
{
	struct heatmap *map = motion_answer_create(request, sizeof(*map), DEFAULT_S);

	if (!map)
		return;
	map->answer.make = heatmap_make;
	motion_answer_run(&map->answer);
}
