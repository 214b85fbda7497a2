/* device_worker.c - a thread with a queue of jobs and a queue of results. */
#include "recorderd/capture/device_worker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "recorderd/capture/control_check.h"
#include "recorderd/v4l2/v4l2_controls.h"
#include "recorderd/v4l2/v4l2_ioctl.h"
#include "shared/base/mono_cond.h"

/* Threads: `lock` guards both queues, `stopping`, `ended` and `busy_since`. The event loop queues jobs and takes
 * results; the worker's thread does the jobs. */

enum job_kind {
	JOB_OPEN,
	JOB_LIST,
	JOB_CLOSE,
	JOB_SET_CONTROL,
	JOB_SET_CONTROLS,
	JOB_CHECK_CONTROLS,
	JOB_CHECK_CONFIGURED
};

#define CONTROL_TEXT_BYTES sizeof(((struct config_control *)0)->name)

struct device_job {
	STAILQ_ENTRY(device_job) next;
	enum job_kind kind;
	unsigned steps_down;                                      /* JOB_OPEN */
	struct source *source;                                    /* JOB_CLOSE */
	char name[CONTROL_TEXT_BYTES], value[CONTROL_TEXT_BYTES]; /* JOB_SET_CONTROL */
	struct config_control controls[CONFIG_CONTROLS_MAX];      /* JOB_SET_CONTROLS */
	size_t control_count;
	bool has_no_result;
	struct device_worker_result result;
};

STAILQ_HEAD(job_queue, device_job);

struct device_worker {
	struct config config; /* used by the thread only */
	const struct other_cameras *others;
	int event;
	/* Used by the thread only: */
	char open_path[128]; /* of the camera that is open; empty: none */
	struct device_link_warnings warnings;
	struct control_check control_check;

	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopping, ended;
	mono_t busy_since; /* {0}: idle */
	struct job_queue jobs, results;
};

static struct device_job *queue_pop(struct job_queue *queue)
{
	struct device_job *job = STAILQ_FIRST(queue);

	if (job)
		STAILQ_REMOVE_HEAD(queue, next);
	return job;
}

static void list_devices(struct device_worker *worker, struct device_worker_result *result)
{
	result->device_count = device_list(result->devices);
	result->devices_json = device_list_json(result->devices, result->device_count, worker->open_path);
	if (worker->open_path[0])
		device_link_check(&worker->config, worker->open_path, result->devices, result->device_count,
				  &worker->warnings);
	result->warnings = worker->warnings;
}

static void check_controls(struct device_worker *worker, struct device_job *job)
{
	struct device_worker_result *result = &job->result;
	enum control_check_outcome outcome =
		control_check_run(&worker->control_check, worker->open_path, &worker->config, &result->why);

	job->has_no_result = outcome == CONTROLS_PENDING;
	if (outcome == CONTROLS_CHECKED)
		result->kind = JOB_CONTROLS_CHECKED;
	if (outcome != CONTROLS_PENDING)
		list_devices(worker, result);
}

/* Uses a descriptor of its own: the one that streams belongs to the event loop. */
static void set_control(struct device_worker *worker, struct device_job *job)
{
	struct device_worker_result *result = &job->result;
	int fd = video_open(worker->open_path);

	result->kind = JOB_CONTROL_SET;
	if (fd < 0) {
		reason_set(&result->why, "no camera is open");
		return;
	}
	control_check_skip(&worker->control_check);
	result->control_set = v4l2_control_set(fd, job->name, job->value, &result->value, &result->why);
	close(fd);
	if (result->control_set)
		list_devices(worker, result);
}

static void set_controls(struct device_worker *worker, const struct device_job *job)
{
	memcpy(worker->config.controls, job->controls, sizeof(worker->config.controls));
	worker->config.control_count = job->control_count;
	int fd = worker->open_path[0] ? video_open(worker->open_path) : -1;
	if (fd < 0)
		return;
	v4l2_controls_apply(fd, &worker->config);
	control_check_start(&worker->control_check, &worker->config);
	close(fd);
}

