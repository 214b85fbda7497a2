/* min.h - the smaller of two numbers. */
#ifndef SHARED_BASE_MIN_H
#define SHARED_BASE_MIN_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A length in memory, limited by a number of any size. */
static inline size_t min_size(size_t a, uint64_t b)
{
	return (size_t)min_u64(a, b);
}

#endif
