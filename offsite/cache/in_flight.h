/*
 * in_flight.h - what is being fetched right now, so that nothing is fetched twice at once.
 *
 * Who wants something that another thread is fetching waits for that thread, and then looks whether it is there.
 */
#ifndef OFFSITE_CACHE_IN_FLIGHT_H
#define OFFSITE_CACHE_IN_FLIGHT_H

#include <pthread.h>
#include <stdint.h>

#include "offsite/cache/cache.h"

/* One fetch; it is in the memory of its thread. */
struct in_flight_entry {
	const struct cache_name *name;
	uint64_t block;
	struct in_flight_entry *next;
};

struct in_flight {
	pthread_mutex_t lock; /* guards the list */
	pthread_cond_t ended;
	struct in_flight_entry *first;
};

void in_flight_init(struct in_flight *table);
void in_flight_finish(struct in_flight *table);

/* Waits until nobody fetches that block of that file, then enters it. */
void in_flight_begin(struct in_flight *table, struct in_flight_entry *entry);
void in_flight_end(struct in_flight *table, struct in_flight_entry *entry);

#endif
