/*
 * query.h - the query of a URL: `name=value&…` with percent-encoding, and the times in it.
 */
#ifndef FCGI_HTTP_QUERY_H
#define FCGI_HTTP_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/clock.h"
#include "shared/base/reason.h"

#define QUERY_MAX       8192
#define QUERY_VALUE_MAX 128

enum query_outcome {
	QUERY_FOUND,
	QUERY_ABSENT,
	QUERY_MALFORMED, /* half a percent sign, a NUL in it, or longer than `bytes` */
};

/* The first value of that name, decoded (`+` is a space) and terminated. */
enum query_outcome query_get(const char *query, const char *name, char *out, size_t bytes);

/*
 * False where a name stands twice, or is none of `names` (a blank between them): a misspelt one would else be left out
 * of what is asked for without a word. Not looked at: `_=…` and bare numbers, which scripts append against caches.
 */
bool query_check(const char *query, const char *names, struct reason *why);

/* A whole number from `min` to `max`; *value stays as it is where the name is absent. */
bool query_number(const char *query, const char *name, long min, long max, long *value, struct reason *why);

struct query_span {
	int64_t from_us; /* floored to the second */
	int64_t to_us;   /* exclusive */
	bool moving;     /* named relatively, or not over yet: the same words mean other bytes later */
	bool open_end;   /* `to` is now, or still to come, or absent */
	bool has_from, has_to;
	bool from_relative;
};

/*
 * from=, to= or duration=. An absent `from` is the beginning of time, an absent `to` the end of it: `need_both` refuses
 * that.
 */
bool query_span(const char *query, wall_t now, bool need_both, struct query_span *out, struct reason *why);

#endif