/* Opening does not list the devices, too: the camera would fill all its buffers while they are listed. */
static void run_job(struct device_worker *worker, struct device_job *job)
{
	struct device_worker_result *result = &job->result;

	switch (job->kind) {
	case JOB_CLOSE:
		source_close(job->source);
		worker->open_path[0] = '\0';
		control_check_stop(&worker->control_check);
		break;
	case JOB_OPEN:
		result->kind = JOB_OPENED;
		result->outcome =
			source_open(&worker->config, worker->others, job->steps_down, &result->source, &result->why);
		if (result->source)
			snprintf(worker->open_path, sizeof(worker->open_path), "%s", result->source->info.device);
		if (result->source && result->source->info.kind == SOURCE_CAMERA && !result->source->info.is_external)
			control_check_start(&worker->control_check, &worker->config);
		break;
	case JOB_LIST:
		list_devices(worker, result);
		break;
	case JOB_CHECK_CONFIGURED:
		result->kind = JOB_CONFIGURED_CHECKED;
		result->configured_is_free = source_configured_is_free(&worker->config, worker->others);
		break;
	case JOB_SET_CONTROL:
		set_control(worker, job);
		break;
	case JOB_SET_CONTROLS:
		set_controls(worker, job);
		list_devices(worker, result);
		break;
	case JOB_CHECK_CONTROLS:
		check_controls(worker, job);
		break;
	}
}

/* Frees a job whose result nobody will take. */
static void discard(struct device_job *job)
{
	source_close(job->result.source);
	free(job->result.devices_json);
	free(job);
}

static void deliver(struct device_worker *worker, struct device_job *job)
{
	uint64_t one = 1;

	pthread_mutex_lock(&worker->lock);
	bool wanted = !worker->stopping && job->kind != JOB_CLOSE && !job->has_no_result;
	if (wanted)
		STAILQ_INSERT_TAIL(&worker->results, job, next);
	pthread_mutex_unlock(&worker->lock);
	if (!wanted) {
		discard(job);
		return;
	}
	if (write(worker->event, &one, sizeof(one)) < 0)
		return; /* its counter is full, so it is readable already */
}

static struct device_job *create_job(enum job_kind kind)
{
	struct device_job *job = calloc(1, sizeof(*job));

	/* A machine without some kilobytes is beyond help, and a lost job would stop the camera for good. */
	if (!job)
		abort();
	job->kind = kind;
	return job;
}

/* Until there is a job, the worker is stopped, or a check is due. */
static void wait_for_change(struct device_worker *worker)
{
	if (worker->control_check.due.us)
		mono_cond_wait(&worker->changed, &worker->lock, worker->control_check.due);
	else
		pthread_cond_wait(&worker->changed, &worker->lock);
}

/* Waits for the next job. *wanted says whether it is to be done, or the worker was stopped. NULL: there will be none.
 */
static struct device_job *next_job(struct device_worker *worker, bool *wanted)
{
	pthread_mutex_lock(&worker->lock);
	worker->busy_since = (mono_t){0};
	while (STAILQ_EMPTY(&worker->jobs) && !worker->stopping && !control_check_is_due(&worker->control_check))
		wait_for_change(worker);
	struct device_job *job = queue_pop(&worker->jobs);
	if (!job && !worker->stopping)
		job = create_job(JOB_CHECK_CONTROLS);
	*wanted = job && (!worker->stopping || job->kind == JOB_CLOSE);
	worker->busy_since = mono_now();
	pthread_mutex_unlock(&worker->lock);
	return job;
}

static struct device_job *next_result(struct device_worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	struct device_job *job = queue_pop(&worker->results);
	pthread_mutex_unlock(&worker->lock);
	return job;
}

static void *device_worker_thread(void *context)
{
	struct device_worker *worker = context;
	struct device_job *job;
	bool wanted;

	while ((job = next_job(worker, &wanted))) {
		if (wanted)
			run_job(worker, job);
		deliver(worker, job);
	}
	while ((job = next_result(worker)))
		discard(job);
	pthread_mutex_lock(&worker->lock);
	worker->ended = true;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
	return NULL;
}

