/* ages.c - a growing list of durations. */
#include "tests/bench/ages.h"

#include <stdio.h>
#include <stdlib.h>

void ages_add(struct ages *ages, double age_ms)
{
	if (ages->count == ages->room) {
		ages->room = ages->room ? ages->room * 2 : 65536;
		ages->ms = realloc(ages->ms, ages->room * sizeof(*ages->ms));
		if (!ages->ms)
			abort();
	}
	ages->ms[ages->count++] = (float)age_ms;
}

static int by_value(const void *a, const void *b)
{
	float left = *(const float *)a, right = *(const float *)b;

	return (left > right) - (left < right);
}

void ages_print(const char *name, struct ages *ages)
{
	size_t n = ages->count;

	if (n > 0)
		qsort(ages->ms, n, sizeof(*ages->ms), by_value);
	printf(", \"%s\": {\"count\": %zu, \"median\": %.3f, \"p99\": %.3f, \"max\": %.3f}", name, n,
	       n ? (double)ages->ms[n / 2] : 0, n ? (double)ages->ms[n * 99 / 100] : 0,
	       n ? (double)ages->ms[n - 1] : 0);
}
