/* histogram.c - histograms of durations. */
#include "shared/base/histogram.h"

const int64_t histogram_bounds_us[HISTOGRAM_BOUNDS] = {500,    1000,   2000,   5000,    10000,   20000,   50000,
						       100000, 200000, 500000, 1000000, 2000000, 5000000, 10000000};

void histogram_add(struct histogram *histogram, int64_t duration_us)
{
	int bucket = 0;

	if (duration_us < 0)
		duration_us = 0;
	while (bucket < HISTOGRAM_BOUNDS && duration_us > histogram_bounds_us[bucket])
		bucket++;
	atomic_fetch_add_explicit(&histogram->counts[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->sum_us, (uint64_t)duration_us, memory_order_relaxed);
}
