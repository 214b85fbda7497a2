/* motion_spans.h - rows of whole seconds: those in which something moved, or those that have records. */
#ifndef FCGI_MOTION_MOTION_SPANS_H
#define FCGI_MOTION_MOTION_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The seconds [from_second, to_second). */
struct motion_span {
	int64_t from_second, to_second;
};

/* Ascending; two spans neither overlap nor touch. A zeroed one is empty. */
struct motion_spans {
	struct motion_span *items; /* owned */
	size_t count, capacity;
	bool failed; /* memory ran out: something is missing */
};

void motion_spans_free(struct motion_spans *spans);

/* Adds a span that begins at or after the beginning of the last one, and joins it to that one if they touch. */
void motion_spans_append(struct motion_spans *spans, int64_t from_second, int64_t to_second);

/* Adds a span that ends at or before the end of the last one; motion_spans_reverse() then puts them in order. */
void motion_spans_prepend(struct motion_spans *spans, int64_t from_second, int64_t to_second);
void motion_spans_reverse(struct motion_spans *spans);

/* Makes each span begin and end that many seconds earlier and later, within [from_second, to_second). */
void motion_spans_widen(struct motion_spans *spans, int64_t before, int64_t after, int64_t from_second,
			int64_t to_second);

#endif
