/*
 * timeline_cache.h - what a process remembers of an archive from one timeline to the next.
 *
 * Reading a segment for the timeline takes some 20 us, and an archive may have tens of thousands of them. Complete
 * segments do not change, so their spans and holes are remembered, as long as their files are the same ones (inode,
 * size and time of change). And as long as the folder and the list of segments are the same, so is the timeline of
 * all complete segments.
 */
#ifndef SHARED_TIMELINE_TIMELINE_CACHE_H
#define SHARED_TIMELINE_TIMELINE_CACHE_H

struct timeline_cache;

/* An empty cache, for the archive of one folder. NULL if memory runs out. */
struct timeline_cache *timeline_cache_create(void);
void timeline_cache_free(struct timeline_cache *cache); /* NULL is safe */

#endif
