/* service.c - the recorder as a service: its state in one line, and its watchdog. */
#include "recorderd/service.h"

#include <stdio.h>
#include <string.h>

#include "shared/ring/health.h"

/* The first failure, or the first warning if there is no failure. */
struct first_finding {
	bool found;
	enum health_kind kind;
	char sentence[200];
};

static void note_finding(void *context, enum health_kind kind, const char *sentence)
{
	struct first_finding *first = context;

	if (first->found && (first->kind == HEALTH_FAILURE || kind != HEALTH_FAILURE))
		return;
	first->found = true;
	first->kind = kind;
	snprintf(first->sentence, sizeof(first->sentence), "%.199s", sentence);
}

static void format_status(const struct recorder_state *state, char *out, size_t bytes)
{
	struct first_finding first = {0};

	health_check(state, &(struct health_listener){note_finding, &first});
	if (first.found)
		snprintf(out, bytes, "%s: %s", first.kind == HEALTH_FAILURE ? "FAILURE" : "Warning", first.sentence);
	else
		snprintf(out, bytes, "%s: %ux%u %s at %g frames/s from %s",
			 recording_state_text(state->recording_state), state->width, state->height, state->format,
			 state->fps_milli / 1e3, state->device);
}

static void send_status(struct service *service, const struct recorder_state *state)
{
	char status[sizeof(service->status)];

	format_status(state, status, sizeof(status));
	if (strcmp(status, service->status) == 0)
		return;
	memcpy(service->status, status, sizeof(status));
	sd_notify_send(&service->notify, "STATUS=%s", status);
}

void service_open(struct service *service)
{
	*service = (struct service){0};
	sd_notify_open(&service->notify);
}

void service_close(struct service *service)
{
	sd_notify_close(&service->notify);
}

void service_ready(struct service *service)
{
	sd_notify_send(&service->notify, "READY=1");
}

void service_tick(struct service *service, const struct recorder_state *state, bool capture_is_alive)
{
	mono_t now = mono_now();

	if (service->notify.fd < 0)
		return;
	send_status(service, state);
	if (!service->notify.watchdog_us || !capture_is_alive || now.us < service->watchdog_at.us)
		return;
	sd_notify_send(&service->notify, "WATCHDOG=1");
	service->watchdog_at.us = now.us + service->notify.watchdog_us / 3;
}

void service_reloading(struct service *service)
{
	sd_notify_reloading(&service->notify);
}

void service_stopping(struct service *service)
{
	sd_notify_send(&service->notify, "STOPPING=1");
}
