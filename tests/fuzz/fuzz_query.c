/*
 * fuzz_query.c - the query of a URL.
 *
 * A value that was found and is percent-encoded again is found as the same value. A range begins before its end, on a
 * whole second. A position in a stream of events is read as it was written. A refusal has a reason.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fcgi/http/query.h"
#include "fcgi/live/live_request.h"

static const wall_t now = {INT64_C(1792393405678901)};

static void check_value(const char *query, const char *name)
{
	char value[QUERY_VALUE_MAX], again[QUERY_VALUE_MAX], encoded[QUERY_VALUE_MAX * 3 + 16];

	if (query_get(query, name, value, sizeof(value)) != QUERY_FOUND)
		return;
	holds(strstr(query, name) && strnlen(value, sizeof(value)) < sizeof(value));
	int length = snprintf(encoded, sizeof(encoded), "a&%s=", name);
	for (const char *at = value; *at; at++)
		length += snprintf(encoded + length, sizeof(encoded) - (size_t)length, "%%%02X", (unsigned char)*at);
	holds(query_get(encoded, name, again, sizeof(again)) == (value[0] ? QUERY_FOUND : QUERY_ABSENT) || !value[0]);
	holds(!value[0] || strcmp(value, again) == 0);
}

static void check_number(const char *query)
{
	struct reason why = {""};
	long number = 7;

	if (query_number(query, "speed", 1, 600, &number, &why))
		holds(number >= 1 && number <= 600);
	else
		holds(why.text[0] != '\0' && number == 7);
}

static void check_span(const char *query, bool need_both)
{
	struct reason why = {""};
	struct query_span span;

	if (!query_span(query, now, need_both, &span, &why)) {
		holds(why.text[0] != '\0');
		return;
	}
	holds(span.from_us < span.to_us && span.from_us >= 0 && span.from_us % US_PER_S == 0);
	holds(!need_both || (span.has_from && span.has_to));
	holds(span.open_end || span.to_us <= now.us);
	holds(span.moving || !span.open_end);
}

/* A query that is accepted has no unknown names, and each name only once: doubled, it is refused. */
static void check_names(const char *query)
{
	struct reason why = {""};
	char unused[1];

	(void)query_check_picture(query, "fps camera action", &why);
	if (!query_check(query, "from to", &why)) {
		holds(why.text[0] != '\0');
		return;
	}
	bool has_name = query_get(query, "from", unused, sizeof(unused)) != QUERY_ABSENT;
	holds(query_get(query, "speed", unused, sizeof(unused)) == QUERY_ABSENT);
	char *twice = malloc(strlen(query) * 2 + 2);
	if (twice) {
		sprintf(twice, "%s&%s", query, query);
		holds(!has_name || !query_check(twice, "from to", &why));
	}
	free(twice);
}

static void check_live(const char *query)
{
	static struct config camera = {.camera.name = "bench"};
	const struct config_set cameras = {.cameras = &camera, .count = 1};
	struct reason why = {""};
	struct live_options options;

	if (live_request_read(&cameras, "GET", "/stream", query, &options, &why) != 200)
		holds(why.text[0] != '\0');
	else
		holds(options.camera == &camera && options.period_us >= 0 && options.period_us <= US_PER_S);
}

/* A position that was read is written as the same text, and read again as the same position. */
static void check_position(const char *text)
{
	char again[EVENT_POSITION_BYTES];
	struct event_position one, other;

	if (!event_position_parse(text, &one))
		return;
	event_position_text(&one, again);
	holds(event_position_parse(again, &other));
	holds(one.series == other.series && one.number == other.number && one.second == other.second);
	holds(one.number > 0 && (one.second == EVENT_POSITION_NO_SECOND || one.second >= 0));
}

static void check_live_events(const char *query)
{
	struct reason why = {""};
	struct event_filter filter;

	check_position(query);
	if (!event_filter_read(query, &filter, &why)) {
		holds(why.text[0] != '\0');
		return;
	}
	holds(filter.kinds != 0 && filter.kinds >> NOTIFICATION_KINDS == 0);
	holds(filter.rule.least >= MOTION_FAINT && filter.rule.join >= 1);
	holds(!filter.continues || filter.position.number > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	char *query = input_text(&input);

	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	check_value(query, "from");
	check_value(query, "camera");
	check_number(query);
	check_span(query, false);
	check_span(query, true);
	check_names(query);
	check_live(query);
	check_live_events(query);
	free(query);
	return 0;
}
