/* event_list.c - finds the events of a range. */
#include "fcgi/events/event_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/motion/motion_walk.h"

/* recorderd marks a second once what it saw has lasted for ten. */
#define MARKED_AFTER_S 9

static const uint8_t marks[EVENT_TYPES] = {
	[EVENT_COVERED] = MOTION_COVERED,
	[EVENT_VIEW_CHANGED] = MOTION_VIEW_CHANGED,
	[EVENT_BLURRED] = MOTION_BLURRED,
};

const char *event_type_text(enum event_type type)
{
	static const char *const texts[EVENT_TYPES] = {"motion", "covered", "view_changed", "blurred"};

	return texts[type];
}

/* A row of marked seconds that may go on. */
struct row {
	bool open;
	int64_t from_second, to_second;
};

struct search {
	const struct event_query *query;
	struct event_list *list;
	struct motion_event_finder finder;
	struct row rows[EVENT_TYPES];
	bool failed; /* memory ran out */
};

/* Does `a` belong before `b`? */
static bool is_before(const struct event_query *query, const struct found_event *a, const struct found_event *b)
{
	int64_t one = a->event.from_second, other = b->event.from_second;

	if (one == other)
		return a->type < b->type;
	return query->oldest_first ? one < other : one > other;
}

static bool make_room(struct event_list *list)
{
	if (list->count < list->capacity)
		return true;
	size_t capacity = list->capacity ? 2 * list->capacity : 128;
	struct found_event *events = realloc(list->events, capacity * sizeof(*events));
	if (!events)
		return false;
	list->events = events;
	list->capacity = capacity;
	return true;
}

/* Events end nearly in the order in which they are wanted. */
static void insert(struct search *search, enum event_type type, const struct motion_event *event)
{
	struct event_list *list = search->list;
	const struct found_event found = {type, *event};
	size_t at = list->count;

	if (!make_room(list)) {
		search->failed = true;
		return;
	}
	while (at > 0 && is_before(search->query, &found, &list->events[at - 1]))
		at--;
	memmove(&list->events[at + 1], &list->events[at], (list->count - at) * sizeof(found));
	list->events[at] = found;
	list->count++;
}

static void row_end(struct search *search, enum event_type type)
{
	struct row *row = &search->rows[type];
	const struct motion_event event = {
		.from_second = row->from_second - MARKED_AFTER_S > search->query->from_second
				       ? row->from_second - MARKED_AFTER_S
				       : search->query->from_second,
		.to_second = row->to_second,
	};

	row->open = false;
	insert(search, type, &event);
}

static bool is_apart(const struct row *row, int64_t second)
{
	return second >= row->to_second + MOTION_EVENT_JOIN_SECONDS ||
	       second + MOTION_EVENT_JOIN_SECONDS < row->from_second;
}

static void row_add(struct search *search, enum event_type type, const struct motion_record *record)
{
	struct row *row = &search->rows[type];

	if (row->open && is_apart(row, record->second))
		row_end(search, type);
	if (!(record->flags & marks[type]))
		return;
	if (!row->open)
		*row = (struct row){true, record->second, record->second + 1};
	if (record->second < row->from_second)
		row->from_second = record->second;
	if (record->second >= row->to_second)
		row->to_second = record->second + 1;
}

/* Where an event that is open, or has yet to begin, may still be put. Events that belong before it are final. */
static size_t final_before(const struct search *search, enum event_type type, int64_t from_second, size_t count)
{
	const struct found_event place = {.type = type, .event.from_second = from_second};

	while (count > 0 && !is_before(search->query, &search->list->events[count - 1], &place))
		count--;
	return count;
}

/* How many of the events that were found will keep their places, whatever comes after this second. */
static size_t final_count(const struct search *search, int64_t second)
{
	const struct motion_event_finder *finder = &search->finder;
	size_t count = search->list->count;

	count = final_before(search, EVENT_MOTION, search->query->oldest_first ? second - MARKED_AFTER_S : second,
			     count);
	if (finder->open && finder->event.moving_seconds > 0 && finder->event.from_second < finder->second)
		count = final_before(search, EVENT_MOTION, finder->event.from_second, count);
	else if (finder->open)
		count = final_before(search, EVENT_MOTION, finder->second, count);
	for (enum event_type type = EVENT_COVERED; type < EVENT_TYPES; type++)
		if (search->rows[type].open)
			count = final_before(search, type, search->rows[type].from_second - MARKED_AFTER_S, count);
	return count;
}

static bool take(const struct motion_record *record, void *context)
{
	struct search *search = context;
	struct motion_event event;

	if (motion_event_add(&search->finder, record, &event))
		insert(search, EVENT_MOTION, &event);
	for (enum event_type type = EVENT_COVERED; type < EVENT_TYPES; type++)
		row_add(search, type, record);
	return !search->failed && final_count(search, record->second) <= search->query->offset + search->query->limit;
}

/* What was still open when the records ended. */
static void finish(struct search *search)
{
	struct motion_event event;

	if (motion_event_finish(&search->finder, &event))
		insert(search, EVENT_MOTION, &event);
	for (enum event_type type = EVENT_COVERED; type < EVENT_TYPES; type++)
		if (search->rows[type].open)
			row_end(search, type);
}

/* Leaves the events of offset and limit. */
static void cut(const struct event_query *query, struct event_list *list)
{
	size_t skipped = query->offset < list->count ? query->offset : list->count, left = list->count - skipped;

	list->more = left > query->limit;
	list->count = list->more ? query->limit : left;
	if (skipped > 0)
		memmove(list->events, list->events + skipped, list->count * sizeof(list->events[0]));
}

bool event_list_find(const struct event_query *query, struct event_list *out)
{
	struct search search = {.query = query, .list = out};
	const struct motion_need need = {.mask = query->rule.mask,
					 .least = query->rule.least,
					 .flags = MOTION_COVERED | MOTION_VIEW_CHANGED | MOTION_BLURRED};
	struct motion_walk walk = {
		.folder = query->folder,
		.from_second = query->from_second,
		.to_second = query->to_second,
		.backwards = !query->oldest_first,
		.need = &need,
		.on_second = take,
		.context = &search,
		.covered = &out->covered,
	};

	*out = (struct event_list){0};
	motion_event_finder_init(&search.finder, &query->rule);
	if (!motion_walk_run(&walk))
		return false;
	finish(&search);
	if (search.failed) {
		errno = ENOMEM;
		return false;
	}
	cut(query, out);
	out->settled = walk.settled;
	return true;
}

void event_list_free(struct event_list *list)
{
	free(list->events);
	motion_spans_free(&list->covered);
	*list = (struct event_list){0};
}
