/* live_feed.c - the newest frame of one camera, from its ring. */
#include "fcgi/feed/live_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/log.h"
#include "shared/ring/shm_name.h"
#include "shared/text/time_text.h"

#define FRESH_US (10 * US_PER_S) /* as for /snapshot */

static bool open_video(struct live_feed *feed, struct reason *why)
{
	feed->video = calloc(1, sizeof(*feed->video));
	if (!feed->video)
		return reason_errno(why, "cannot follow the video");
	video_feed_init(feed->video, feed->ring_name);
	feed->video_notifier = ring_notifier_open(feed->video->ring_name, why);
	return feed->video_notifier != NULL;
}

bool live_feed_init(struct live_feed *feed, const struct config *config, int64_t gone_limit_us, struct reason *why)
{
	*feed = (struct live_feed){.config = config,
				   .gone_limit_us = gone_limit_us,
				   .max_viewers = (uint64_t)config->http.max_viewers,
				   .max_event_clients = (uint64_t)config->http.max_event_clients,
				   .http = config->http,
				   .log_level = config->log_level};
	config_ring_name(config, feed->ring_name);
	if (!live_stats_open(&feed->stats, config))
		return reason_errno(why, "cannot count viewers");
	feed->notifier = ring_notifier_open(feed->ring_name, why);
	if (!feed->notifier || !open_video(feed, why))
		return false;
	feed->events = live_events_open(config->camera.name, feed->ring_name, why);
	return feed->events != NULL;
}

static void drop_frame(struct live_feed *feed)
{
	live_frame_unref(feed->newest);
	feed->newest = NULL;
}

static bool is_emptied(const struct live_feed *feed)
{
	return feed->ring && ring_reader_is_emptied(feed->ring->reader);
}

static void drop_ring(struct live_feed *feed)
{
	if (is_emptied(feed))
		drop_frame(feed);
	live_ring_unref(feed->ring);
	feed->ring = NULL;
	feed->seq = 0;
}

void live_feed_free(struct live_feed *feed)
{
	ring_notifier_stop(feed->notifier);
	ring_notifier_stop(feed->video_notifier);
	live_events_stop(feed->events);
	ring_notifier_close(feed->notifier);
	ring_notifier_close(feed->video_notifier);
	if (feed->video)
		video_feed_free(feed->video);
	free(feed->video);
	live_events_close(feed->events);
	live_stats_close(&feed->stats);
	drop_frame(feed);
	drop_ring(feed);
	*feed = (struct live_feed){0};
}

void live_feed_update(struct live_feed *feed)
{
	if (!feed->ring || is_emptied(feed))
		live_feed_check(feed);
	uint64_t head = feed->ring ? ring_reader_head(feed->ring->reader) : 0;
	struct ring_frame ring_frame;

	if (head == 0 || head == feed->seq || !ring_reader_get(feed->ring->reader, head, &ring_frame))
		return;
	struct live_frame *frame = live_frame_create(feed->ring, &ring_frame);
	if (!frame)
		return;
	drop_frame(feed);
	feed->newest = frame;
	feed->seq = head;
	feed->serial++;
}

/* The recorder follows changes of the configuration, and publishes what concerns this program. */
static void apply_settings(struct live_feed *feed, const struct recorder_state *state)
{
	if (state->max_viewers > 0)
		feed->max_viewers = state->max_viewers;
	if (state->max_event_clients > 0)
		feed->max_event_clients = state->max_event_clients;
	feed->camera_off = state->camera_state == CAMERA_OFF;
	feed->off_by_schedule = state->camera_off_cause == GAP_SCHEDULE;
	feed->recording = state->recording_state <= RECORDING_NO_PICTURES ? (enum recording_state)state->recording_state
									  : RECORDING_WAITING;
	feed->records_mjpeg = strcmp(state->encoder, "copy") == 0;
	snprintf(feed->encoder_error, sizeof(feed->encoder_error), "%s", state->last_error);
	snprintf(feed->disk_error, sizeof(feed->disk_error), "%s", state->disk_error);
	if (!state->settings_known)
		return;
	if (state->log_level <= LOG_DEBUG)
		feed->log_level = (enum log_level)state->log_level;
	snprintf(feed->http.hosts, sizeof(feed->http.hosts), "%s", state->hosts);
	snprintf(feed->http.allow_origin, sizeof(feed->http.allow_origin), "%s", state->allow_origin);
	snprintf(feed->http.proxies, sizeof(feed->http.proxies), "%s", state->proxies);
	feed->http.address_share = state->address_share <= 100 ? (int)state->address_share : 0;
	feed->http.stall_seconds = state->stall_seconds <= 3600 ? (int)state->stall_seconds : 0;
}

