/* service.c - see service.h. */
#include "recorderd/service.h"

#include <stdio.h>
#include <string.h>

#include "shared/ring/health.h"

struct first_words {
	const char *label; /* of what `text` is: the first failure, else the first warning */
	char text[200];
};

static void take_first(void *context, enum health_kind kind, const char *sentence)
{
	struct first_words *words = context;
	const char *label = kind == HEALTH_FAILURE ? "FAILURE: " : "Warning: ";

	if (words->label && (kind != HEALTH_FAILURE || words->label[0] == 'F'))
		return;
	words->label = label;
	snprintf(words->text, sizeof(words->text), "%.199s", sentence);
}

static void put_in_words(const struct recorder_state *state, char *out, size_t bytes)
{
	struct first_words words = {0};

	health_check(state, &(struct health_listener){take_first, &words});
	if (words.label)
		snprintf(out, bytes, "%s%s", words.label, words.text);
	else
		snprintf(out, bytes, "%s: %ux%u %s at %g frames/s from %s",
			 recording_state_text(state->recording_state), state->width, state->height, state->format,
			 state->fps_milli / 1e3, state->device);
}

static void say_status(struct service *service, const struct recorder_state *state)
{
	char words[sizeof(service->words)];

	put_in_words(state, words, sizeof(words));
	if (strcmp(words, service->words) == 0)
		return;
	memcpy(service->words, words, sizeof(words));
	sd_notify_send(&service->notify, "STATUS=%s", words);
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
	say_status(service, state);
	if (!service->notify.watchdog_us || !capture_is_alive || now.us < service->alive_due.us)
		return;
	sd_notify_send(&service->notify, "WATCHDOG=1");
	service->alive_due.us = now.us + service->notify.watchdog_us / 3;
}

void service_reloading(struct service *service)
{
	sd_notify_reloading(&service->notify);
}

void service_stopping(struct service *service)
{
	sd_notify_send(&service->notify, "STOPPING=1");
}
