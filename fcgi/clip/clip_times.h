/*
 * clip_times.h - when a kept clip was filmed, and for how long it plays, from its own header.
 *
 * A clip of this recorder begins with the boxes ftyp and moov, and moov begins with mvhd (ISO/IEC 14496-12, section
 * 8.2.2). Its creation_time, in seconds since 1904, is that of the first frame; its duration is the playing time.
 */
#ifndef FCGI_CLIP_CLIP_TIMES_H
#define FCGI_CLIP_CLIP_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIP_TIMES_BYTES 256u /* of the file's beginning, which are enough */

struct clip_times {
	int64_t start_us; /* wall time of the first frame, floored to the second */
	int64_t duration_us;
};

/*
 * `head` is the beginning of a file, of which nothing is trusted. Returns false if it does not begin like a clip, or
 * has no such times. Pure.
 */
bool clip_times_parse(const uint8_t *head, size_t length, struct clip_times *out);

/* The same for an open file. Returns false for one that cannot be read, too. */
bool clip_times_read(int fd, struct clip_times *out);

#endif
