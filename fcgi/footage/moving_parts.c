/* moving_parts.c - finds the seconds of a range in which something moved. */
#include "fcgi/footage/moving_parts.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/http/query.h"
#include "fcgi/motion/motion_question.h"
#include "shared/base/clock.h"
#include "shared/motion/motion_area.h"
#include "shared/segment/catalogue.h"
#include "shared/text/time_text.h"

#define DAY_S            INT64_C(86400)
#define ENTRIES_PER_READ 32u

static const char *const with_it[] = {"area", "not", "strength", "before", "after"};

#define WITH_IT (sizeof(with_it) / sizeof(with_it[0]))

/* Reads before= or after=: a duration, rounded up to whole seconds, or 0. */
static bool read_margin(const char *query, const char *name, int64_t *out_s, struct reason *why)
{
	char text[QUERY_VALUE_MAX];
	enum query_outcome outcome = query_get(query, name, text, sizeof(text));
	int64_t us = 0;

	*out_s = 0;
	if (outcome == QUERY_ABSENT || (outcome == QUERY_FOUND && (strcmp(text, "0") == 0 || strcmp(text, "0s") == 0)))
		return true;
	if (outcome == QUERY_FOUND && time_parse_duration(text, strlen(text), &us) == TIME_OK)
		*out_s = us / US_PER_S + (us % US_PER_S != 0);
	if (*out_s > 0 && *out_s <= MOVING_PARTS_BEFORE_MAX_S)
		return true;
	return reason_set(why, "%s= must be a number of seconds from 0 to %d, such as 2s.", name,
			  MOVING_PARTS_BEFORE_MAX_S);
}

bool moving_parts_read(const char *query, struct moving_parts *out, struct reason *why)
{
	char text[QUERY_VALUE_MAX], unused[1];
	enum query_outcome only = query_get(query, "only", text, sizeof(text));

	*out = (struct moving_parts){.wanted = only == QUERY_FOUND && strcmp(text, "motion") == 0};
	if (only != QUERY_ABSENT && !out->wanted)
		return reason_set(why, "only= must be motion.");
	for (size_t i = 0; i < WITH_IT && !out->wanted; i++)
		if (query_get(query, with_it[i], unused, sizeof(unused)) != QUERY_ABSENT)
			return reason_set(why, "%s= needs only=motion.", with_it[i]);
	return !out->wanted ||
	       (motion_question_read(query, &out->question.mask, &out->question.least, why) &&
		read_margin(query, "before", &out->before_s, why) && read_margin(query, "after", &out->after_s, why));
}

void moving_parts_free(struct moving_parts *moving)
{
	motion_found_free(&moving->found);
	free(moving->parts);
	moving->parts = NULL;
	moving->count = 0;
	moving->length_us = 0;
}

static bool parts_make(struct moving_parts *moving, int64_t to_us)
{
	const struct motion_spans *spans = &moving->found.moving;

	moving->parts = calloc(spans->count > 0 ? spans->count : 1, sizeof(*moving->parts));
	if (!moving->parts || spans->failed) {
		errno = ENOMEM;
		return false;
	}
	for (size_t i = 0; i < spans->count; i++) {
		struct clip_part part = {spans->items[i].from_second * US_PER_S, spans->items[i].to_second * US_PER_S};
		part.to_us = part.to_us < to_us ? part.to_us : to_us;
		moving->parts[moving->count++] = part;
		moving->length_us += part.to_us - part.from_us;
	}
	return true;
}

bool moving_parts_find(struct moving_parts *moving, int folder, int64_t from_us, int64_t to_us)
{
	struct motion_question *question = &moving->question;
	int64_t now_second = wall_now().us / US_PER_S + 1;

	moving_parts_free(moving);
	question->from_second = from_us / US_PER_S;
	question->to_second = to_us / US_PER_S + (to_us % US_PER_S != 0);
	if (question->to_second > now_second)
		question->to_second = now_second;
	if (question->to_second <= question->from_second)
		question->to_second = question->from_second;
	if (question->to_second - question->from_second > MOVING_PARTS_DAYS_MAX * DAY_S) {
		errno = EOVERFLOW;
		return false;
	}
	if (!motion_query(folder, question, &moving->found))
		return false;
	motion_spans_widen(&moving->found.moving, moving->before_s, moving->after_s, question->from_second,
			   question->to_second);
	return parts_make(moving, to_us);
}

static int span_order(const void *a, const void *b)
{
	const struct motion_span *left = a, *right = b;

	return left->from_second < right->from_second ? -1 : left->from_second > right->from_second;
}

