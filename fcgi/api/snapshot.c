/* snapshot.c - GET /snapshot: the newest frame or the picture of another time (at=), scaled on request (width=). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fcgi/api/route.h"
#include "fcgi/api/snapshot_remote.h"
#include "fcgi/http/query.h"
#include "fcgi/pool/snapshot_cache.h"
#include "fcgi/pool/snapshot_queue.h"
#include "fcgi/server/request_fetch.h"
#include "fcgi/server/request_pass.h"
#include "fcgi/server/response.h"
#include "fcgi/transcode/still.h"
#include "shared/base/crc32c.h"
#include "shared/ring/shm_name.h"
#include "shared/segment/retention.h"
#include "shared/text/time_text.h"

/*
 * A picture that FFmpeg has to make may be in the cache (snapshot_cache.h). Otherwise such pictures are made one at
 * a time, the latest request first (snapshot_queue.h). A request that drops out of the queue or waits too long gets
 * the nearest picture in the cache, or a 503.
 */

#define WIDTH_MIN    16
#define WIDTH_MAX    8192
#define FRESH_MAX_US (10 * US_PER_S)
#define WAIT_MAX_US  (2 * US_PER_S) /* less than SNAPSHOT_WAIT_MAX_MS */
#define WAIT_POLL_MS 10
#define NEAR_US      (60 * US_PER_S) /* a picture farther away says nothing about the requested time */

struct snapshot {
	struct still still;
	int64_t at_us; /* INT64_MAX: the newest */
	bool moving;   /* the same request may later get another picture */

	struct snapshot_cache *cache; /* not owned */
	struct snapshot_queue *queue; /* not owned */
	uint64_t camera;              /* in the cache */
	uint64_t ticket;              /* 0: not in the queue */
	mono_t give_up_at;
	unsigned fetches; /* of the picture's bytes, so far */
};

static void snapshot_free(void *work)
{
	struct snapshot *snapshot = work;

	snapshot_queue_leave(snapshot->queue, snapshot->ticket);
	still_free(&snapshot->still);
	free(snapshot);
}

static bool snapshot_read(struct api_request *request, struct snapshot *snapshot)
{
	char text[QUERY_VALUE_MAX];
	struct time_point at;
	struct reason why;
	enum time_status status = TIME_MALFORMED;
	long width = 0;
	enum query_outcome outcome = query_get(request->fcgi->query, "at", text, sizeof(text));

	if (!query_number(request->fcgi->query, "width", WIDTH_MIN, WIDTH_MAX, &width, &why)) {
		respond_problem(request, 400, NULL, "%s", why.text);
		return false;
	}
	snapshot->still.width = (unsigned)width;
	snapshot->at_us = INT64_MAX;
	snapshot->moving = true;
	if (outcome == QUERY_ABSENT)
		return true;
	if (outcome == QUERY_FOUND)
		status = time_parse(text, strlen(text), TIME_FROM, wall_now(), &at);
	if (status != TIME_OK) {
		respond_problem(request, 400, NULL, "at=: %s", time_status_message(status));
		return false;
	}
	snapshot->moving = at.relative || at.at.us >= wall_now().us;
	if (!at.is_now)
		snapshot->at_us = at.at.us;
	return true;
}

/* Pictures from the ring or the cache must not outlive the footage: the archive has not been asked. */
static bool is_expired(const struct api_request *request, int64_t wall_us)
{
	return retention_is_expired(request->camera->config->retention.hours, wall_us, wall_now().us);
}

static void snapshot_send(struct api_request *request)
{
	struct snapshot *snapshot = request->work;
	char headers[256], time[TIME_ISO_BYTES], cache_control[RESPONSE_CACHE_BYTES];

	time_format_iso((wall_t){snapshot->still.wall_us}, time);
	response_cache_control(request, snapshot->still.wall_us, cache_control);
	/* lighttpd would answer ranges itself, and a client would join parts of different pictures. */
	snprintf(headers, sizeof(headers),
		 "X-Timestamp: %s\r\nAccept-Ranges: none\r\nCache-Control: %s, no-transform\r\n", time,
		 snapshot->moving ? "no-store" : cache_control);
	respond_bytes(request, 200, "image/jpeg", headers, snapshot->still.jpeg.data, snapshot->still.jpeg.length);
	buffer_free(&snapshot->still.jpeg); /* the response has a copy */
}

static struct snapshot_key snapshot_key_of(const struct snapshot *snapshot)
{
	return (struct snapshot_key){snapshot->camera, snapshot->still.wall_us, snapshot->still.width};
}

