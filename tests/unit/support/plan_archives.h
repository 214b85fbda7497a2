/* plan_archives.h - archives whose frames jitter, pause, lack key frames and go back in time. */
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

/* The next random number from plan_seed, below `limit`. */
uint32_t random_below(uint32_t limit);

/* Writes a file of the archive and extends it to `size` bytes; 0: not extended. */
void plan_write_file(const struct plan_archive *archive, const char *name, const void *data, size_t length, off_t size);

/* Writes the index of a segment, and an .mp4 of its length. */
void plan_write_segment(const struct plan_archive *archive, const struct frames *segment);

/* Writes all segments and the list. */
void plan_archive_write(struct plan_archive *archive);

/* Makes archive `number` in a folder of its own; plan_archive_drop() removes it. */
void plan_archive_make(struct plan_archive *archive, uint32_t number);

/* Marks frames [first, end) of a segment as damaged; returns how long they lasted. */
int64_t plan_archive_damage(struct plan_archive *archive, size_t number, size_t first, size_t end);

/* Closes and removes the archive. */
/* Sets the times of all files, and of the folder, to an hour ago: as if nothing had changed since. */
void plan_archive_age(const struct plan_archive *archive);

void plan_archive_drop(struct plan_archive *archive);

#endif