/* Appends the seconds that a segment may have, within the range. */
static void add_footage(const struct motion_question *range, const struct catalogue_entry *entry,
			struct motion_span *out, size_t *count)
{
	int64_t end_us = entry->state == CATALOGUE_COMPLETE ? entry->end_wall_us : CLOCK_MAX_US;
	struct motion_span span = {entry->start_wall_us / US_PER_S, (end_us + US_PER_S - 1) / US_PER_S};

	span.from_second = span.from_second > range->from_second ? span.from_second : range->from_second;
	span.to_second = span.to_second < range->to_second ? span.to_second : range->to_second;
	if (span.from_second < span.to_second)
		out[(*count)++] = span;
}

/* Reads where there is footage: an ascending array that the caller frees. Returns false with errno. */
static bool footage_read(const struct motion_question *range, const struct catalogue *catalogue,
			 struct motion_span **out, size_t *count)
{
	struct catalogue_entry entries[ENTRIES_PER_READ];
	uint64_t next, end;

	*out = NULL;
	*count = 0;
	errno = 0;
	if (!catalogue_range(catalogue, range->from_second * US_PER_S, range->to_second * US_PER_S, &next, &end))
		goto unreadable;
	*out = calloc(end > next ? (size_t)(end - next) : 1, sizeof(**out));
	if (!*out)
		return false;
	while (next < end) {
		size_t wanted = end - next < ENTRIES_PER_READ ? (size_t)(end - next) : ENTRIES_PER_READ;
		errno = 0;
		if (catalogue_read(catalogue, next, wanted, entries) != wanted)
			goto unreadable;
		for (size_t i = 0; i < wanted; i++)
			add_footage(range, &entries[i], *out, count);
		next += wanted;
	}
	qsort(*out, *count, sizeof(**out), span_order);
	return true;

unreadable:
	if (errno == 0)
		errno = EBADMSG;
	return false;
}

/* Appends what of a span of footage is not covered. *at is the number of the first covered span that may matter. */
static void subtract_covered(const struct motion_spans *covered, const struct motion_span *footage, size_t *at,
			     struct motion_spans *unknown)
{
	int64_t from = footage->from_second;

	if (unknown->count > 0 && unknown->items[unknown->count - 1].to_second > from)
		from = unknown->items[unknown->count - 1].to_second;
	while (*at < covered->count && covered->items[*at].to_second <= from)
		++*at;
	for (size_t i = *at; i < covered->count && covered->items[i].from_second < footage->to_second; i++) {
		if (covered->items[i].from_second > from)
			motion_spans_append(unknown, from, covered->items[i].from_second);
		if (covered->items[i].to_second > from)
			from = covered->items[i].to_second;
	}
	if (from < footage->to_second)
		motion_spans_append(unknown, from, footage->to_second);
}

bool moving_parts_unknown(const struct moving_parts *moving, int folder, struct motion_spans *unknown)
{
	struct catalogue catalogue;
	struct motion_span *footage;
	size_t count, at = 0;

	*unknown = (struct motion_spans){0};
	enum catalogue_outcome outcome = catalogue_open(folder, &catalogue);
	if (outcome != CATALOGUE_OK)
		return outcome == CATALOGUE_MISSING;
	bool good = footage_read(&moving->question, &catalogue, &footage, &count);
	int error = errno;
	catalogue_close(&catalogue);
	for (size_t i = 0; good && i < count; i++)
		subtract_covered(&moving->found.covered, &footage[i], &at, unknown);
	free(footage);
	if (unknown->failed) {
		good = false;
		error = ENOMEM;
	}
	errno = error;
	return good;
}

static void append_value(const char *name, const char *value, struct buffer *out)
{
	buffer_printf(out, "&%s=", name);
	for (const char *at = value; *at; at++) {
		bool plain = isalnum((unsigned char)*at) || strchr("-._,", *at);
		buffer_printf(out, plain ? "%c" : "%%%02X", (unsigned char)*at);
	}
}

void moving_parts_append_query(const char *query, bool all, struct buffer *out)
{
	char text[MOTION_AREA_TEXT_BYTES];

	if (all)
		buffer_printf(out, "&only=motion");
	for (size_t i = 0; i < (all ? WITH_IT : 3); i++)
		for (const char *at = query; query_next(&at, with_it[i], text, sizeof(text)) == QUERY_FOUND;)
			append_value(with_it[i], text, out);
}