/* A later request may succeed, with a newer frame or from the recording. */
static void respond_no_picture(struct api_request *request)
{
	const struct snapshot *snapshot = request->work;
	char time[TIME_ISO_BYTES], text[192];

	time_format_iso((wall_t){snapshot->still.wall_us}, time);
	snprintf(text, sizeof(text),
		 "FFmpeg cannot decode the frame that the camera sent at %s. Try again soon, or ask for a slightly "
		 "different time.",
		 time);
	respond_unavailable(request, 1, text);
}

static void work_done(struct api_request *request)
{
	struct snapshot *snapshot = request->work;
	struct snapshot_key key = snapshot_key_of(snapshot);

	api_release(request, API_PERMIT_STILL);
	if (request->child_status == STILL_NO_PICTURE) {
		respond_no_picture(request);
		return;
	}
	if (request->child_status != 0) {
		respond_job_failure(request, "make the picture");
		return;
	}
	errno = 0;
	if (!still_adopt(&snapshot->still)) {
		respond_failure(request, "read the picture that FFmpeg made", errno);
		return;
	}
	snapshot_cache_put(snapshot->cache, &key, snapshot->still.jpeg.data, snapshot->still.jpeg.length);
	snapshot_send(request);
}

static void work_begin(struct api_request *request)
{
	struct snapshot *snapshot = request->work;

	snapshot->still.memory_fd = memfd_create("still", MFD_CLOEXEC);
	if (snapshot->still.memory_fd < 0 || !api_job_start(request, still_run, &snapshot->still, work_done))
		respond_failure(request, "start FFmpeg", errno);
}

/* Sends the nearest picture in the cache, at most limit_us away; false if there is none. */
static bool send_cached(struct api_request *request, int64_t limit_us)
{
	struct snapshot *snapshot = request->work;
	struct snapshot_key key = snapshot_key_of(snapshot);
	struct buffer jpeg = {0};
	int64_t wall_us;

	if (!snapshot_cache_find_nearest(snapshot->cache, &key, limit_us, &jpeg, &wall_us) ||
	    (wall_us != key.wall_us && is_expired(request, wall_us))) {
		buffer_free(&jpeg);
		return false;
	}
	buffer_free(&snapshot->still.jpeg);
	snapshot->still.jpeg = jpeg;
	snapshot->moving |= wall_us != snapshot->still.wall_us;
	snapshot->still.wall_us = wall_us;
	snapshot_send(request);
	return true;
}

static void snapshot_wait(struct api_request *request)
{
	struct snapshot *snapshot = request->work;
	enum snapshot_turn turn = snapshot_queue_turn(snapshot->queue, snapshot->ticket);

	if (send_cached(request, 0))
		return;
	if (turn == SNAPSHOT_TURN_DROPPED || mono_now().us >= snapshot->give_up_at.us) {
		if (!send_cached(request, NEAR_US))
			respond_unavailable(request, 1,
					    "Too many pictures were requested at once; they are made one at a time, "
					    "the newest request "
					    "first. Try again in a second.");
	} else if (turn == SNAPSHOT_TURN_NOW && api_acquire(request, API_PERMIT_STILL)) {
		snapshot_queue_leave(snapshot->queue, snapshot->ticket);
		snapshot_queue_served(snapshot->queue, api_address_key(request));
		work_begin(request);
	} else {
		api_wait(request, WAIT_POLL_MS, snapshot_wait);
	}
}

static void snapshot_continue(struct api_request *request)
{
	struct snapshot *snapshot = request->work;
	const struct config_http *limits = &request->camera->config->http;

	if (!still_needs_ffmpeg(&snapshot->still)) {
		snapshot_send(request);
	} else if (send_cached(request, 0)) {
		return;
	} else if (snapshot_queue_is_empty(snapshot->queue) && api_acquire(request, API_PERMIT_STILL)) {
		snapshot_queue_served(snapshot->queue, api_address_key(request));
		work_begin(request);
	} else {
		snapshot->ticket = snapshot_queue_join(snapshot->queue, api_address_key(request),
						       address_share_of(SNAPSHOT_QUEUE_MAX, limits->address_share));
		snapshot->give_up_at.us = mono_now().us + WAIT_MAX_US;
		snapshot_wait(request);
	}
}

