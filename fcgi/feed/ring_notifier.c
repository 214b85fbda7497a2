/* ring_notifier.c - a thread that waits on the futex of one camera's ring. */
#include "fcgi/feed/ring_notifier.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/ring/ring_reader.h"

#define SLEEP_MS 200 /* how long ring_notifier_close() may have to wait for the thread */

/* The thread maps the ring itself and shares only the descriptor and `stopping` with the loop. */
struct ring_notifier {
	pthread_t thread;
	int event_fd;
	_Atomic bool stopping;
	char ring_name[64];
};

static void notifier_signal(struct ring_notifier *notifier)
{
	if (eventfd_write(notifier->event_fd, 1) != 0)
		return; /* its counter is full: it is readable */
}

static void follow(struct ring_notifier *notifier, struct ring_reader *reader)
{
	uint64_t seen = 0;

	while (!atomic_load(&notifier->stopping)) {
		if (ring_reader_wait(reader, seen, SLEEP_MS)) {
			seen = ring_reader_head(reader);
			notifier_signal(notifier);
		} else if (!ring_reader_is_current(reader, notifier->ring_name)) {
			return;
		}
	}
}

static void *notifier_thread(void *context)
{
	struct ring_notifier *notifier = context;

	while (!atomic_load(&notifier->stopping)) {
		struct reason unused;
		struct ring_reader *reader = ring_reader_open(notifier->ring_name, &unused);
		if (reader) {
			notifier_signal(notifier);
			follow(notifier, reader);
			ring_reader_close(reader);
		} else {
			poll(NULL, 0, SLEEP_MS);
		}
	}
	return NULL;
}

struct ring_notifier *ring_notifier_open(const char *ring_name, struct reason *why)
{
	struct ring_notifier *notifier = calloc(1, sizeof(*notifier));
	int error = ENOMEM;
	if (!notifier)
		goto failed;
	snprintf(notifier->ring_name, sizeof(notifier->ring_name), "%s", ring_name);
	notifier->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	error = notifier->event_fd < 0 ? errno : pthread_create(&notifier->thread, NULL, notifier_thread, notifier);
	if (error == 0)
		return notifier;
	if (notifier->event_fd >= 0)
		close(notifier->event_fd);
failed:
	free(notifier);
	errno = error;
	reason_errno(why, "cannot follow the ring %s", ring_name);
	return NULL;
}

void ring_notifier_stop(struct ring_notifier *notifier)
{
	if (notifier)
		atomic_store(&notifier->stopping, true);
}

void ring_notifier_close(struct ring_notifier *notifier)
{
	if (!notifier)
		return;
	ring_notifier_stop(notifier);
	pthread_join(notifier->thread, NULL);
	close(notifier->event_fd);
	free(notifier);
}

int ring_notifier_fd(const struct ring_notifier *notifier)
{
	return notifier->event_fd;
}
