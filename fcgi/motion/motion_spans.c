/* motion_spans.c - rows of whole seconds. */
#include "fcgi/motion/motion_spans.h"

#include <stdlib.h>

void motion_spans_free(struct motion_spans *spans)
{
	free(spans->items);
	*spans = (struct motion_spans){0};
}

/* Returns the new last item, or NULL. */
static struct motion_span *add(struct motion_spans *spans)
{
	if (spans->count == spans->capacity) {
		size_t capacity = spans->capacity ? 2 * spans->capacity : 64;
		struct motion_span *items = realloc(spans->items, capacity * sizeof(*items));
		if (!items) {
			spans->failed = true;
			return NULL;
		}
		spans->items = items;
		spans->capacity = capacity;
	}
	return &spans->items[spans->count++];
}

void motion_spans_append(struct motion_spans *spans, int64_t from_second, int64_t to_second)
{
	struct motion_span *last = spans->count > 0 ? &spans->items[spans->count - 1] : NULL;

	if (from_second >= to_second)
		return;
	if (last && from_second <= last->to_second) {
		if (to_second > last->to_second)
			last->to_second = to_second;
		return;
	}
	last = add(spans);
	if (last)
		*last = (struct motion_span){from_second, to_second};
}

void motion_spans_prepend(struct motion_spans *spans, int64_t from_second, int64_t to_second)
{
	struct motion_span *last = spans->count > 0 ? &spans->items[spans->count - 1] : NULL;

	if (from_second >= to_second)
		return;
	if (last && to_second >= last->from_second) {
		if (from_second < last->from_second)
			last->from_second = from_second;
		return;
	}
	last = add(spans);
	if (last)
		*last = (struct motion_span){from_second, to_second};
}

void motion_spans_reverse(struct motion_spans *spans)
{
	for (size_t i = 0; i < spans->count / 2; i++) {
		struct motion_span swapped = spans->items[i];
		spans->items[i] = spans->items[spans->count - 1 - i];
		spans->items[spans->count - 1 - i] = swapped;
	}
}

void motion_spans_widen(struct motion_spans *spans, int64_t before, int64_t after, int64_t from_second,
			int64_t to_second)
{
	size_t count = spans->count;

	/* A span is only ever joined to one that was taken before it, so the array can be refilled in place. */
	spans->count = 0;
	for (size_t i = 0; i < count; i++) {
		int64_t from = spans->items[i].from_second - before, to = spans->items[i].to_second + after;
		motion_spans_append(spans, from > from_second ? from : from_second, to < to_second ? to : to_second);
	}
}
