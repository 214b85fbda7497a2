/* event_text.c - lists of events as JSON and as CSV. */
#include "fcgi/events/event_text.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

#include "fcgi/events/event_links.h"
#include "fcgi/motion/motion_question.h"
#include "shared/base/clock.h"
#include "shared/text/json_value.h"
#include "shared/text/time_text.h"

/* The cells' bounding box, as shares of the picture in ten-thousandths: what area= takes. */
struct box {
	int left, top, right, bottom; /* columns and rows; right and bottom are exclusive */
};

static struct box box_of(const struct motion_cells *cells)
{
	struct box box = {MOTION_COLUMNS, MOTION_ROWS, 0, 0};

	for (int row = 0; row < MOTION_ROWS; row++) {
		for (int column = 0; column < MOTION_COLUMNS; column++) {
			if (motion_cell(cells, column, row) == MOTION_NONE)
				continue;
			box.left = column < box.left ? column : box.left;
			box.right = column >= box.right ? column + 1 : box.right;
			box.top = row < box.top ? row : box.top;
			box.bottom = row + 1;
		}
	}
	return box;
}

/* x, y, width and height with five decimals. */
struct box_texts {
	char text[4][16];
};

static struct box_texts texts_of(const struct box *box)
{
	const double shares[4] = {
		(double)box->left / MOTION_COLUMNS,
		(double)box->top / MOTION_ROWS,
		(double)(box->right - box->left) / MOTION_COLUMNS,
		(double)(box->bottom - box->top) / MOTION_ROWS,
	};
	struct box_texts texts;

	/* Rounded down: x + width must not get past the edge. */
	for (int i = 0; i < 4; i++)
		snprintf(texts.text[i], sizeof(texts.text[i]), "%d.%05d", (int)shares[i],
			 (int)(shares[i] * 100000 + 1e-6) % 100000);
	return texts;
}

static struct json_object *box_json(const struct motion_cells *cells)
{
	const struct box box = box_of(cells);
	const struct box_texts texts = texts_of(&box);
	struct json_object *array = json_object_new_array();

	for (int i = 0; i < 4; i++)
		json_object_array_add(array, json_object_new_double_s(0, texts.text[i]));
	return array;
}

static void add_link(struct json_object *json, const char *name, const char *link)
{
	json_object_object_add(json, name, *link ? json_object_new_string(link) : NULL);
}

static struct json_object *event_json(const struct motion_answer *answer, struct footage_finder *footage,
				      const struct found_event *found)
{
	const struct motion_event *event = &found->event;
	struct json_object *json = json_object_new_object();
	struct event_links links;

	json_object_object_add(json, "type", json_object_new_string(event_type_text(found->type)));
	json_object_object_add(json, "start", json_time(event->from_second * US_PER_S));
	json_object_object_add(json, "end", json_time(event->to_second * US_PER_S));
	json_object_object_add(json, "duration", json_object_new_int64(event->to_second - event->from_second));
	if (found->type == EVENT_MOTION) {
		json_object_object_add(json, "peak", json_time(event->peak_second * US_PER_S));
		json_object_object_add(json, "strength",
				       json_object_new_string(motion_strength_text(event->strongest)));
		json_object_object_add(json, "moving", json_object_new_int64(event->moving_seconds));
		json_object_object_add(json, "cells", json_object_new_int64(motion_cells_count(&event->cells)));
		json_object_object_add(json, "box", box_json(&event->cells));
	}
	event_links_make(answer->request, footage, found, &links);
	add_link(json, "snapshot", links.snapshot);
	add_link(json, "footage", links.footage);
	add_link(json, "curl", links.curl);
	return json;
}

