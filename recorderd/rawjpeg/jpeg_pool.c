/* jpeg_pool.c - threads that make JPEGs of pictures. */
#include "recorderd/rawjpeg/jpeg_pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum job_state { JOB_WAITING, JOB_WORKING, JOB_DONE };

struct job {
	enum job_state state;
	const uint8_t *data;
	size_t data_bytes;
	uint32_t tag;
	mono_t captured;
	uint8_t *out;
	size_t out_bytes;
	size_t length;
};

struct worker {
	struct jpeg_pool *pool;
	void *object;
	pthread_t thread;
};

/*
 * The jobs form a ring: `count` jobs, beginning with `oldest`, of which threads have taken the first `begun`. `lock`
 * guards all fields of the pool and of its jobs, except the input and output of a job in state JOB_WORKING, which
 * belong to its thread.
 */
struct jpeg_pool {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* there is a job, or the threads are to stop */
	bool stopping;
	bool fd_readable;
	int fd;
	struct jpeg_work work;
	unsigned jobs_max, oldest, count, begun;
	struct job jobs[JPEG_POOL_JOBS_MAX];
	unsigned threads;
	struct worker workers[JPEG_POOL_THREADS_MAX];
};

static struct job *job_at(struct jpeg_pool *pool, unsigned number)
{
	return &pool->jobs[(pool->oldest + number) % pool->jobs_max];
}

/* Makes the descriptor readable if and only if the oldest job is done. The caller holds the lock. */
static void update_fd(struct jpeg_pool *pool)
{
	bool ready = pool->count && job_at(pool, 0)->state == JOB_DONE;
	eventfd_t value;

	if (ready && !pool->fd_readable)
		eventfd_write(pool->fd, 1);
	else if (!ready && pool->fd_readable)
		eventfd_read(pool->fd, &value);
	pool->fd_readable = ready;
}

static void *run_worker(void *argument)
{
	struct worker *worker = argument;
	struct jpeg_pool *pool = worker->pool;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (!pool->stopping && pool->begun == pool->count)
			pthread_cond_wait(&pool->changed, &pool->lock);
		if (pool->stopping)
			break;
		struct job *job = job_at(pool, pool->begun++);
		job->state = JOB_WORKING;
		pthread_mutex_unlock(&pool->lock);
		size_t length = pool->work.run(worker->object, job->data, job->data_bytes, job->out, job->out_bytes);
		pthread_mutex_lock(&pool->lock);
		job->length = length;
		job->state = JOB_DONE;
		update_fd(pool);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static unsigned default_threads(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (processors < 1)
		return 1;
	return processors < JPEG_POOL_THREADS_MAX ? (unsigned)processors : JPEG_POOL_THREADS_MAX;
}

/* The threads block all signals: the event loop handles them. */
static bool start_threads(struct jpeg_pool *pool, unsigned threads)
{
	sigset_t all, before;
	bool started = true;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started && pool->threads < threads) {
		struct worker *worker = &pool->workers[pool->threads];
		worker->pool = pool;
		worker->object = pool->work.create(pool->work.subject);
		started = worker->object && pthread_create(&worker->thread, NULL, run_worker, worker) == 0;
		if (started)
			pool->threads++;
		else
			pool->work.destroy(worker->object);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

struct jpeg_pool *jpeg_pool_create(const struct jpeg_work *work, unsigned threads, unsigned jobs, struct reason *why)
{
	struct jpeg_pool *pool = calloc(1, sizeof(*pool));

	if (!pool) {
		reason_errno(why, "no memory for threads that make JPEGs");
		return NULL;
	}
	if (threads == 0)
		threads = default_threads();
	pool->jobs_max = jobs < 1 ? 1 : jobs < JPEG_POOL_JOBS_MAX ? jobs : JPEG_POOL_JOBS_MAX;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->changed, NULL);
	pool->work = *work;
	pool->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (pool->fd >= 0 && start_threads(pool, threads < JPEG_POOL_THREADS_MAX ? threads : JPEG_POOL_THREADS_MAX))
		return pool;
	reason_errno(why, "cannot start the threads that make JPEGs");
	jpeg_pool_destroy(pool);
	return NULL;
}

void jpeg_pool_destroy(struct jpeg_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->threads; i++) {
		pthread_join(pool->workers[i].thread, NULL);
		pool->work.destroy(pool->workers[i].object);
	}
	for (unsigned i = 0; i < pool->jobs_max; i++)
		free(pool->jobs[i].out);
	if (pool->fd >= 0)
		close(pool->fd);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

int jpeg_pool_fd(const struct jpeg_pool *pool)
{
	return pool->fd;
}

static bool make_room(struct job *job, size_t bytes)
{
	if (job->out_bytes >= bytes)
		return true;
	free(job->out);
	job->out = malloc(bytes);
	job->out_bytes = job->out ? bytes : 0;
	return job->out != NULL;
}

bool jpeg_pool_submit(struct jpeg_pool *pool, const uint8_t *data, size_t length, uint32_t tag, mono_t captured)
{
	pthread_mutex_lock(&pool->lock);
	struct job *job = job_at(pool, pool->count);
	bool room =
		pool->count < pool->jobs_max && make_room(job, pool->work.room_bytes(pool->workers[0].object, length));
	if (room) {
		pool->count++;
		job->state = JOB_WAITING;
		job->data = data;
		job->data_bytes = length;
		job->tag = tag;
		job->captured = captured;
		pthread_cond_signal(&pool->changed);
	}
	pthread_mutex_unlock(&pool->lock);
	return room;
}

bool jpeg_pool_peek(struct jpeg_pool *pool, struct jpeg_pool_result *out)
{
	pthread_mutex_lock(&pool->lock);
	const struct job *job = job_at(pool, 0);
	bool done = pool->count && job->state == JOB_DONE;
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
	update_fd(pool);
	pthread_mutex_unlock(&pool->lock);
}
