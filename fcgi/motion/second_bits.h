/* second_bits.h - one bit per second of an hour. */
#ifndef FCGI_MOTION_SECOND_BITS_H
#define FCGI_MOTION_SECOND_BITS_H

#include <stdint.h>

#define MOTION_HOUR_SECONDS 3600

struct second_bits {
	uint64_t words[(MOTION_HOUR_SECONDS + 63) / 64];
};

/* Sets the bits of seconds [from, to). */
void second_bits_set(struct second_bits *bits, int from, int to);

/* The first second from `at` on whose bit is set, or the last one before `at`; -1 if there is none. */
int second_bits_next(const struct second_bits *bits, int at);
int second_bits_previous(const struct second_bits *bits, int at);

/* The end of the row of seconds that begins at `at`. */
int second_bits_row_end(const struct second_bits *bits, int at);

#endif
