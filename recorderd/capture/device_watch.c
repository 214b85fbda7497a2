/* device_watch.c - changes in /dev, from inotify(7). */
#include "recorderd/capture/device_watch.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "shared/base/log.h"

static void events_ready(void *context, uint32_t events)
{
	struct device_watch *watch = context;
	char block[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t length = read(watch->watch.fd, block, sizeof(block));
	bool video = false;

	(void)events;
	for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= length;) {
		const struct inotify_event *event = (const struct inotify_event *)(block + at);

		video |= event->len && strncmp(event->name, "video", 5) == 0;
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	if (video)
		watch->changed(watch->context);
}

void device_watch_start(struct device_watch *watch, struct loop *loop, void (*changed)(void *context), void *context)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	*watch = (struct device_watch){.loop = loop, .changed = changed, .context = context};
	watch->watch = (struct loop_watch){.fd = fd, .ready = events_ready, .context = watch};
	if (fd < 0 || inotify_add_watch(fd, "/dev", IN_CREATE | IN_DELETE | IN_ATTRIB) < 0 ||
	    !loop_watch_set(loop, &watch->watch, EPOLLIN))
		log_warn("camera", "cannot watch /dev for changes (%s); a new camera is noticed within 2 s instead",
			 strerror(errno));
}

void device_watch_stop(struct device_watch *watch)
{
	if (watch->watch.fd < 0)
		return;
	loop_watch_set(watch->loop, &watch->watch, 0);
	close(watch->watch.fd);
	watch->watch.fd = -1;
}
