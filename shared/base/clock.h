/*
 * clock.h - the two clocks, as two types that cannot be mixed by accident.
 *
 * Monotonic time (CLOCK_MONOTONIC) orders frames and measures ages and deadlines; it starts again at each boot. Wall
 * time (CLOCK_REALTIME: microseconds since 1970-01-01T00:00:00Z, without leap seconds) is what people ask for, and it
 * can be stepped. A run of frames has one mapping between the two: wall = mono + offset.
 */
#ifndef SHARED_BASE_CLOCK_H
#define SHARED_BASE_CLOCK_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

static_assert(sizeof(time_t) == 8, "times must work after 2038: -D_TIME_BITS=64");

typedef struct {
	int64_t us;
} mono_t;

typedef struct {
	int64_t us;
} wall_t;

/*
 * A time that was read from a file or from shared memory is plausible from 0 up to the year 2540. Linux sets no clock
 * past 2262, and sums and differences of such times fit an int64_t.
 */
#define CLOCK_MAX_US (INT64_C(1) << 54)

static inline bool clock_is_plausible(int64_t us)
{
	return us >= 0 && us < CLOCK_MAX_US;
}

#define US_PER_S  INT64_C(1000000)
#define US_PER_MS INT64_C(1000)

mono_t mono_now(void);
wall_t wall_now(void);

/* wall - mono now, in microseconds: the tightest of a few readings of both clocks. */
int64_t clock_offset_us(void);

static inline wall_t wall_from_mono(mono_t at, int64_t offset_us)
{
	return (wall_t){at.us + offset_us};
}

/* How long this machine has been suspended since it booted. The monotonic clock does not count that time. */
int64_t clock_suspended_us(void);

/* The kernel's boot id (/proc/sys/kernel/random/boot_id) as 16 bytes; all zero if it cannot be read. */
void clock_boot_id(uint8_t out[16]);

#endif