struct device_worker *device_worker_create(const struct config *config, const struct other_cameras *others)
{
	struct device_worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return NULL;
	worker->config = *config;
	worker->others = others;
	STAILQ_INIT(&worker->jobs);
	STAILQ_INIT(&worker->results);
	worker->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&worker->lock, NULL);
	mono_cond_init(&worker->changed);
	if (worker->event < 0 || pthread_create(&worker->thread, NULL, device_worker_thread, worker) != 0) {
		if (worker->event >= 0)
			close(worker->event);
		free(worker);
		return NULL;
	}
	pthread_setname_np(worker->thread, "device-worker");
	return worker;
}

void device_worker_stop(struct device_worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	worker->stopping = true;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
}

/* False if it takes longer. */
static bool wait_for_end(struct device_worker *worker, int64_t timeout_us)
{
	mono_t deadline = {mono_now().us + timeout_us};

	pthread_mutex_lock(&worker->lock);
	while (!worker->ended && mono_cond_wait(&worker->changed, &worker->lock, deadline))
		;
	bool ended = worker->ended;
	pthread_mutex_unlock(&worker->lock);
	return ended;
}

bool device_worker_destroy(struct device_worker *worker, int64_t timeout_us)
{
	if (!worker)
		return true;
	device_worker_stop(worker);
	if (!wait_for_end(worker, timeout_us))
		return false;
	pthread_join(worker->thread, NULL);
	close(worker->event);
	pthread_cond_destroy(&worker->changed);
	pthread_mutex_destroy(&worker->lock);
	control_check_stop(&worker->control_check);
	free(worker);
	return true;
}

int device_worker_fd(const struct device_worker *worker)
{
	return worker->event;
}

static void queue_job(struct device_worker *worker, struct device_job *job)
{
	pthread_mutex_lock(&worker->lock);
	STAILQ_INSERT_TAIL(&worker->jobs, job, next);
	pthread_cond_signal(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
}

void device_worker_open(struct device_worker *worker, unsigned steps_down)
{
	struct device_job *job = create_job(JOB_OPEN);

	job->steps_down = steps_down;
	queue_job(worker, job);
}

void device_worker_list(struct device_worker *worker)
{
	queue_job(worker, create_job(JOB_LIST));
}

void device_worker_check_configured(struct device_worker *worker)
{
	queue_job(worker, create_job(JOB_CHECK_CONFIGURED));
}

void device_worker_set_control(struct device_worker *worker, uint32_t ticket, const char *name, const char *value)
{
	struct device_job *job = create_job(JOB_SET_CONTROL);

	job->result.ticket = ticket;
	snprintf(job->name, sizeof(job->name), "%s", name);
	snprintf(job->value, sizeof(job->value), "%s", value);
	queue_job(worker, job);
}

void device_worker_set_controls(struct device_worker *worker, const struct config *config)
{
	struct device_job *job = create_job(JOB_SET_CONTROLS);

	memcpy(job->controls, config->controls, sizeof(job->controls));
	job->control_count = config->control_count;
	queue_job(worker, job);
}

void device_worker_close(struct device_worker *worker, struct source *source)
{
	if (!source)
		return;
	struct device_job *job = create_job(JOB_CLOSE);
	job->source = source;
	queue_job(worker, job);
}

mono_t device_worker_busy_since(struct device_worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	mono_t since = worker->busy_since;
	pthread_mutex_unlock(&worker->lock);
	return since;
}

bool device_worker_take_result(struct device_worker *worker, struct device_worker_result *out)
{
	uint64_t count;

	if (read(worker->event, &count, sizeof(count)) < 0)
		count = 0; /* not woken: there may be a result all the same */
	struct device_job *job = next_result(worker);
	if (!job)
		return false;
	*out = job->result;
	free(job);
	return true;
}
