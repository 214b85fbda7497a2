/*
 * clock.h - the file through which a test sets the clocks of programs that are started with LD_PRELOAD=clock.so.
 *
 * CLOCK_PRELOAD names it: 24 bytes that both sides map, in the machine's byte order. tests/e2e/support/faulty_rig.py
 * writes it.
 */
#ifndef TESTS_PRELOAD_CLOCK_H
#define TESTS_PRELOAD_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

#define CLOCK_BYTES 24

struct clock_control {
	_Atomic int64_t offset_us;     /* added to CLOCK_REALTIME */
	_Atomic uint32_t synchronised; /* what adjtimex() says: 1 as after NTP, 0 as after date -s */
	_Atomic uint32_t monotonic_s;  /* added to CLOCK_MONOTONIC alone, so that what is remembered gets older */
	_Atomic int64_t suspended_us;  /* added to CLOCK_BOOTTIME, and to CLOCK_REALTIME as well */
};

#endif
