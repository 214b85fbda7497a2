/* fake_clock.c - clocks that a test can move. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/fakes/fake_clock.h"

struct fake_clock fake_clock;

/* If a long has 32 bits, the older system call returns a time of 32 bits. */
#ifdef SYS_clock_gettime64
#define CLOCK_GETTIME_CALL SYS_clock_gettime64
#else
#define CLOCK_GETTIME_CALL SYS_clock_gettime
#endif

int clock_gettime(clockid_t id, struct timespec *out)
{
	int64_t mono_ahead_us = atomic_load(&fake_clock.mono_ahead_us);
	int64_t ahead_us = id == CLOCK_REALTIME    ? atomic_load(&fake_clock.wall_ahead_us)
			   : id == CLOCK_MONOTONIC ? mono_ahead_us
			   : id == CLOCK_BOOTTIME  ? mono_ahead_us + atomic_load(&fake_clock.suspended_us)
						   : 0;
	atomic_fetch_add(&fake_clock.mono_asked, id == CLOCK_MONOTONIC);
	/* The kernel's own time in suspend does not count. */
	long result = syscall(CLOCK_GETTIME_CALL, id == CLOCK_BOOTTIME ? CLOCK_MONOTONIC : id, out);
	int64_t ns = out->tv_nsec + ahead_us % 1000000 * 1000;

	out->tv_sec += ahead_us / 1000000 + ns / 1000000000 - (ns < 0);
	out->tv_nsec = (long)((ns % 1000000000 + 1000000000) % 1000000000);
	return (int)result;
}
