/*
 * fake_clock.h - clocks that a test can set: clock_gettime() of the whole program is the kernel's, moved by as much as
 * the test says. Include it in one file of a program.
 */
#ifndef TESTS_UNIT_SUPPORT_FAKE_CLOCK_H
#define TESTS_UNIT_SUPPORT_FAKE_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Where a long has 32 bits, the older call gives a time of 32 bits. */
#ifdef SYS_clock_gettime64
#define CLOCK_GETTIME_CALL SYS_clock_gettime64
#else
#define CLOCK_GETTIME_CALL SYS_clock_gettime
#endif

static _Atomic int64_t mono_ahead_us, wall_ahead_us;
static _Atomic unsigned mono_asked; /* so often was the monotonic clock */

int clock_gettime(clockid_t id, struct timespec *out)
{
	int64_t ahead_us = id == CLOCK_REALTIME    ? atomic_load(&wall_ahead_us)
			   : id == CLOCK_MONOTONIC ? atomic_load(&mono_ahead_us)
						   : 0;
	atomic_fetch_add(&mono_asked, id == CLOCK_MONOTONIC);
	long result = syscall(CLOCK_GETTIME_CALL, id, out);
	int64_t ns = out->tv_nsec + ahead_us % 1000000 * 1000;

	out->tv_sec += ahead_us / 1000000 + ns / 1000000000 - (ns < 0);
	out->tv_nsec = (long)((ns % 1000000000 + 1000000000) % 1000000000);
	return (int)result;
}

#endif
