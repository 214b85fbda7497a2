/* captured_seconds.c - the seconds of which frames were captured, in order. */
#include "recorderd/motion/captured_seconds.h"

static int64_t *at(struct captured_seconds *captured, size_t index)
{
	return &captured->seconds[(captured->first + index) % CAPTURED_SECONDS_MAX];
}

static void drop_first(struct captured_seconds *captured, size_t count)
{
	captured->first = (captured->first + count) % CAPTURED_SECONDS_MAX;
	captured->count -= count;
}

void captured_seconds_note(struct captured_seconds *captured, int64_t second)
{
	if (captured->any && captured->newest == second)
		return;
	if (captured->count == CAPTURED_SECONDS_MAX)
		drop_first(captured, 1);
	*at(captured, captured->count++) = second;
	captured->newest = second;
	captured->any = true;
}

bool captured_seconds_take(struct captured_seconds *captured, int64_t second)
{
	for (size_t i = 0; i < captured->count; i++) {
		if (*at(captured, i) != second)
			continue;
		drop_first(captured, i + 1);
		return true;
	}
	return false;
}

void captured_seconds_restart(struct captured_seconds *captured)
{
	captured->count = 0;
	if (captured->any)
		*at(captured, captured->count++) = captured->newest;
}
