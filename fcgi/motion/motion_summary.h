/*
 * motion_summary.h - ten bytes per second of a day: was it known, how strongly and how much moved, how bright was it.
 *
 * The records of a day are 14 MB, and reading them takes some milliseconds even from memory. A segment that a list has
 * does not change any more, so a process remembers the summary of each until the list says something else about it.
 */
#ifndef FCGI_MOTION_MOTION_SUMMARY_H
#define FCGI_MOTION_MOTION_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/motion/motion_sources.h"

struct motion_second {
	uint8_t known;     /* 0: there is no record, or not motion_is_known() */
	uint8_t flags;     /* enum motion_flags */
	uint8_t strongest; /* enum motion_strength, of the whole picture */
	uint8_t mean_luma;
	uint16_t cells[MOTION_STRONG]; /* of the whole picture: how many are at least faint, clear, strong */
};

struct motion_summaries;

/* An empty cache, for the archive of one folder. NULL if memory runs out. */
struct motion_summaries *motion_summaries_create(void);
void motion_summaries_free(struct motion_summaries *summaries); /* NULL is safe */

/*
 * Fills in the seconds of a day, from the sources that were loaded for it. `summaries` may be NULL: nothing is
 * remembered. Returns false with errno if a file cannot be read now, or without memory.
 */
bool motion_summarise(struct motion_summaries *summaries, const struct motion_sources *sources, int64_t day,
		      struct motion_second out[MOTION_DAY_SECONDS]);

#endif
