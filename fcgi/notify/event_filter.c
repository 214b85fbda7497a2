/* event_filter.c - reads which notifications a client wants. */
#include "fcgi/notify/event_filter.h"

#include <assert.h>
#include <string.h>

#include "fcgi/http/query.h"
#include "fcgi/motion/motion_question.h"

#define EVENTS_MAX 512
#define JOIN_MAX_S 3600L

static_assert(NOTIFICATION_KINDS <= 32, "a bit for each kind");

static const uint32_t all_kinds = (uint32_t)((UINT64_C(1) << NOTIFICATION_KINDS) - 1);

/* Adds the kinds of a list, which is cut into its parts. */
static bool add_kinds(char *list, uint32_t *kinds, struct reason *why)
{
	char *rest = list;

	for (char *name; (name = strsep(&rest, ",")) != NULL;) {
		enum notification_kind kind;
		if (!notification_kind_parse(name, &kind))
			return reason_set(why,
					  "events= has \"%.40s\", which is no kind of event. They are listed at "
					  "/events/live in recorder-api(7).",
					  name);
		*kinds |= 1u << kind;
	}
	return true;
}

static bool read_kinds(const char *query, uint32_t *kinds, struct reason *why)
{
	char list[EVENTS_MAX];
	enum query_outcome outcome = query_get(query, "events", list, sizeof(list));

	*kinds = outcome == QUERY_ABSENT ? all_kinds : 0;
	if (outcome == QUERY_MALFORMED)
		return reason_set(why, "events= is too long, or its percent-encoding is wrong.");
	return outcome == QUERY_ABSENT || add_kinds(list, kinds, why);
}

static bool read_rule(const char *query, struct event_filter *out, struct reason *why)
{
	struct motion_event_rule usual;
	long join_s = MOTION_EVENT_JOIN_SECONDS;

	motion_event_rule_init(&usual);
	motion_event_rule_init(&out->rule);
	if (!motion_question_read(query, &out->rule.mask, &out->rule.least, why) ||
	    !query_number(query, "join", 1, JOIN_MAX_S, &join_s, why))
		return false;
	out->rule.join = join_s;
	out->own_rule = memcmp(&usual.mask, &out->rule.mask, sizeof(usual.mask)) != 0 ||
			out->rule.least != usual.least || out->rule.join != usual.join;
	return true;
}

static bool read_position(const char *query, struct event_filter *out, struct reason *why)
{
	char text[EVENT_POSITION_BYTES];
	enum query_outcome outcome = query_get(query, "last_event_id", text, sizeof(text));

	if (outcome == QUERY_ABSENT)
		return true;
	out->continues = outcome == QUERY_FOUND && event_position_parse(text, &out->position);
	return out->continues || reason_set(why, "last_event_id= must be an id of this stream.");
}

bool event_filter_read(const char *query, struct event_filter *out, struct reason *why)
{
	*out = (struct event_filter){0};
	return query_check(query, EVENT_FILTER_PARAMS, why) && read_kinds(query, &out->kinds, why) &&
	       read_rule(query, out, why) && read_position(query, out, why);
}
