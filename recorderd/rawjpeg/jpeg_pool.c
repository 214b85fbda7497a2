/*
 * jpeg_pool.c - see jpeg_pool.h.
 *
 * Jobs stand in a ring: `oldest`, `count` of them, the first `begun` of which a thread has taken. `lock` guards all
 * fields of the pool and of its jobs, but for a job's input and output while it is WORKING: those are its thread's.
 */
#include "recorderd/rawjpeg/jpeg_pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "recorderd/rawjpeg/jpeg_compressor.h"

enum job_state { JOB_WAITING, JOB_WORKING, JOB_DONE };

struct job {
	enum job_state state;
	const uint8_t *data;
	uint32_t tag;
	mono_t captured;
	uint8_t *out;
	size_t length;
};

struct worker {
	struct jpeg_pool *pool;
	struct jpeg_compressor *encoder;
	pthread_t thread;
};

struct jpeg_pool {
	pthread_mutex_t lock;
	pthread_cond_t work; /* a job waits, or the end has come */
	bool stopping;
	bool announced; /* fd is readable */
	int fd;
	size_t out_bytes;
	unsigned jobs_max, oldest, count, begun;
	struct job jobs[JPEG_POOL_JOBS_MAX];
	unsigned threads;
	struct worker workers[JPEG_POOL_THREADS_MAX];
};

static struct job *job_at(struct jpeg_pool *pool, unsigned number)
{
	return &pool->jobs[(pool->oldest + number) % pool->jobs_max];
}

/* Makes the descriptor say whether the oldest job is done. Under the lock. */
static void announce(struct jpeg_pool *pool)
{
	bool ready = pool->count && job_at(pool, 0)->state == JOB_DONE;
	eventfd_t value;

	if (ready && !pool->announced)
		eventfd_write(pool->fd, 1);
	else if (!ready && pool->announced)
		eventfd_read(pool->fd, &value);
	pool->announced = ready;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct jpeg_pool *pool = worker->pool;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (!pool->stopping && pool->begun == pool->count)
			pthread_cond_wait(&pool->work, &pool->lock);
		if (pool->stopping)
			break;
		struct job *job = job_at(pool, pool->begun++);
		job->state = JOB_WORKING;
		pthread_mutex_unlock(&pool->lock);
		size_t length = jpeg_compressor_run(worker->encoder, job->data, job->out, pool->out_bytes);
		pthread_mutex_lock(&pool->lock);
		job->length = length;
		job->state = JOB_DONE;
		announce(pool);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static unsigned threads_here(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (processors < 1)
		return 1;
	return processors < JPEG_POOL_THREADS_MAX ? (unsigned)processors : JPEG_POOL_THREADS_MAX;
}

/* Signals are the event loop's: the threads take none. */
static bool start_threads(struct jpeg_pool *pool, const struct raw_format *format, unsigned threads)
{
	sigset_t all, before;
	bool good = true;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (good && pool->threads < threads) {
		struct worker *worker = &pool->workers[pool->threads];
		worker->pool = pool;
		worker->encoder = jpeg_compressor_create(format);
		good = worker->encoder && pthread_create(&worker->thread, NULL, work, worker) == 0;
		if (good)
			pool->threads++;
		else
			jpeg_compressor_destroy(worker->encoder);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return good;
}

struct jpeg_pool *jpeg_pool_create(const struct raw_format *format, unsigned threads, unsigned jobs, struct reason *why)
{
	struct jpeg_pool *pool = calloc(1, sizeof(*pool));
	bool good;

	if (!pool) {
		reason_errno(why, "no memory to compress pictures");
		return NULL;
	}
	if (threads == 0)
		threads = threads_here();
	pool->jobs_max = jobs < 1 ? 1 : jobs < JPEG_POOL_JOBS_MAX ? jobs : JPEG_POOL_JOBS_MAX;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pool->out_bytes = jpeg_compressor_worst_bytes(format);
	pool->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	good = pool->fd >= 0;
	for (unsigned i = 0; i < pool->jobs_max; i++) {
		pool->jobs[i].out = malloc(pool->out_bytes);
		good = good && pool->jobs[i].out;
	}
	if (good && start_threads(pool, format, threads < JPEG_POOL_THREADS_MAX ? threads : JPEG_POOL_THREADS_MAX))
		return pool;
	reason_errno(why, "cannot start the threads that compress pictures");
	jpeg_pool_destroy(pool);
	return NULL;
}

void jpeg_pool_destroy(struct jpeg_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->threads; i++) {
		pthread_join(pool->workers[i].thread, NULL);
		jpeg_compressor_destroy(pool->workers[i].encoder);
	}
	for (unsigned i = 0; i < pool->jobs_max; i++)
		free(pool->jobs[i].out);
	if (pool->fd >= 0)
		close(pool->fd);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

int jpeg_pool_fd(const struct jpeg_pool *pool)
{
	return pool->fd;
}

bool jpeg_pool_submit(struct jpeg_pool *pool, const uint8_t *data, uint32_t tag, mono_t captured)
{
	bool room;

	pthread_mutex_lock(&pool->lock);
	room = pool->count < pool->jobs_max;
	if (room) {
		struct job *job = job_at(pool, pool->count++);
		job->state = JOB_WAITING;
		job->data = data;
		job->tag = tag;
		job->captured = captured;
		pthread_cond_signal(&pool->work);
	}
	pthread_mutex_unlock(&pool->lock);
	return room;
}

bool jpeg_pool_peek(struct jpeg_pool *pool, struct jpeg_pool_result *out)
{
	bool done;

	pthread_mutex_lock(&pool->lock);
	const struct job *job = job_at(pool, 0);
	done = pool->count && job->state == JOB_DONE;
	if (done)
		*out = (struct jpeg_pool_result){job->out, job->length, job->tag, job->captured};
	pthread_mutex_unlock(&pool->lock);
	return done;
}

void jpeg_pool_pop(struct jpeg_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->oldest = (pool->oldest + 1) % pool->jobs_max;
	pool->count--;
	pool->begun--;
	announce(pool);
	pthread_mutex_unlock(&pool->lock);
}
