/* Threads: `lock` guards the orders and the results; the event loop gives and takes, the opener thread works in
 * between. */
#include "recorderd/capture/device_worker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "recorderd/v4l2/v4l2_controls.h"
#include "recorderd/v4l2/v4l2_ioctl.h"

enum job_kind { JOB_OPEN, JOB_LIST, JOB_CLOSE, JOB_SET_CONTROL, JOB_SET_CONTROLS };

#define CONTROL_TEXT_BYTES sizeof(((struct config_control *)0)->name)

struct order {
	struct order *next;
	enum job_kind kind;
	struct source *source;                                    /* to close */
	char name[CONTROL_TEXT_BYTES], value[CONTROL_TEXT_BYTES]; /* of the control */
	struct config_control controls[CONFIG_CONTROLS_MAX];      /* of the settings */
	size_t control_count;
	struct device_worker_result result;
};

struct job_queue {
	struct order *first, **last;
};

struct device_worker {
	struct config config; /* the thread's own */
	const struct source_others *others;
	int event;
	char serving[128]; /* device of the camera that is open; the thread's own */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopping, ended;
	mono_t busy_since; /* {0}: idle */
	struct job_queue orders, results;
};

static void queue_push(struct job_queue *queue, struct order *order)
{
	order->next = NULL;
	*queue->last = order;
	queue->last = &order->next;
}

static struct order *queue_pop(struct job_queue *queue)
{
	struct order *order = queue->first;

	if (order)
		queue->first = order->next;
	if (!queue->first)
		queue->last = &queue->first;
	return order;
}

static void list_devices(const struct device_worker *opener, struct device_worker_result *result)
{
	result->device_count = device_list(result->devices);
	result->devices_json = device_list_json(result->devices, result->device_count, opener->serving);
}

/* On a descriptor of its own: the one that streams is the event loop's. */
static void set_control(const struct device_worker *opener, struct order *order)
{
	struct device_worker_result *result = &order->result;
	int fd = video_open(opener->serving);

	result->answer = JOB_CONTROL_SET;
	if (fd < 0) {
		reason_set(&result->why, "there is no camera now");
		return;
	}
	result->adjusted = v4l2_control_set(fd, order->name, order->value, &result->value, &result->why);
	close(fd);
	if (result->adjusted)
		list_devices(opener, result);
}

static void take_settings(struct device_worker *opener, const struct order *order)
{
	int fd;

	memcpy(opener->config.controls, order->controls, sizeof(opener->config.controls));
	opener->config.control_count = order->control_count;
	fd = opener->serving[0] ? video_open(opener->serving) : -1;
	if (fd < 0)
		return;
	v4l2_controls_apply(fd, &opener->config);
	close(fd);
}

/* Listing takes a while: a camera that was opened would fill its buffers meanwhile, so it is an order of its own. */
static void carry_out(struct device_worker *opener, struct order *order)
{
	struct device_worker_result *result = &order->result;

	switch (order->kind) {
	case JOB_CLOSE:
		source_close(order->source);
		opener->serving[0] = '\0';
		break;
	case JOB_OPEN:
		result->answer = JOB_OPENED;
		result->outcome = source_open(&opener->config, opener->others, &result->source, &result->why);
		if (result->source)
			snprintf(opener->serving, sizeof(opener->serving), "%s", result->source->info.device);
		break;
	case JOB_LIST:
		list_devices(opener, result);
		break;
	case JOB_SET_CONTROL:
		set_control(opener, order);
		break;
	case JOB_SET_CONTROLS:
		take_settings(opener, order);
		list_devices(opener, result);
		break;
	}
}

/* What nobody will fetch. */
static void discard(struct order *order)
{
	source_close(order->result.source);
	free(order->result.devices_json);
	free(order);
}

static void deliver(struct device_worker *opener, struct order *order)
{
	uint64_t one = 1;
	bool wanted;

	pthread_mutex_lock(&opener->lock);
	wanted = !opener->stopping && order->kind != JOB_CLOSE;
	if (wanted)
		queue_push(&opener->results, order);
	pthread_mutex_unlock(&opener->lock);
	if (!wanted) {
		discard(order);
		return;
	}
	if (write(opener->event, &one, sizeof(one)) < 0)
		return; /* its counter is full: it is readable already */
}

/* The next order, which is to be carried out unless the opener was stopped meanwhile; NULL: there will be none. */
static struct order *next_job(struct device_worker *opener, bool *wanted)
{
	struct order *order;

	pthread_mutex_lock(&opener->lock);
	opener->busy_since = (mono_t){0};
	while (!opener->orders.first && !opener->stopping)
		pthread_cond_wait(&opener->changed, &opener->lock);
	order = queue_pop(&opener->orders);
	*wanted = order && (!opener->stopping || order->kind == JOB_CLOSE);
	opener->busy_since = mono_now();
	pthread_mutex_unlock(&opener->lock);
	return order;
}

static struct order *next_result(struct device_worker *opener)
{
	struct order *order;

