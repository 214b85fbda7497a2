/* events.c - GET /events?from=&to=: when something moved, or something was done to the camera. */
#include <errno.h>
#include <string.h>

#include "fcgi/events/event_list.h"
#include "fcgi/events/event_text.h"
#include "fcgi/events/events_handlers.h"
#include "fcgi/events/motion_answer.h"
#include "fcgi/server/response.h"
#include "shared/segment/catalogue.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     10000L
#define OFFSET_MAX    100000L
#define JOIN_MAX_S    3600L

struct events {
	struct motion_answer answer;
	struct event_query query;
	bool csv;
};

static bool events_write(struct events *events, const struct event_list *list, const struct catalogue *catalogue)
{
	if (!events->csv)
		return event_text_json(&events->answer, list, catalogue);
	event_text_csv(&events->answer, list, catalogue, events->query.oldest_first);
	return true;
}

static bool events_make(struct motion_answer *answer)
{
	struct events *events = (struct events *)answer;
	struct event_list list = {0};
	struct catalogue catalogue;

	if (answer->folder < 0)
		return events_write(events, &list, NULL);
	enum catalogue_outcome outcome = catalogue_open(answer->folder, &catalogue);
	bool good = (outcome == CATALOGUE_OK || outcome == CATALOGUE_MISSING) &&
		    event_list_find(&events->query, &list) &&
		    events_write(events, &list, outcome == CATALOGUE_OK ? &catalogue : NULL);
	int error = errno;
	answer->settled = list.settled;
	if (outcome == CATALOGUE_OK)
		catalogue_close(&catalogue);
	event_list_free(&list);
	errno = error;
	return good;
}

/* Reads one of the words, which are in pairs of the same meaning. Returns false and sets *why. */
static bool read_word(const char *query, const char *name, const char *const words[4], const char *expected, int *out,
		      struct reason *why)
{
	char text[QUERY_VALUE_MAX];
	enum query_outcome outcome = query_get(query, name, text, sizeof(text));

	*out = 0;
	if (outcome == QUERY_ABSENT)
		return true;
	for (int i = 0; outcome == QUERY_FOUND && i < 4; i++) {
		if (words[i] && strcmp(text, words[i]) == 0) {
			*out = i / 2;
			return true;
		}
	}
	return reason_set(why, "%s= must be %s.", name, expected);
}

static bool read_query(struct events *events)
{
	static const char *const orders[4] = {"newest", "desc", "oldest", "asc"}, *const formats[4] = {"json", NULL,
												       "csv"};
	const char *query = events->answer.request->fcgi->query;
	long limit = LIMIT_DEFAULT, offset = 0, join_s = MOTION_EVENT_JOIN_SECONDS;
	int order, format;
	struct reason why;

	if (!query_number(query, "limit", 1, LIMIT_MAX, &limit, &why) ||
	    !query_number(query, "offset", 0, OFFSET_MAX, &offset, &why) ||
	    !query_number(query, "join", 1, JOIN_MAX_S, &join_s, &why) ||
	    !read_word(query, "order", orders, "newest or oldest", &order, &why) ||
	    !read_word(query, "format", formats, "json or csv", &format, &why)) {
		respond_problem(events->answer.request, 400, NULL, "%s", why.text);
		return false;
	}
	events->csv = format == 1;
	if (events->csv)
		events->answer.type = "text/csv; charset=utf-8";
	events->query = (struct event_query){
		.folder = events->answer.folder,
		.from_second = events->answer.oldest_second,
		.to_second = events->answer.to_second,
		.rule = {events->answer.mask, events->answer.least, join_s},
		.oldest_first = order == 1,
		.offset = (size_t)offset,
		.limit = (size_t)limit,
	};
	return true;
}

void handle_events(struct api_request *request)
{
	struct events *events = motion_answer_create(request, sizeof(*events), 0);

	if (!events || !read_query(events))
		return;
	events->answer.make = events_make;
	motion_answer_run(&events->answer);
}
