/*
 * service.h - tells the service manager that the recorder is ready, how it is doing, and that its event loop and its
 * capture are alive.
 */
#ifndef RECORDERD_SERVICE_H
#define RECORDERD_SERVICE_H

#include "recorderd/sd_notify.h"
#include "shared/ring/state.h"

struct service {
	struct sd_notify notify;
	mono_t watchdog_at; /* when the next WATCHDOG=1 is due; 0: at once */
	char status[256];   /* the STATUS= that was sent last */
};

/* To be called before any child process is started. */
void service_open(struct service *service);
void service_close(struct service *service);

void service_ready(struct service *service);

/*
 * Called from the event loop with the state just published, several times within the watchdog's period. If
 * `capture_is_alive` is false it withholds WATCHDOG=1, so that the manager restarts a recorder whose camera hangs in
 * the driver.
 */
void service_tick(struct service *service, const struct recorder_state *state, bool capture_is_alive);

void service_reloading(struct service *service);
void service_stopping(struct service *service);

#endif
