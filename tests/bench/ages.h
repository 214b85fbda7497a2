/* ages.h - a growing list of durations in milliseconds, and its statistics. */
#ifndef TESTS_BENCH_AGES_H
#define TESTS_BENCH_AGES_H

#include <stddef.h>

struct ages {
	float *ms;
	size_t count, room;
};

void ages_add(struct ages *ages, double age_ms);

/* Sorts the list and prints `, "NAME": {"count": N, "median": ..., "p99": ..., "max": ...}`. */
void ages_print(const char *name, struct ages *ages);

#endif
