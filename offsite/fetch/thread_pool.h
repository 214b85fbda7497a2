/*
 * thread_pool.h - the threads that ask the store, each over a connection of its own.
 *
 * A job is one request of a worker. Its thread may divide it into items; threads that are free take items before they
 * take the next job, so that a few large requests go as fast as the line lets them.
 */
#ifndef OFFSITE_FETCH_THREAD_POOL_H
#define OFFSITE_FETCH_THREAD_POOL_H

#include <stdbool.h>

#include "offsite/fetch/media.h"

#define POOL_THREADS 8

struct thread_pool;

/* A job is called by one thread, once, and belongs to it from then on. */
struct pool_job {
	struct pool_job *next; /* of the pool */
	void (*run)(struct pool_job *job, struct thread_pool *pool, struct store_reader *reader);
};

/* Starts the threads. `fetcher` must outlive it. Returns NULL and sets *why. */
struct thread_pool *thread_pool_open(struct fetcher *fetcher, struct reason *why);

/*
 * Ends the threads after the jobs that they have begun; the store must be stopped before. Jobs that wait are run,
 * too.
 */
void thread_pool_close(struct thread_pool *pool); /* NULL is safe */

void thread_pool_add(struct thread_pool *pool, struct pool_job *job);

/*
 * Gets all items, and marks those that the store does not have. Any other failure ends it and is the outcome.
 * `reader` is that of the calling thread, which gets its share.
 */
enum get_outcome thread_pool_get(struct thread_pool *pool, struct store_reader *reader, struct media_item *items,
				 size_t count, struct reason *why);

#endif