	pthread_mutex_lock(&opener->lock);
	order = queue_pop(&opener->results);
	pthread_mutex_unlock(&opener->lock);
	return order;
}

static void *device_worker_thread(void *context)
{
	struct device_worker *opener = context;
	struct order *order;
	bool wanted;

	while ((order = next_job(opener, &wanted))) {
		if (wanted)
			carry_out(opener, order);
		deliver(opener, order);
	}
	while ((order = next_result(opener)))
		discard(order);
	pthread_mutex_lock(&opener->lock);
	opener->ended = true;
	pthread_cond_broadcast(&opener->changed);
	pthread_mutex_unlock(&opener->lock);
	return NULL;
}

struct device_worker *device_worker_create(const struct config *config, const struct source_others *others)
{
	struct device_worker *opener = calloc(1, sizeof(*opener));
	pthread_condattr_t monotonic;

	if (!opener)
		return NULL;
	opener->config = *config;
	opener->others = others;
	opener->orders.last = &opener->orders.first;
	opener->results.last = &opener->results.first;
	opener->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&opener->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&opener->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (opener->event < 0 || pthread_create(&opener->thread, NULL, device_worker_thread, opener) != 0) {
		if (opener->event >= 0)
			close(opener->event);
		free(opener);
		return NULL;
	}
	pthread_setname_np(opener->thread, "opener");
	return opener;
}

void device_worker_stop(struct device_worker *opener)
{
	pthread_mutex_lock(&opener->lock);
	opener->stopping = true;
	pthread_cond_broadcast(&opener->changed);
	pthread_mutex_unlock(&opener->lock);
}

/* False where it does not within that time. */
static bool wait_for_end(struct device_worker *opener, int64_t timeout_us)
{
	int64_t until_us = mono_now().us + timeout_us;
	struct timespec until = {until_us / US_PER_S, (long)(until_us % US_PER_S) * 1000};
	bool ended;

	pthread_mutex_lock(&opener->lock);
	while (!opener->ended && pthread_cond_timedwait(&opener->changed, &opener->lock, &until) == 0)
		;
	ended = opener->ended;
	pthread_mutex_unlock(&opener->lock);
	return ended;
}

bool device_worker_destroy(struct device_worker *opener, int64_t timeout_us)
{
	if (!opener)
		return true;
	device_worker_stop(opener);
	if (!wait_for_end(opener, timeout_us))
		return false;
	pthread_join(opener->thread, NULL);
	close(opener->event);
	pthread_cond_destroy(&opener->changed);
	pthread_mutex_destroy(&opener->lock);
	free(opener);
	return true;
}

int device_worker_fd(const struct device_worker *opener)
{
	return opener->event;
}

static struct order *create_job(enum job_kind kind)
{
	struct order *order = calloc(1, sizeof(*order));

	if (!order)
		abort(); /* some kilobytes: the machine is beyond help, and a lost order would stop the camera for
			    good */
	order->kind = kind;
	return order;
}

static void queue_job(struct device_worker *opener, struct order *order)
{
	pthread_mutex_lock(&opener->lock);
	queue_push(&opener->orders, order);
	pthread_cond_signal(&opener->changed);
	pthread_mutex_unlock(&opener->lock);
}

void device_worker_open(struct device_worker *opener)
{
	queue_job(opener, create_job(JOB_OPEN));
}

void device_worker_list(struct device_worker *opener)
{
	queue_job(opener, create_job(JOB_LIST));
}

void device_worker_set_control(struct device_worker *opener, uint32_t ticket, const char *name, const char *value)
{
	struct order *order = create_job(JOB_SET_CONTROL);

	order->result.ticket = ticket;
	snprintf(order->name, sizeof(order->name), "%s", name);
	snprintf(order->value, sizeof(order->value), "%s", value);
	queue_job(opener, order);
}

void device_worker_set_controls(struct device_worker *opener, const struct config *config)
{
	struct order *order = create_job(JOB_SET_CONTROLS);

	memcpy(order->controls, config->controls, sizeof(order->controls));
	order->control_count = config->control_count;
	queue_job(opener, order);
}

mono_t device_worker_busy_since(struct device_worker *opener)
{
	mono_t since;

	pthread_mutex_lock(&opener->lock);
	since = opener->busy_since;
	pthread_mutex_unlock(&opener->lock);
	return since;
}

void device_worker_close(struct device_worker *opener, struct source *source)
{
	struct order *order;

	if (!source)
		return;
	order = create_job(JOB_CLOSE);
	order->source = source;
	queue_job(opener, order);
}

bool device_worker_take_result(struct device_worker *opener, struct device_worker_result *out)
{
	struct order *order;
	uint64_t count;

	if (read(opener->event, &count, sizeof(count)) < 0)
		count = 0; /* asked without a wake-up: the queue says */
	order = next_result(opener);
	if (!order)
		return false;
	*out = order->result;
	free(order);
	return true;
}
