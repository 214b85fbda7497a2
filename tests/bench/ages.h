/* ages.h - a growing list of durations in milliseconds, and what is said about it. */
#ifndef TESTS_BENCH_AGES_H
#define TESTS_BENCH_AGES_H

#include <stddef.h>

struct ages {
	float *ms;
	size_t count, room;
};

void ages_add(struct ages *ages, double age_ms);

/* Prints `, "NAME": {"count": N, "median": …, "p99": …, "max": …}`; sorts them. */
void ages_print(const char *name, struct ages *ages);

#endif
