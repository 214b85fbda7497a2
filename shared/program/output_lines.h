/*
 * output_lines.h - what a program writes, as lines for the log: the first ones, each cut to a length.
 *
 * Bytes are not trusted: the log replaces control characters.
 */
#ifndef SHARED_PROGRAM_OUTPUT_LINES_H
#define SHARED_PROGRAM_OUTPUT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTPUT_LINES_SHOWN 20
#define OUTPUT_LINE_BYTES  256                 /* of a line that are shown */
#define OUTPUT_BYTES_MAX   (UINT64_C(1) << 20) /* more than that is a flood */

/* Zero it, and set the callback. */
struct output_lines {
	void (*show)(void *context, const char *line);
	void *context;
	uint64_t bytes; /* altogether */
	unsigned shown; /* lines */
	uint64_t dropped;
	size_t used;
	char line[OUTPUT_LINE_BYTES + 1];
	char last[OUTPUT_LINE_BYTES + 1]; /* the newest line that has ended, also of those that are not shown */
};

/* Returns false once there is too much of it. */
bool output_lines_take(struct output_lines *lines, const char *data, size_t bytes);

/* There is no more: shows a last line without an end, and how many lines were not shown. */
void output_lines_finish(struct output_lines *lines);

#endif
