/* stamp_format.h - record.stamp_format: how the time is written into the picture, as a format of strftime(3). */
#ifndef SHARED_TEXT_STAMP_FORMAT_H
#define SHARED_TEXT_STAMP_FORMAT_H

#include <stdbool.h>

#define STAMP_FORMAT_BYTES 64

enum stamp_corner { CORNER_TOP_LEFT, CORNER_TOP_RIGHT, CORNER_BOTTOM_LEFT, CORNER_BOTTOM_RIGHT };

/*
 * Whether it has 1 to STAMP_FORMAT_BYTES - 1 bytes of UTF-8, no control characters, and only conversions that make dates, times
 * and time zones.
 */
bool stamp_format_valid(const char *format);

#endif
