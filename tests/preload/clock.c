/*
 * clock.c - clocks that a test controls: the wall clock is stepped at any moment, to any year, while the monotonic one
 * continues; that one can only be moved forward.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "tests/preload/clock.h"

#define US_PER_S 1000000

static struct clock_control *control;

__attribute__((constructor)) static void map_control(void)
{
	const char *path = getenv("CLOCK_PRELOAD");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *mapped;

	if (fd < 0)
		return;
	mapped = mmap(NULL, CLOCK_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (mapped != MAP_FAILED)
		control = mapped;
}

static void move(struct timespec *at, int64_t by_us)
{
	int64_t us = (int64_t)at->tv_sec * US_PER_S + at->tv_nsec / 1000 + by_us;

	at->tv_nsec = us % US_PER_S * 1000 + at->tv_nsec % 1000;
	at->tv_sec = us / US_PER_S;
}

/* The kernel is called directly, because the C library's functions are the ones replaced here. */
int clock_gettime(clockid_t which, struct timespec *out)
{
	bool boottime = control && which == CLOCK_BOOTTIME; /* the kernel's own time in suspend does not count */
	int failed = (int)syscall(SYS_clock_gettime, boottime ? CLOCK_MONOTONIC : which, out);

	if (!failed && control && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
		move(out, control->offset_us + control->suspended_us);
	if (!failed && control && which == CLOCK_MONOTONIC)
		move(out, (int64_t)control->monotonic_s * US_PER_S);
	if (!failed && boottime)
		move(out, control->suspended_us);
	return failed;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	*out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
	return 0;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}

int adjtimex(struct timex *state)
{
	int result = (int)syscall(SYS_adjtimex, state);

	if (!control)
		return result;
	state->status &= ~STA_UNSYNC;
	if (control->synchronised)
		return TIME_OK;
	state->status |= STA_UNSYNC;
	return TIME_ERROR;
}
