/*
 * motion_sources.h - which .motion files have the records of a day, and what is known of them without reading them.
 *
 * Most of that comes from the lists (motion_list.h). Segments of the catalogue that no list has are looked up by their
 * names, and read once.
 */
#ifndef FCGI_MOTION_MOTION_SOURCES_H
#define FCGI_MOTION_MOTION_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/motion/motion_list.h"
#include "shared/segment/catalogue.h"

#define MOTION_DAY_SECONDS INT64_C(86400)

/* A segment may last for a day (record.segment_seconds) and a little more, so it can be of three. */
#define MOTION_SOURCE_LISTS 3

/* The list of one day, as far as it is valid. */
struct motion_day_list {
	int64_t day; /* since 1970-01-01 UTC; -1: nothing is loaded */
	struct motion_list list;
	struct motion_list_entry *entries; /* owned */
	size_t count;
};

/*
 * Does a record with these flags say what moved? Just after a start, and when most of the picture changes at once
 * (somebody switches the light on), nobody can tell. Its cells are empty, but that is not to say that nothing moved.
 */
static inline bool motion_is_known(uint32_t flags)
{
	return !(flags & (MOTION_LEARNING | MOTION_GLOBAL));
}

struct motion_source {
	struct motion_list_entry entry; /* records > 0 */
	const struct motion_list *list; /* that has its blocks; NULL: there is none */
	bool gapless; /* each of its seconds has one record; a file that no list has may repeat some */
};

struct motion_sources {
	int folder;                     /* not owned */
	int64_t from_second, to_second; /* what is asked about: [from, to) */
	bool has_catalogue;
	struct catalogue catalogue;
	struct motion_day_list lists[MOTION_SOURCE_LISTS];
	struct motion_source *items; /* of the day that was loaded last, by their first seconds; owned */
	size_t count, capacity;
	bool unlisted; /* a segment of [from, to) was found that no list has */
};

/* Each returns false with errno if something cannot be read, or if memory or descriptors ran out. */
bool motion_sources_open(struct motion_sources *sources, int folder, int64_t from_second, int64_t to_second);
bool motion_sources_load(struct motion_sources *sources, int64_t day);
void motion_sources_close(struct motion_sources *sources);

/* After all days of the range were loaded: true if nothing can change what is known of it (motion_walk.h). */
bool motion_sources_settled(const struct motion_sources *sources);

/* True if each of its seconds has a record and is known, which need not be read to know that. */
bool motion_source_complete(const struct motion_source *source);

#endif
