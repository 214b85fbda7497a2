/*
 * ring_notifier.c - see ring_notifier.h. The thread maps the ring for itself, so that nothing is shared with the loop
 * but the two descriptors and `stopping`.
 */
#include "fcgi/live/ring_notifier.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/ring/ring_reader.h"

#define SLEEP_MS   200 /* how long closing may have to wait for the thread */
#define CURRENT_US (US_PER_S)

struct ring_notifier {
	pthread_t thread;
	int ring_fd;
	_Atomic bool stopping;
	char ring_name[64];
};

static void notifier_signal(struct ring_notifier *bell)
{
	if (eventfd_write(bell->ring_fd, 1) != 0)
		return; /* its counter is full: it is readable */
}

static void follow(struct ring_notifier *bell, struct ring_reader *reader)
{
	uint64_t seen = 0;
	int64_t checked_us = mono_now().us;
	while (!atomic_load(&bell->stopping)) {
		if (ring_reader_wait(reader, seen, SLEEP_MS)) {
			seen = ring_reader_head(reader);
			notifier_signal(bell);
		} else if (mono_now().us - checked_us >= CURRENT_US) {
			checked_us = mono_now().us;
			if (!ring_reader_is_current(reader, bell->ring_name))
				return;
		}
	}
}

static void *notifier_thread(void *context)
{
	struct ring_notifier *bell = context;
	while (!atomic_load(&bell->stopping)) {
		struct reason unused;
		struct ring_reader *reader = ring_reader_open(bell->ring_name, &unused);
		if (reader) {
			notifier_signal(bell);
			follow(bell, reader);
			ring_reader_close(reader);
		} else {
			poll(NULL, 0, SLEEP_MS);
		}
	}
	return NULL;
}

struct ring_notifier *ring_notifier_open(const char *ring_name, struct reason *why)
{
	struct ring_notifier *bell = calloc(1, sizeof(*bell));
	int error = ENOMEM;
	if (!bell)
		goto failed;
	snprintf(bell->ring_name, sizeof(bell->ring_name), "%s", ring_name);
	bell->ring_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	error = bell->ring_fd < 0 ? errno : pthread_create(&bell->thread, NULL, notifier_thread, bell);
	if (error == 0)
		return bell;
	if (bell->ring_fd >= 0)
		close(bell->ring_fd);
failed:
	free(bell);
	errno = error;
	reason_errno(why, "cannot follow the ring %s", ring_name);
	return NULL;
}

void ring_notifier_close(struct ring_notifier *bell)
{
	if (!bell)
		return;
	atomic_store(&bell->stopping, true);
	pthread_join(bell->thread, NULL);
	close(bell->ring_fd);
	free(bell);
}

int ring_notifier_fd(const struct ring_notifier *bell)
{
	return bell->ring_fd;
}
