/* colour_bars.h - an uncompressed picture of colour bars, in each format that a camera may have. */
#ifndef TESTS_UNIT_SUPPORT_COLOUR_BARS_H
#define TESTS_UNIT_SUPPORT_COLOUR_BARS_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/videodev2.h>

#define WIDTH   71 /* both are odd, and not multiples of the block size */
#define HEIGHT  43
#define EVEN(n) ((n) + (n) % 2)
#define STRIDE  (WIDTH * 4 + 10)
#define ROOM    (STRIDE * HEIGHT * 3)

/* Eight colour bars and a grey one, as R'G'B' from 0 to 1. The right edge cuts off the last. */
extern const double colour_bars[9][3];

struct colour_system {
	double red, blue; /* luma weights */
	bool full;
};

/* One component, 0: Y', 1: Cb, 2: Cr. */
uint8_t colour_component(const double rgb[3], const struct colour_system *system, int which);

bool colour_bars_are_grey(uint32_t fourcc);

/* Lines are STRIDE bytes apart; `out` has room for ROOM. */
void colour_bars_paint(uint8_t *out, uint32_t fourcc, const struct colour_system *system);

#endif
