/* fetcher.c - what the threads of recorder-fetch share. */
#include "offsite/remote/fetcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/log.h"

#define PAUSE_US     US_PER_S        /* after a failure */
#define FAILS_NOW_US (30 * US_PER_S) /* longer than a request of a store that hangs takes, and the pause */
#define CAMERAS_MAX  20000
#define BYTES_PER_GB 1e9

bool fetcher_open(struct fetcher *fetcher, const struct config_store *config, struct store *store, struct reason *why)
{
	*fetcher = (struct fetcher){.store = store};
	fetcher->cache = cache_open(config->cache, (uint64_t)(config->cache_gb * BYTES_PER_GB), why);
	pthread_mutex_init(&fetcher->lock, NULL);
	return fetcher->cache != NULL;
}

static void free_camera(struct remote_camera *camera)
{
	for (size_t i = 0; i < camera->day_count; i++)
		free(camera->days[i].entries);
	free(camera->days);
	free(camera->expired);
	free(camera->segments);
	free(camera->live);
	pthread_mutex_destroy(&camera->asking);
	free(camera);
}

void fetcher_close(struct fetcher *fetcher)
{
	for (size_t i = 0; i < fetcher->camera_count; i++)
		free_camera(fetcher->cameras[i]);
	free(fetcher->cameras);
	cache_close(fetcher->cache);
	pthread_mutex_destroy(&fetcher->lock);
}

bool fetcher_may_ask(struct fetcher *fetcher, struct reason *why)
{
	pthread_mutex_lock(&fetcher->lock);
	bool may = fetcher->failed_us == 0 || mono_now().us - fetcher->failed_us > PAUSE_US;
	if (!may)
		*why = fetcher->failure;
	pthread_mutex_unlock(&fetcher->lock);
	return may;
}

bool fetcher_fails_now(struct fetcher *fetcher)
{
	pthread_mutex_lock(&fetcher->lock);
	bool fails = fetcher->failed_us != 0 && mono_now().us - fetcher->failed_us < FAILS_NOW_US;
	pthread_mutex_unlock(&fetcher->lock);
	return fails;
}

void fetcher_note(struct fetcher *fetcher, enum get_outcome outcome, const struct reason *why)
{
	bool failed = outcome == GET_RETRY || outcome == GET_REFUSED, news = false, ends = false;

	if (outcome == GET_STOPPED)
		return;
	pthread_mutex_lock(&fetcher->lock);
	if (failed) {
		news = fetcher->failed_us == 0 || strcmp(fetcher->failure.text, why->text) != 0;
		fetcher->failed_us = mono_now().us;
		fetcher->failure = *why;
	} else {
		ends = fetcher->failed_us != 0;
		fetcher->failed_us = 0;
	}
	pthread_mutex_unlock(&fetcher->lock);
	if (news)
		log_warn("fetch", "footage waits: %s", why->text);
	else if (ends)
		log_info("fetch", "the store answers again");
}

enum fetch_outcome fetcher_outcome(enum get_outcome outcome)
{
	switch (outcome) {
	case GET_DONE:
		return FETCH_OK;
	case GET_MISSING:
		return FETCH_GONE;
	case GET_CHANGED:
	case GET_RETRY:
	case GET_REFUSED:
	case GET_STOPPED:
		break;
	}
	return FETCH_UNAVAILABLE;
}

bool fetcher_camera_name_valid(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return length > 0 && length < CONFIG_NAME_BYTES && name[length] == '\0' && name[0] != '-';
}

static struct remote_camera *add_camera(struct fetcher *fetcher, const char *name)
{
	struct remote_camera *camera = calloc(1, sizeof(*camera));
	struct remote_camera **grown = NULL;

	if (camera && fetcher->camera_count < CAMERAS_MAX)
		grown = realloc(fetcher->cameras, (fetcher->camera_count + 1) * sizeof(struct remote_camera *));
	if (!grown) {
		free(camera);
		return NULL;
	}
	fetcher->cameras = grown;
	grown[fetcher->camera_count++] = camera;
	snprintf(camera->name, sizeof(camera->name), "%s", name);
	camera->status.magic = FETCH_STATUS_MAGIC;
	pthread_mutex_init(&camera->asking, NULL);
	return camera;
}

struct remote_camera *fetcher_camera(struct fetcher *fetcher, const char *name, bool make)
{
	struct remote_camera *camera = NULL;

	pthread_mutex_lock(&fetcher->lock);
	for (size_t i = 0; i < fetcher->camera_count && !camera; i++)
		if (strcmp(fetcher->cameras[i]->name, name) == 0)
			camera = fetcher->cameras[i];
	if (!camera && make)
		camera = add_camera(fetcher, name);
	pthread_mutex_unlock(&fetcher->lock);
	return camera;
}

void fetcher_object(const struct remote_camera *camera, const struct remote_segment *segment, enum object_kind kind,
		    char out[OBJECT_NAME_BYTES])
{
	struct object_name name = {
		.kind = kind, .segment_no = segment->entry.segment_no, .start_us = segment->object_start_us};

	memcpy(name.camera, camera->name, sizeof(name.camera));
	memcpy(name.archive, segment->archive, sizeof(name.archive));
	if (!object_name_make(&name, out))
		out[0] = '\0';
}
