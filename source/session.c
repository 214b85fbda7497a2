/* session.c - one camera: its recorder and its source. */
#include "source/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/log.h"
#include "shared/config/camera_device.h"

#define RETRY_US   (US_PER_S / 4)
#define GIVE_UP_US US_PER_S /* of handing over what is left */

static void retry_later(struct session *session)
{
	loop_timer_set(session->loop, &session->retry, (mono_t){mono_now().us + RETRY_US});
}

/* Logged once, until the source works again. */
static void note_failure(struct session *session, const char *why)
{
	if (strcmp(session->failure, why) != 0)
		log_warn("source", "%s: %s; trying again", session->config->camera.name, why);
	snprintf(session->failure, sizeof(session->failure), "%s", why);
}

static void picture_came(void *context, const uint8_t *jpeg, size_t bytes, mono_t arrived)
{
	struct session *session = context;

	if (session->delivery.number == 0) {
		log_info("source", "%s: the source sends pictures", session->config->camera.name);
		session->failure[0] = '\0';
	}
	delivery_picture(&session->delivery, jpeg, bytes, arrived);
}

static void end_run(struct session *session, const char *why)
{
	note_failure(session, why);
	loop_timer_set(session->loop, &session->give_up, (mono_t){mono_now().us + GIVE_UP_US});
	delivery_end(&session->delivery, why);
}

static void source_ended(void *context, const char *why)
{
	end_run(context, why);
}

/* The recorder has ended the connection, or knows why there are no more pictures. */
static void delivered(void *context)
{
	struct session *session = context;

	if (source_run_is_running(&session->run))
		log_debug("source", "%s: the recorder needs no pictures now", session->config->camera.name);
	source_run_stop(&session->run);
	delivery_close(&session->delivery);
	loop_timer_clear(session->loop, &session->give_up);
	retry_later(session);
}

/* Returns false and sets *why if the file is not valid any more. */
static bool read_config(struct session *session, struct reason *why)
{
	struct config *fresh = malloc(sizeof(*fresh));
	bool good = fresh && config_reload(session->config, fresh, why);

	if (good) {
		*session->config = *fresh;
		log_set_level(fresh->log_level);
	} else if (!fresh) {
		reason_set(why, "out of memory");
	}
	free(fresh);
	return good;
}

static void start_source(struct session *session)
{
	struct reason why;

	if (!read_config(session, &why)) {
		end_run(session, why.text);
		return;
	}
	if (!camera_device_is_external(session->config->camera.device)) {
		session->unwanted(session->context);
		return;
	}
	session->run.quiet = session->failure[0] != '\0';
	if (!source_run_start(&session->run, session->config, &why))
		end_run(session, why.text);
}

static void try_to_connect(void *context)
{
	struct session *session = context;

	if (delivery_open(&session->delivery, session->config->camera.name))
		start_source(session);
	else
		retry_later(session);
}

void session_open(struct session *session)
{
	session->delivery =
		(struct delivery){.loop = session->loop, .done = delivered, .context = session, .watch.fd = -1};
	session->run = (struct source_run){
		.loop = session->loop, .picture = picture_came, .ended = source_ended, .context = session};
	session->run.child = SUBPROCESS_NONE;
	session->retry = (struct loop_timer){.due = try_to_connect, .context = session};
	session->give_up = (struct loop_timer){.due = delivered, .context = session};
	try_to_connect(session);
}

void session_close(struct session *session)
{
	loop_timer_clear(session->loop, &session->retry);
	loop_timer_clear(session->loop, &session->give_up);
	source_run_stop(&session->run);
	delivery_close(&session->delivery);
}

pid_t session_source_id(const struct session *session)
{
	return source_run_id(&session->run);
}
