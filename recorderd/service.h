/*
 * service.h - the recorder as a service manager sees it: ready, its state in words, and a sign of life as long as the
 * event loop and the capture are alive.
 */
#ifndef RECORDERD_SERVICE_H
#define RECORDERD_SERVICE_H

#include "recorderd/sd_notify.h"
#include "shared/ring/state.h"

struct service {
	struct notify notify;
	mono_t alive_due; /* of the next WATCHDOG=1; the first one is due at once, also on a machine that has just
			     booted */
	char words[256];  /* the STATUS= that was sent last */
};

/* Early: before any child is started. */
void service_open(struct service *service);
void service_close(struct service *service);

void service_ready(struct service *service);

/*
 * From the event loop, with the state just published, several times within the watchdog's period. With `capture_is_alive`
 * false there is no sign of life: the manager ends a recorder whose camera hangs in the driver.
 */
void service_tick(struct service *service, const struct recorder_state *state, bool capture_is_alive);

void service_reloading(struct service *service);
void service_stopping(struct service *service);

#endif
