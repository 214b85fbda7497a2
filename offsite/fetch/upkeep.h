/*
 * upkeep.h - what the store no longer has leaves the cache within an hour, even while the store does not answer.
 *
 * Every ten minutes the store is asked, for each day of a camera of which the cache has something, what it still has of
 * that day. What is not there leaves, and is noted as expired. If it does not answer, what it has not confirmed for 50
 * minutes leaves, since it may have been deleted.
 */
#ifndef OFFSITE_FETCH_UPKEEP_H
#define OFFSITE_FETCH_UPKEEP_H

#include "offsite/fetch/thread_pool.h"

#define UPKEEP_EVERY_US (INT64_C(600) * US_PER_S)

struct upkeep;

/* Returns NULL without memory. */
struct upkeep *upkeep_open(struct fetcher *fetcher);
void upkeep_close(struct upkeep *upkeep); /* after the pool; NULL is safe */

/* Begins a round as a job of the pool, unless one is under way. */
void upkeep_begin(struct upkeep *upkeep, struct thread_pool *pool);

#endif