static bool recorder_alive(struct live_feed *feed)
{
	struct recorder_state state;

	if (!feed->ring || !ring_reader_state(feed->ring->reader, &state) ||
	    !ring_reader_is_alive(feed->ring->reader, &state))
		return false;
	apply_settings(feed, &state);
	return true;
}

static void log_presence(struct live_feed *feed, bool alive)
{
	if (alive && feed->gone_since_us != 0)
		log_info("live", "%s: the recorder is running", feed->config->camera.name);
	if (!alive && feed->gone_since_us == 0 && feed->newest)
		log_warn("live", "%s: the recorder is not running; keeping its last frame for %d s",
			 feed->config->camera.name, (int)(feed->gone_limit_us / US_PER_S));
	if (alive)
		feed->gone_since_us = 0;
	else if (feed->gone_since_us == 0)
		feed->gone_since_us = mono_now().us;
}

void live_feed_check(struct live_feed *feed)
{
	struct reason why;

	video_feed_check(feed->video);
	live_events_check(feed->events);

	if (feed->ring && !ring_reader_is_current(feed->ring->reader, feed->ring_name))
		drop_ring(feed);
	if (!feed->ring)
		feed->ring = live_ring_open(feed->ring_name, &why);
	bool foreign = !feed->ring && shm_name_is_foreign(feed->ring_name, &why);
	if (foreign && !feed->foreign)
		log_warn("live", "%s: %s", feed->config->camera.name, why.text);
	feed->foreign = foreign;
	bool alive = recorder_alive(feed);
	log_presence(feed, alive);
	if (alive ? feed->camera_off : mono_now().us - feed->gone_since_us >= feed->gone_limit_us)
		drop_frame(feed);
}

bool live_feed_is_running(const struct live_feed *feed)
{
	return feed->ring && feed->gone_since_us == 0;
}

bool live_feed_state(const struct live_feed *feed, struct recorder_state *out)
{
	return live_feed_is_running(feed) && ring_reader_state(feed->ring->reader, out);
}

bool live_feed_can_serve(const struct live_feed *feed, struct reason *why)
{
	const char *name = feed->config->camera.name;

	if (!feed->ring && shm_name_is_foreign(feed->ring_name, why))
		return false;
	if (!live_feed_is_running(feed))
		return reason_set(why, "The recorder of camera %s is not running.", name);
	if (feed->camera_off)
		return feed->off_by_schedule ? reason_set(why, "Camera %s is off, outside of record.hours.", name)
					     : reason_set(why, "Camera %s is switched off.", name);
	if (!feed->newest)
		return reason_set(why, "Camera %s has not sent a frame yet.", name);
	return true;
}

bool live_feed_stops_video(const struct live_feed *feed)
{
	return feed->gone_since_us == 0 && (feed->records_mjpeg || feed->recording == RECORDING_OFF);
}

bool live_feed_can_serve_video(struct live_feed *feed, struct reason *why)
{
	const char *name = feed->config->camera.name;

	if (!live_feed_can_serve(feed, why))
		return false;
	if (feed->records_mjpeg)
		return reason_set(
			why,
			"Camera %s is recorded as MJPEG (record.codec = mjpeg), so there is no H.264 to send. "
			"Live pictures are at /stream.",
			name);
	if (feed->recording == RECORDING_OFF)
		return reason_set(why,
				  "Recording of camera %s is switched off, and live video is what is being recorded. "
				  "Live pictures are at /stream.",
				  name);
	video_feed_use(feed->video);
	video_feed_update(feed->video);
	if (video_feed_is_live(feed->video, name, why))
		return true;
	if (feed->recording == RECORDING_DISK)
		reason_set(why, "The encoder of camera %s waits for the disk: %s. Live pictures are at /stream.", name,
			   feed->disk_error);
	if (feed->recording == RECORDING_ENCODER || feed->recording == RECORDING_NO_PICTURES)
		reason_set(why, "The encoder of camera %s is not working: %s. Live pictures are at /stream.", name,
			   feed->encoder_error);
	return false;
}

bool live_feed_is_fresh(const struct live_feed *feed, struct reason *why)
{
	const struct ring_meta *meta = &feed->newest->ring_frame.meta;
	char time[TIME_ISO_BYTES];

	if (mono_now().us - meta->mono_us < FRESH_US)
		return true;
	time_format_iso((wall_t){meta->wall_us}, time);
	return reason_set(why, "The camera is not sending frames now; its last picture is at=%s.", time);
}
