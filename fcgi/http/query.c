/* query.c - parses the query of a URL. */
#include "fcgi/http/query.h"

#include <stdlib.h>
#include <string.h>

#include "fcgi/http/cache_buster.h"
#include "fcgi/http/percent.h"
#include "shared/text/time_text.h"

enum query_outcome query_next(const char **at, const char *name, char *out, size_t bytes)
{
	size_t name_length = strlen(name);

	while (**at) {
		const char *part = *at;
		size_t length = strcspn(part, "&");
		*at += length;
		*at += **at == '&';
		if (length > name_length && part[name_length] == '=' && memcmp(part, name, name_length) == 0)
			return percent_decode(part + name_length + 1, length - name_length - 1, true, out, bytes)
				       ? QUERY_FOUND
				       : QUERY_MALFORMED;
	}
	return QUERY_ABSENT;
}

enum query_outcome query_get(const char *query, const char *name, char *out, size_t bytes)
{
	return query_next(&query, name, out, bytes);
}

/* The index of a name in `names`, or -1. *repeatable is set if a `*` follows it there. */
static int name_index(const char *names, const char *name, size_t length, bool *repeatable)
{
	int number = 0;

	for (const char *at = names; *at; number++) {
		size_t known = strcspn(at, "* ");
		*repeatable = at[known] == '*';
		if (known == length && memcmp(at, name, length) == 0)
			return number;
		at += known + *repeatable;
		at += *at == ' ';
	}
	return -1;
}

static bool refuse_unknown(const char *name, size_t length, const char *names, struct reason *why)
{
	char expected[160];
	size_t used = 0;

	for (const char *at = names; *at && used + 1 < sizeof(expected); at++)
		if (*at != '*')
			expected[used++] = *at;
	expected[used] = '\0';
	return reason_set(why, "Unknown parameter \"%.*s\"; expected: %s.", length > 40 ? 40 : (int)length, name,
			  expected);
}

/* *seen has a bit for each of `names` that was there before. */
static bool check_parameter(const char *parameter, size_t length, const char *names, bool picture, unsigned *seen,
			    struct reason *why)
{
	size_t name_length = strcspn(parameter, "=&");
	bool repeatable = false;
	int number = name_index(names, parameter, name_length, &repeatable);

	if (cache_buster_is_bare(parameter, length))
		return true;
	if (number < 0 && picture && cache_buster_is_named(parameter, length, names))
		return true;
	if (number < 0)
		return refuse_unknown(parameter, name_length, names, why);
	if (*seen & 1u << number && !repeatable)
		return reason_set(why, "%.*s= is given twice.", (int)name_length, parameter);
	*seen |= 1u << number;
	return true;
}

static bool check(const char *query, const char *names, bool picture, struct reason *why)
{
	unsigned seen = 0;

	for (const char *part = query; *part; part += *part == '&') {
		size_t length = strcspn(part, "&");
		if (!check_parameter(part, length, names, picture, &seen, why))
			return false;
		part += length;
	}
	return true;
}

bool query_check(const char *query, const char *names, struct reason *why)
{
	return check(query, names, false, why);
}

bool query_check_picture(const char *query, const char *names, struct reason *why)
{
	return check(query, names, true, why);
}

bool query_number(const char *query, const char *name, long min, long max, long *value, struct reason *why)
{
	char text[QUERY_VALUE_MAX], *end;
	enum query_outcome outcome = query_get(query, name, text, sizeof(text));

	if (outcome == QUERY_ABSENT)
		return true;
	if (outcome == QUERY_FOUND && text[0] >= '0' && text[0] <= '9') {
		long number = strtol(text, &end, 10);
		if (*end == '\0' && number >= min && number <= max) {
			*value = number;
			return true;
		}
	}
	return reason_set(why, "%s= must be a whole number from %ld to %ld.", name, min, max);
}

enum named_time { TIME_ABSENT, TIME_GIVEN, TIME_REFUSED };

/* from: of to=, where the range begins, or NULL */
static enum named_time get_time(const char *query, const char *name, const wall_t *from, wall_t now,
				struct time_point *out, struct reason *why)
{
	enum time_side side = strcmp(name, "to") == 0 ? TIME_TO : TIME_FROM;
	char text[QUERY_VALUE_MAX];
	enum query_outcome outcome = query_get(query, name, text, sizeof(text));
	enum time_status status = TIME_MALFORMED;

	if (outcome == QUERY_ABSENT)
		return TIME_ABSENT;
	if (outcome == QUERY_FOUND)
		status = from ? time_parse_end(text, strlen(text), *from, now, out)
			      : time_parse(text, strlen(text), side, now, out);
	if (status == TIME_OK)
		return TIME_GIVEN;
	reason_set(why, "%s=: %s", name, time_status_message(status));
	return TIME_REFUSED;
}

static enum named_time get_duration(const char *query, int64_t *out_us, struct reason *why)
{
	char text[QUERY_VALUE_MAX];
	enum query_outcome outcome = query_get(query, "duration", text, sizeof(text));

	if (outcome == QUERY_ABSENT)
		return TIME_ABSENT;
	if (outcome == QUERY_FOUND && time_parse_duration(text, strlen(text), out_us) == TIME_OK)
		return TIME_GIVEN;
	reason_set(why, "duration= must be a number of seconds, or a number with s, m, h or d: 18, 1.5, 5m.");
	return TIME_REFUSED;
}

/* Reads the end of the span from to=, or from duration=, which counts from `from`. Returns false and sets *why. */
static bool get_end(const char *query, wall_t now, wall_t from, struct query_span *span, struct reason *why)
{
	struct time_point to;
	int64_t duration_us;
	char unused[1];
	enum named_time got = get_time(query, "to", span->has_from ? &from : NULL, now, &to, why);

	if (got == TIME_REFUSED)
		return false;
	if (got == TIME_GIVEN && query_get(query, "duration", unused, sizeof(unused)) != QUERY_ABSENT)
		return reason_set(why, "Give either to= or duration=, not both.");
	if (got == TIME_GIVEN) {
		span->has_to = true;
		span->to_us = to.at.us;
		span->moving |= to.relative;
		span->open_end = to.is_now;
		return true;
	}
	got = get_duration(query, &duration_us, why);
	if (got == TIME_GIVEN) {
		if (!span->has_from)
			return reason_set(why, "duration= needs from=, which is missing.");
		span->has_to = true;
		if (__builtin_add_overflow(from.us, duration_us, &span->to_us))
			span->to_us = INT64_MAX;
	}
	return got != TIME_REFUSED;
}

bool query_span(const char *query, wall_t now, bool need_both, struct query_span *out, struct reason *why)
{
	struct time_point from = {0};
	enum named_time got = get_time(query, "from", NULL, now, &from, why);

	*out = (struct query_span){.from_us = 0, .to_us = INT64_MAX};
	if (got == TIME_REFUSED)
		return false;
	if (got == TIME_GIVEN) {
		out->has_from = true;
		out->from_us = time_floor_second(from.at).us;
		out->moving = out->from_relative = from.relative;
	}
	if (!get_end(query, now, from.at, out, why))
		return false;
	if (need_both && (!out->has_from || !out->has_to))
		return reason_set(why, "Both from= and to= (or duration=) are required, for example "
				       "from=20260517_102300&to=20260517_102318.");
	if (out->to_us <= out->from_us)
		return reason_set(why, "to= must be later than from=.");
	if (out->to_us > now.us)
		out->open_end = true;
	out->moving |= out->open_end;
	return true;
}
