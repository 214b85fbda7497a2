/* plan_archives.h - archives whose frames jitter, pause, miss key frames and go back in time, for tests. */
#ifndef TESTS_UNIT_SUPPORT_PLAN_ARCHIVES_H
#define TESTS_UNIT_SUPPORT_PLAN_ARCHIVES_H

#include <stdint.h>
#include <sys/types.h>

#include "shared/segment/catalogue.h"
#include "shared/segment/index.h"

#define SEGMENTS_MAX 12u
#define FRAMES_MAX   400u
#define START_US     INT64_C(1800000000000000)

struct frames {
	struct catalogue_entry entry;
	struct index_record records[FRAMES_MAX];
	size_t count;
};

struct plan_archive {
	struct frames segments[SEGMENTS_MAX];
	size_t count;
	int64_t first_us, last_us;
	char path[64];
	int folder;
};

extern uint32_t plan_seed; /* of random_below(); plan_archive_make() sets it */

/* The next random number of plan_seed, below `limit`. */
uint32_t random_below(uint32_t limit);

/* Writes that into a file of the archive, which has `size` bytes then; 0: as written. */
void plan_write_file(const struct plan_archive *archive, const char *name, const void *data, size_t length, off_t size);

/* Writes the index of a segment, and a file of its length. */
void plan_write_segment(const struct plan_archive *archive, const struct frames *segment);

/* Writes all segments and the list. */
void plan_archive_write(struct plan_archive *archive);

/* Makes archive `number` in a folder of its own; plan_archive_drop() removes it. */
void plan_archive_make(struct plan_archive *archive, uint32_t number);

/* Frames [first, end) of a segment are damaged; the time that they took. */
int64_t plan_archive_damage(struct plan_archive *archive, size_t number, size_t first, size_t end);

/* Closes and removes it. */
void plan_archive_drop(struct plan_archive *archive);

#endif
