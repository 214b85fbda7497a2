/* camera_span.c - makes the list of a camera hold what the store has of a span. */
#include "offsite/remote/camera_span.h"

#include "offsite/remote/camera_days.h"
#include "offsite/remote/camera_list.h"
#include "offsite/remote/camera_live.h"

#define RECENT_TTL_US (10 * US_PER_S)   /* of the days, if the span goes on after what is known */
#define PAST_TTL_US   (60 * US_PER_S)   /* if it does not: segments that were late, or have expired */
#define LIVE_TTL_US   (2 * US_PER_S)    /* of pieces */
#define STALE_TTL_US  (3000 * US_PER_S) /* while the store does not answer; upkeep.h ends what is older */

static bool is_younger(int64_t listed_us, int64_t ttl_us)
{
	return listed_us != 0 && mono_now().us - listed_us < ttl_us;
}

static bool is_recent(const struct remote_camera *camera, int64_t to_us)
{
	return to_us > camera->status.newest_wall_us;
}

static bool days_are_fresh(const struct remote_camera *camera, int64_t to_us)
{
	return is_younger(camera->listed_us, is_recent(camera, to_us) ? RECENT_TTL_US : PAST_TTL_US);
}

static bool pieces_are_fresh(const struct remote_camera *camera, int64_t to_us)
{
	return camera->live_listed_us != 0 &&
	       (!is_recent(camera, to_us) || is_younger(camera->live_listed_us, LIVE_TTL_US));
}

bool camera_span_is_known(const struct remote_camera *camera, int64_t from_us, int64_t to_us)
{
	return camera->generation != 0 && days_are_fresh(camera, to_us) && pieces_are_fresh(camera, to_us) &&
	       camera_days_loaded(camera, from_us, to_us);
}

bool camera_span_is_known_well_enough(const struct remote_camera *camera, int64_t from_us, int64_t to_us)
{
	return camera->generation != 0 && !is_recent(camera, to_us) && is_younger(camera->listed_us, STALE_TTL_US) &&
	       camera_days_loaded(camera, from_us, to_us);
}

static enum get_outcome ask(struct fetcher *fetcher, struct store_reader *reader, struct remote_camera *camera,
			    int64_t from_us, int64_t to_us, struct reason *why)
{
	enum get_outcome outcome = GET_DONE;
	bool changed = false;

	pthread_mutex_lock(&fetcher->lock);
	bool list_days = !days_are_fresh(camera, to_us), follow = !pieces_are_fresh(camera, to_us);
	pthread_mutex_unlock(&fetcher->lock);
	if (list_days)
		outcome = camera_days_list(fetcher, reader, camera, why);
	if (outcome == GET_DONE)
		outcome = camera_days_load(fetcher, reader, camera, from_us, to_us, &changed, why);
	/* A segment that was shipped meanwhile is in the days of the next listing, and in pieces until then. */
	if (outcome == GET_DONE && (list_days || follow)) {
		outcome = camera_live_follow(fetcher, reader, camera, &changed, why);
		pthread_mutex_lock(&fetcher->lock);
		if (outcome == GET_DONE)
			camera->live_listed_us = mono_now().us;
		pthread_mutex_unlock(&fetcher->lock);
	}
	if (outcome == GET_DONE && !camera_list_write(fetcher, camera, why))
		outcome = GET_CHANGED;
	if (outcome != GET_DONE || list_days || follow)
		camera_status_note(fetcher, camera, outcome, why);
	return outcome;
}

enum get_outcome camera_span_learn(struct fetcher *fetcher, struct store_reader *reader, struct remote_camera *camera,
				   int64_t from_us, int64_t to_us, struct reason *why)
{
	enum get_outcome outcome = GET_DONE;

	pthread_mutex_lock(&camera->asking);
	pthread_mutex_lock(&fetcher->lock);
	bool known = camera_span_is_known(camera, from_us, to_us);
	camera->used_us = mono_now().us;
	pthread_mutex_unlock(&fetcher->lock);
	if (!known || !cache_exists(fetcher->cache, camera->name, CATALOGUE_FILE))
		outcome = known ? GET_DONE : ask(fetcher, reader, camera, from_us, to_us, why);
	/* Somebody may have deleted the list. */
	if (outcome == GET_DONE && !camera_list_write(fetcher, camera, why))
		outcome = GET_CHANGED;
	pthread_mutex_lock(&fetcher->lock);
	bool will_do = camera_span_is_known_well_enough(camera, from_us, to_us);
	pthread_mutex_unlock(&fetcher->lock);
	if (outcome != GET_DONE && outcome != GET_STOPPED && will_do && camera_list_write(fetcher, camera, why))
		outcome = GET_DONE;
	pthread_mutex_unlock(&camera->asking);
	return outcome;
}
