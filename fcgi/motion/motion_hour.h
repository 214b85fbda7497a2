/* motion_hour.h - the records of one hour, one per second, whichever files they came from. */
#ifndef FCGI_MOTION_MOTION_HOUR_H
#define FCGI_MOTION_MOTION_HOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/motion/motion_need.h"
#include "fcgi/motion/motion_sources.h"
#include "fcgi/motion/second_bits.h"

#define MOTION_RECORDS_PER_READ 256

struct motion_hour {
	int64_t from_second;
	int from, to;               /* seconds of it that are in the range of the walk: [from, to) */
	bool lost;                  /* a source's file was gone or damaged; motion_hour_begin() leaves this as it is */
	struct second_bits known;   /* seconds of which it is known what moved: motion_is_known() */
	struct second_bits present; /* seconds whose record is needed; it is in `records` */
	struct motion_record records[MOTION_HOUR_SECONDS];
	struct motion_record read[MOTION_RECORDS_PER_READ]; /* room for what is read from a file */
};

/* Begins with an empty hour, of which [from_second, to_second) matters. */
void motion_hour_begin(struct motion_hour *hour, int64_t hour_second, int64_t from_second, int64_t to_second);

/*
 * Adds what a source has of the hour. Without `need`, only which seconds are known, by the list if it is complete. A
 * second is known if its record was read, or if the list says that nothing in it is needed: what a list says of records
 * that are lost is not enough. Returns false with errno if the file cannot be read now.
 */
bool motion_hour_add(struct motion_hour *hour, int folder, const struct motion_source *source,
		     const struct motion_need *need);

#endif
