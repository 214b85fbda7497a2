/* device_watch.h - reports when a video device appears or disappears, using inotify(7) on /dev. */
#ifndef RECORDERD_CAPTURE_DEVICE_WATCH_H
#define RECORDERD_CAPTURE_DEVICE_WATCH_H

#include "shared/event/loop.h"

struct device_watch {
	struct loop *loop;
	struct loop_watch watch;
	void (*changed)(void *context);
	void *context;
};

/* If the kernel does not allow the watch, this is logged once and nothing is ever reported. */
void device_watch_start(struct device_watch *watch, struct loop *loop, void (*changed)(void *context), void *context);
void device_watch_stop(struct device_watch *watch);

#endif
