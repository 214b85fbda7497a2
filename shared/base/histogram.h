/*
 * histogram.h - histograms of durations, in memory that several processes and threads may add to.
 *
 * A duration counts in the first bucket whose bound it does not exceed; the last bucket has no bound. Prometheus' text
 * format has cumulative counts, so the code that prints them adds them up.
 */
#ifndef SHARED_BASE_HISTOGRAM_H
#define SHARED_BASE_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

#define HISTOGRAM_BOUNDS 14

extern const int64_t histogram_bounds_us[HISTOGRAM_BOUNDS];

struct histogram {
	_Atomic uint64_t counts[HISTOGRAM_BOUNDS + 1];
	_Atomic uint64_t sum_us;
};

/* A negative duration, from the clocks of two processors, counts as 0. */
void histogram_add(struct histogram *histogram, int64_t duration_us);

#endif