/* An old picture must not pass for a current one. */
static void respond_stale(struct api_request *request, const struct snapshot *snapshot)
{
	struct reason why = {"The recorder is not running, so there is no current picture."};
	char time[TIME_ISO_BYTES];

	if (snapshot->still.jpeg.length > 0) {
		time_format_iso((wall_t){snapshot->still.wall_us}, time);
		reason_set(&why, "The camera is not sending frames. Its last picture is at=%s.", time);
	} else {
		shm_name_is_foreign(request->camera->ring_name, &why);
	}
	respond_unavailable(request, 2, why.text);
}

static void respond_nothing(struct api_request *request, const struct snapshot *snapshot)
{
	char time[TIME_ISO_BYTES], first[TIME_ISO_BYTES], last[TIME_ISO_BYTES];
	int64_t first_us, last_us;

	time_format_iso((wall_t){snapshot->at_us}, time);
	if (!camera_archive_span(request->camera, &first_us, &last_us)) {
		if (errno != 0)
			respond_unreadable(request, errno);
		else
			respond_problem(request, 404, NULL,
					"There is no picture of %s, because there are no recordings yet.", time);
		return;
	}
	time_format_iso((wall_t){first_us}, first);
	time_format_iso((wall_t){last_us}, last);
	respond_problem(request, 404, NULL,
			"There is no picture of %s. Recordings exist from %s to %s. /timeline lists them.", time, first,
			last);
}

/* False if there is none (errno 0), or if the archive cannot be read (errno). */
static bool find_archived(const struct api_request *request, struct snapshot *snapshot)
{
	int folder = camera_open_recordings(request->camera);
	if (folder < 0) {
		errno = camera_folder_is_missing(errno) ? 0 : errno;
		return false;
	}
	bool found = still_from_archive(&snapshot->still, folder, snapshot->at_us);
	int error = errno;
	close(folder);
	errno = error;
	return found;
}

static void respond_archived(struct api_request *request);

static void bytes_fetched(struct api_request *request)
{
	if (api_fetch_answer(request)->outcome == FETCH_OK)
		respond_archived(request);
	else
		respond_not_fetched(request);
}

/* Responds with the picture of that time from the recordings. */
static void respond_archived(struct api_request *request)
{
	struct snapshot *snapshot = request->work;

	if (find_archived(request, snapshot)) {
		snapshot->moving |= snapshot->still.newest;
		snapshot_continue(request);
	} else if (errno == ENODATA) {
		snapshot_remote_ask_bytes(request, &snapshot->still, &snapshot->fetches, bytes_fetched);
	} else if (errno != 0) {
		respond_unreadable(request, errno);
	} else {
		respond_nothing(request, snapshot);
	}
}

static void span_fetched(struct api_request *request)
{
	struct snapshot *snapshot = request->work;

	if (snapshot_remote_find_time(request, &snapshot->at_us))
		respond_archived(request);
}

/* NULL: it is not off. */
static const char *why_off(const struct ring_reader *ring)
{
	struct recorder_state state;

	if (!ring || !ring_reader_state(ring, &state) || state.camera_state != CAMERA_OFF)
		return NULL;
	return state.camera_off_cause == GAP_SCHEDULE ? "The camera is off, outside of record.hours."
						      : "The camera is switched off.";
}

void handle_snapshot(struct api_request *request)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	const struct ring_reader *ring = camera_ring(request->camera);
	const char *name = request->camera->config->camera.name;

	if (!snapshot) {
		respond_failure(request, "make the picture", ENOMEM);
		return;
	}
	still_init(&snapshot->still);
	snapshot->cache = &api_shared(request)->snapshots;
	snapshot->queue = &api_shared(request)->snapshot_queue;
	snapshot->camera = crc32c(0, name, strlen(name));
	request->work = snapshot;
	request->work_free = snapshot_free;
	if (!snapshot_read(request, snapshot))
		return;
	if (request->camera->config->remote) {
		snapshot_remote_ask_span(request, snapshot->at_us, span_fetched);
		return;
	}
	if (snapshot->at_us == INT64_MAX) {
		bool found = ring && still_from_ring(&snapshot->still, ring, INT64_MAX);
		if (why_off(ring))
			respond_unavailable(request, 2, why_off(ring));
		else if (found && wall_now().us - snapshot->still.wall_us < FRESH_MAX_US)
			snapshot_continue(request);
		else
			respond_stale(request, snapshot);
		return;
	}
	bool found = ring && !is_expired(request, snapshot->at_us) &&
		     still_from_ring(&snapshot->still, ring, snapshot->at_us);
	if (!found && api_pass(request, respond_disk_hangs))
		return;
	if (found) {
		snapshot->moving |= snapshot->still.newest;
		snapshot_continue(request);
	} else {
		respond_archived(request);
	}
}
