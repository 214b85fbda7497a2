/* timeline_internal.h - a walk over the segments of an archive: its scan, and what is remembered of it. */
#ifndef SHARED_TIMELINE_TIMELINE_INTERNAL_H
#define SHARED_TIMELINE_TIMELINE_INTERNAL_H

#include <sys/types.h>
#include <time.h>

#include "shared/segment/catalogue.h"
#include "shared/timeline/timeline_cache.h"
#include "shared/timeline/timeline_gaps.h"
#include "shared/timeline/timeline_walk.h"

struct walk {
	int folder;
	struct timeline_cache *cache; /* NULL: nothing is remembered */
	int64_t from_us, to_us;
	struct timeline_item *spans; /* in the order of recording, within [from, to) */
	size_t span_count, span_capacity;
	struct gap_candidate *candidates; /* the same */
	size_t candidate_count, candidate_capacity;
	bool extending;  /* the last span reaches up to where the walk is */
	bool unreadable; /* a segment could not be read; that may change while its files do not */
	int error;       /* errno that ends the walk; 0 if none */

	/* The previous segment that exists */
	bool has_previous;
	uint64_t segment_no;
	int64_t start_us, end_us;
	int64_t usual_end_us; /* earlier than end_us if its last frame lasted too long */
};

/* timeline_scan.c: walks entries [number, end), and on to the first existing one after them, for the gap before it. */
void walk_entries(struct walk *walk, const struct catalogue *catalogue, uint64_t number, uint64_t end);

/* timeline_scan.c: walks one entry. Returns false if its segment does not exist. */
bool walk_one(struct walk *walk, const struct catalogue *catalogue, uint64_t number);

/* timeline_scan.c: the last existing segment before `number`, which decides what the gap after it is; 0 if none. */
uint64_t walk_previous_existing(const struct walk *walk, const struct catalogue *catalogue, uint64_t number);

/* timeline_items.c: adds a span that continues the last one, or begins another. */
void walk_add_span(struct walk *walk, int64_t from_us, int64_t to_us, uint32_t source);

/* timeline_items.c: cuts the last span at to_us; it is not extended any further. */
void walk_trim_span(struct walk *walk, int64_t to_us);

/* timeline_items.c: notes that nothing may be recorded in this range, and why. */
void walk_add_candidate(struct walk *walk, int64_t from_us, int64_t to_us, uint32_t cause, bool weak);

/* timeline_items.c: clamps the items of a walk over more than that range to the range. Returns false without memory. */
bool walk_clamp(struct walk *walk, int64_t from_us, int64_t to_us);

/* timeline_items.c: copies a walk, with arrays of its own. Returns false, with to->error, without memory. */
bool walk_copy(const struct walk *from, struct walk *to);

/* What identifies the content of a file. */
struct file_stamp {
	ino_t inode;
	off_t size;
	struct timespec changed;
};

/* The spans and holes of one complete segment. */
struct segment_summary {
	uint64_t segment_no;
	char file[SEGMENT_FILE_BYTES];
	struct file_stamp media, index;
	int64_t end_us, usual_end_us;
	struct timeline_item *spans; /* owned */
	size_t span_count;
	struct gap_candidate *candidates; /* owned */
	size_t candidate_count;
	bool extending;
	uint32_t next; /* of the same bucket; plus one, 0: none */
};

/*
 * Fills in the stamps of an entry's files. False if they cannot be relied on: a file is missing, or changed so
 * recently that it may change again within the resolution of its time.
 */
bool timeline_cache_stamp(int folder, const struct catalogue_entry *entry, struct segment_summary *out);

/* The summary with these stamps, or NULL. Valid until the next one is added. */
const struct segment_summary *timeline_cache_find(const struct timeline_cache *cache,
						  const struct segment_summary *stamped);

/* Adds or replaces a summary, whose arrays it takes. If memory runs out they are freed, and nothing is remembered. */
void timeline_cache_add(struct timeline_cache *cache, struct segment_summary *summary);

/* What identifies the names in a folder. */
struct folder_stamp {
	dev_t device;
	struct file_stamp stamp;
	bool settled; /* it did not change so recently that it may change again within the resolution of its time */
};

/* Call it before the list is opened. */
struct folder_stamp timeline_cache_stamp_folder(int folder);

/*
 * A walk over all complete segments [0, *closed), if folder and list are still the ones that it was made of. It is
 * the cache's. NULL: there is none.
 */
const struct walk *timeline_cache_snapshot(struct timeline_cache *cache, const struct folder_stamp *folder,
					   const struct catalogue *catalogue, uint64_t *closed);

/* Remembers such a walk, whose arrays it takes. */
void timeline_cache_set_snapshot(struct timeline_cache *cache, const struct folder_stamp *folder,
				 const struct catalogue *catalogue, uint64_t closed, const struct walk *walk);

#endif
