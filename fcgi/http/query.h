/* query.h - parses the query of a URL: `name=value&…` with percent-encoding, and the times in it. */
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
	QUERY_MALFORMED, /* malformed percent-encoding, an encoded NUL, or longer than `bytes` */
};

/* The first value of that name, decoded (`+` is a space) and NUL-terminated. */
enum query_outcome query_get(const char *query, const char *name, char *out, size_t bytes);

/*
 * The same for a name that may be repeated: the first value at or after *at, which is moved behind it. Begin with the
 * query itself.
 */
enum query_outcome query_next(const char **at, const char *name, char *out, size_t bytes);

/*
 * Returns false and sets *why if a name is not one of `names`, which are separated by blanks, or is there twice
 * although no `*` follows it in `names`. Otherwise a misspelt parameter would be ignored silently. `_=…` and bare
 * numbers, which scripts append to defeat caches, are allowed.
 */
bool query_check(const char *query, const char *names, struct reason *why);

/* The same for an address that returns a picture or a stream: named cache-busters are allowed, too (cache_buster.h). */
bool query_check_picture(const char *query, const char *names, struct reason *why);

/*
 * Reads a whole number from `min` to `max`. *value does not change if the name is absent. Returns false and sets *why.
 */
bool query_number(const char *query, const char *name, long min, long max, long *value, struct reason *why);

struct query_span {
	int64_t from_us; /* floored to the second */
	int64_t to_us;   /* exclusive */
	bool moving;     /* relative, or not over yet: the same query means something else later */
	bool open_end;   /* `to` is now, in the future or absent */
	bool has_from, has_to;
	bool from_relative;
};

/*
 * Reads from= and to= (shared/text/time_text.h) or duration=. Without from=, the span begins at time 0; without an end, it ends at INT64_MAX.
 * With `need_both`, that is refused. Returns false and sets *why.
 */
bool query_span(const char *query, wall_t now, bool need_both, struct query_span *out, struct reason *why);

#endif
