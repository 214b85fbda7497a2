/* thread_pool.c - the threads that ask the store. */
#include "offsite/fetch/thread_pool.h"

#include <pthread.h>
#include <stdlib.h>

struct batch {
	struct batch *next; /* of batches that have items left */
	struct media_item *items;
	size_t count, taken, done;
	enum get_outcome outcome;
	struct reason why;
};

struct thread_pool {
	struct fetcher *fetcher;
	struct in_flight in_flight;
	pthread_t threads[POOL_THREADS];
	struct store_reader *readers[POOL_THREADS];
	size_t thread_count, started;

	pthread_mutex_t lock; /* guards the members below, and the batches */
	pthread_cond_t changed;
	bool stopping;
	struct pool_job *first, **last;
	struct batch *batches;
};

static void remove_batch(struct thread_pool *pool, struct batch *batch)
{
	struct batch **link = &pool->batches;

	while (*link && *link != batch)
		link = &(*link)->next;
	if (*link)
		*link = batch->next;
}

/* Gets one item of the batch, without the lock meanwhile, which the caller holds. */
static void get_item(struct thread_pool *pool, struct batch *batch, struct store_reader *reader)
{
	size_t number = batch->taken++;
	struct reason why = {""};

	if (batch->taken == batch->count)
		remove_batch(pool, batch);
	enum get_outcome outcome = batch->outcome;
	if (outcome == GET_DONE) {
		pthread_mutex_unlock(&pool->lock);
		outcome = media_get(pool->fetcher, &pool->in_flight, reader, &batch->items[number], &why);
		pthread_mutex_lock(&pool->lock);
		batch->items[number].gone = outcome == GET_MISSING;
		if (outcome != GET_DONE && outcome != GET_MISSING && batch->outcome == GET_DONE) {
			batch->outcome = outcome;
			batch->why = why;
		}
	}
	batch->done++;
	pthread_cond_broadcast(&pool->changed);
}

enum get_outcome thread_pool_get(struct thread_pool *pool, struct store_reader *reader, struct media_item *items,
				 size_t count, struct reason *why)
{
	struct batch batch = {.items = items, .count = count, .outcome = GET_DONE};

	if (count == 0)
		return GET_DONE;
	pthread_mutex_lock(&pool->lock);
	batch.next = pool->batches;
	pool->batches = &batch;
	if (count > 1)
		pthread_cond_broadcast(&pool->changed);
	while (batch.taken < batch.count)
		get_item(pool, &batch, reader);
	while (batch.done < batch.count)
		pthread_cond_wait(&pool->changed, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	if (batch.outcome != GET_DONE)
		*why = batch.why;
	return batch.outcome;
}

static struct pool_job *take_job(struct thread_pool *pool)
{
	struct pool_job *job = pool->first;

	if (!job)
		return NULL;
	pool->first = job->next;
	if (!pool->first)
		pool->last = &pool->first;
	return job;
}

static void run(struct thread_pool *pool, struct store_reader *reader)
{
	pthread_mutex_lock(&pool->lock);
	for (;;) {
		struct pool_job *job = NULL;

		if (pool->batches) {
			get_item(pool, pool->batches, reader);
			continue;
		}
		job = take_job(pool);
		if (!job && pool->stopping)
			break;
		if (!job) {
			pthread_cond_wait(&pool->changed, &pool->lock);
			continue;
		}
		pthread_mutex_unlock(&pool->lock);
		job->run(job, pool, reader);
		pthread_mutex_lock(&pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
}

static void *run_thread(void *context)
{
	struct thread_pool *pool = context;

	pthread_mutex_lock(&pool->lock);
	struct store_reader *reader = pool->readers[pool->started++];
	pthread_mutex_unlock(&pool->lock);
	run(pool, reader);
	return NULL;
}

void thread_pool_add(struct thread_pool *pool, struct pool_job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&pool->lock);
	*pool->last = job;
	pool->last = &job->next;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
}

void thread_pool_close(struct thread_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
	for (size_t i = 0; i < pool->thread_count; i++)
		pthread_join(pool->threads[i], NULL);
	for (size_t i = 0; i < POOL_THREADS; i++)
		store_reader_close(pool->readers[i]);
	in_flight_finish(&pool->in_flight);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

struct thread_pool *thread_pool_open(struct fetcher *fetcher, struct reason *why)
{
	struct thread_pool *pool = calloc(1, sizeof(*pool));

	if (!pool) {
		reason_set(why, "out of memory");
		return NULL;
	}
	pool->fetcher = fetcher;
	pool->last = &pool->first;
	in_flight_init(&pool->in_flight);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->changed, NULL);
	for (size_t i = 0; i < POOL_THREADS; i++) {
		pool->readers[i] = store_reader_open(fetcher->store);
		if (!pool->readers[i] || pthread_create(&pool->threads[i], NULL, run_thread, pool) != 0) {
			reason_set(why, "cannot start the threads");
			thread_pool_close(pool);
			return NULL;
		}
		pool->thread_count++;
	}
	return pool;
}
