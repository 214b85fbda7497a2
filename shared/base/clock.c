/* clock.c - reads the monotonic clock, the wall clock and the boot id. */
#include "shared/base/clock.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/hex.h"

#define OFFSET_READINGS 5

static int64_t read_us(clockid_t id)
{
	struct timespec at;

	clock_gettime(id, &at);
	return (int64_t)at.tv_sec * US_PER_S + at.tv_nsec / 1000;
}

mono_t mono_now(void)
{
	return (mono_t){read_us(CLOCK_MONOTONIC)};
}

wall_t wall_now(void)
{
	return (wall_t){read_us(CLOCK_REALTIME)};
}

/* The wall clock is read between two monotonic readings, so the result is off by at most half their distance. */
int64_t clock_offset_us(void)
{
	int64_t best_offset_us = 0, best_span_us = INT64_MAX;

	for (int i = 0; i < OFFSET_READINGS; i++) {
		int64_t before_us = mono_now().us;
		int64_t wall_us = wall_now().us;
		int64_t span_us = mono_now().us - before_us;

		if (span_us < best_span_us) {
			best_span_us = span_us;
			best_offset_us = wall_us - before_us - span_us / 2;
		}
	}
	return best_offset_us;
}

int64_t clock_suspended_us(void)
{
	int64_t mono_us = read_us(CLOCK_MONOTONIC), slept_us = read_us(CLOCK_BOOTTIME) - mono_us;

	return slept_us > US_PER_S ? slept_us : 0;
}

void clock_boot_id(uint8_t out[16])
{
	char text[64];
	size_t digits = 0;

	memset(out, 0, 16);
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t length = read(fd, text, sizeof(text));
	close(fd);

	for (ssize_t i = 0; i < length && digits < 32; i++) {
		int digit = hex_digit(text[i]);
		if (digit < 0)
			continue;
		out[digits / 2] = (uint8_t)(out[digits / 2] << 4 | digit);
		digits++;
	}
}
