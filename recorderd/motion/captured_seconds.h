/*
 * captured_seconds.h - the seconds of which frames were captured, in order, so that records of other seconds are
 * noticed. Pure.
 *
 * recorder-motion goes through the frames in their order, so each captured second has at most one record, and the
 * records come in the order of the seconds. A second may occur twice, if the clock was set back between them.
 */
#ifndef RECORDERD_MOTION_CAPTURED_SECONDS_H
#define RECORDERD_MOTION_CAPTURED_SECONDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAPTURED_SECONDS_MAX 64 /* what is older has no record any more */

/* Zero-initialised it is empty. */
struct captured_seconds {
	int64_t seconds[CAPTURED_SECONDS_MAX]; /* a circular list of those without a record */
	size_t first, count;
	int64_t newest; /* of the newest frame, even if it has a record; valid if `any` */
	bool any;
};

/* A frame of this second was captured. */
void captured_seconds_note(struct captured_seconds *captured, int64_t second);

/* Takes a second and all before it. Returns false if it was not captured, or had its record or a later one. */
bool captured_seconds_take(struct captured_seconds *captured, int64_t second);

/* Forgets all but the second of the newest frame, of which whoever begins now may still see frames. */
void captured_seconds_restart(struct captured_seconds *captured);

#endif