bool event_text_json(struct motion_answer *answer, const struct event_list *list, const struct catalogue *catalogue)
{
	struct json_object *json = json_object_new_object(), *events = json_object_new_array();
	struct footage_finder footage = {catalogue, 0, 0};

	motion_answer_add_range(answer, json);
	for (size_t i = 0; i < list->count; i++)
		json_object_array_add(events, event_json(answer, &footage, &list->events[i]));
	json_object_object_add(json, "events", events);
	motion_answer_add_covered(&list->covered, json);
	json_object_object_add(json, "more", json_object_new_boolean(list->more));
	return motion_answer_set_json(answer, json);
}

static void csv_begin(const char *type, int64_t from_second, int64_t to_second, struct buffer *out)
{
	char start[TIME_ISO_BYTES], end[TIME_ISO_BYTES];

	time_format_iso((wall_t){from_second * US_PER_S}, start);
	time_format_iso((wall_t){to_second * US_PER_S}, end);
	buffer_printf(out, "%s,%s,%s,%" PRId64 ",", type, start, end, to_second - from_second);
}

static void csv_unknown(int64_t from_second, int64_t to_second, struct buffer *out)
{
	csv_begin("unknown", from_second, to_second, out);
	buffer_printf(out, ",,,,,,,,,\r\n");
}

static void csv_event(struct motion_answer *answer, struct footage_finder *footage, const struct found_event *found)
{
	const struct motion_event *event = &found->event;
	struct buffer *out = &answer->text;
	char peak[TIME_ISO_BYTES];
	struct event_links links;

	event_links_make(answer->request, footage, found, &links);
	csv_begin(event_type_text(found->type), event->from_second, event->to_second, out);
	if (found->type == EVENT_MOTION) {
		const struct box box = box_of(&event->cells);
		const struct box_texts texts = texts_of(&box);
		time_format_iso((wall_t){event->peak_second * US_PER_S}, peak);
		buffer_printf(out, "%s,%s,%u,%u,%s,%s,%s,%s,", peak, motion_strength_text(event->strongest),
			      event->moving_seconds, motion_cells_count(&event->cells), texts.text[0], texts.text[1],
			      texts.text[2], texts.text[3]);
	} else {
		buffer_printf(out, ",,,,,,,,");
	}
	buffer_printf(out, "%s,%s\r\n", links.snapshot, links.footage);
}

/* The seconds of the range that no span covers, and the future. */
static void find_unknown(const struct motion_answer *answer, const struct motion_spans *covered,
			 struct motion_spans *unknown)
{
	int64_t at = answer->asked_from_second;

	for (size_t i = 0; i < covered->count; i++) {
		motion_spans_append(unknown, at, covered->items[i].from_second);
		at = covered->items[i].to_second;
	}
	motion_spans_append(unknown, at, answer->asked_to_second);
}

/* Writes the lines in the order of their beginnings. After the last event of several pages, the next page goes on. */
void event_text_csv(struct motion_answer *answer, const struct event_list *list, const struct catalogue *catalogue,
		    bool oldest_first)
{
	struct motion_spans unknown = {0};
	struct footage_finder footage = {catalogue, 0, 0};
	size_t next = 0, event = 0;

	find_unknown(answer, &list->covered, &unknown);
	if (!oldest_first)
		motion_spans_reverse(&unknown);
	buffer_printf(&answer->text,
		      "type,start,end,duration,peak,strength,moving,cells,x,y,width,height,snapshot,footage\r\n");
	while (event < list->count || (next < unknown.count && !list->more)) {
		const struct motion_span *gap = next < unknown.count ? &unknown.items[next] : NULL;
		const struct found_event *found = event < list->count ? &list->events[event] : NULL;
		bool later = gap && found && gap->from_second > found->event.from_second;
		if (gap && (!found || later != oldest_first)) {
			csv_unknown(gap->from_second, gap->to_second, &answer->text);
			next++;
		} else {
			csv_event(answer, &footage, found);
			event++;
		}
	}
	if (list->more)
		buffer_printf(&answer->text, "more,,,,,,,,,,,,,\r\n");
	answer->text.failed |= unknown.failed;
	motion_spans_free(&unknown);
}
