/* fake_clock.h - clocks that a test can move: replaces clock_gettime() in the whole program. */
#ifndef TESTS_UNIT_FAKES_FAKE_CLOCK_H
#define TESTS_UNIT_FAKES_FAKE_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

extern struct fake_clock {
	_Atomic int64_t mono_ahead_us, wall_ahead_us; /* of the kernel's clocks */
	_Atomic int64_t suspended_us;                 /* added to CLOCK_BOOTTIME, as time in suspend is */
	_Atomic unsigned mono_asked;                  /* how often the monotonic clock was read */
} fake_clock;

#endif
