/* clip_request.c - making the clip that a request asks for. */
#include "fcgi/footage/clip_request.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "fcgi/clip/clip_final.h"
#include "fcgi/footage/cached_response.h"
#include "fcgi/footage/clip_problems.h"
#include "fcgi/footage/no_footage.h"
#include "fcgi/server/request_fetch.h"
#include "fcgi/server/request_pass.h"
#include "fcgi/server/response.h"
#include "fcgi/transcode/transcode_input.h"
#include "fcgi/transcode/transcode_plan.h"

/*
 *     start -> plan -> (the index will have the end soon: wait, plan again)
 *                   -> (parts have to be encoded and are not in the cache: in a child)
 *                   -> build, or find a cached clip -> ready
 */

#define INDEX_WAIT_US    (250 * US_PER_MS)
#define INDEX_POLL_MS    10
#define ENCODER_DELAY_US (2 * US_PER_S) /* the ordinary delay is below that; more means that frames are missing */
#define FETCHES_MAX      1000           /* of up to FETCH_BYTES_MAX each */
#define SPEED_MAX        3600

static void request_plan(struct api_request *request);

static void clip_request_free(void *work)
{
	struct clip_request *wanted = work;

	clip_plan_free(&wanted->plan);
	transcode_free(&wanted->encode);
	cached_response_job_free(wanted->job);
	moving_parts_free(&wanted->moving);
	motion_spans_free(&wanted->unknown);
	free(wanted);
}

static bool read_query_span(struct api_request *request, struct clip_request *wanted)
{
	const struct config_http *limits = &request->camera->config->http;
	struct reason why;
	long speed = 1;

	if (!query_span(request->fcgi->query, wall_now(), true, &wanted->span, &why) ||
	    !query_number(request->fcgi->query, "speed", 1, SPEED_MAX, &speed, &why) ||
	    !moving_parts_read(request->fcgi->query, &wanted->moving, &why) ||
	    (wanted->moving.wanted && speed != 1 && !reason_set(&why, "speed= cannot be combined with only=motion."))) {
		respond_problem(request, 400, NULL, "%s", why.text);
		return false;
	}
	wanted->speed = (unsigned)speed;
	wanted->moves_by_query = wanted->span.moving;
	int64_t end_us = wanted->span.open_end ? wall_now().us : wanted->span.to_us;
	if (wanted->moving.wanted) /* its parts may be short: clip_request_plan() */
		return true;
	int64_t played_us = (end_us - wanted->span.from_us) / speed;
	if (played_us > limits->max_clip_minutes * 60 * US_PER_S) {
		respond_clip_too_long(request);
		return false;
	}
	return true;
}

static struct clip_cache_key cached_key_of(const struct clip_request *wanted)
{
	return (struct clip_cache_key){wanted->span.from_us, wanted->span.to_us, wanted->speed};
}

/*
 * Hands the clip over. A final clip may be stored after it has left. If part of it comes from memory it has to be
 * stored, and now: the frames will be overwritten, and a client whose download is interrupted will come back for
 * the rest.
 */
static void clip_request_deliver(struct api_request *request, struct clip *clip)
{
	struct clip_request *wanted = request->work;
	struct clip_cache_key key = cached_key_of(wanted);

	if (wanted->moving.wanted) /* the cache knows ranges only */
		wanted->job = NULL;
	else if (wanted->from_memory && !wanted->span.moving)
		wanted->span.moving = !cached_response_store(request, &key, clip);
	else if (!wanted->span.moving)
		wanted->job = cached_response_job_create(request, &key, clip);
	wanted->ready(request, wanted, clip);
	clip_free(clip);
	/* If a HEAD had something encoded, the GET that follows finds it in the cache. */
	bool worth_storing = response_has_file(request) || (request->head_only && wanted->encoded);
	if (request->work == wanted && wanted->job && worth_storing)
		cached_response_store_after(request, wanted->job);
}

/* True if a stored clip with at least that many frames was the response. */
static bool respond_cached(struct api_request *request, uint64_t frames_min)
{
	struct clip_request *wanted = request->work;
	struct clip_cache_key key = cached_key_of(wanted);
	struct clip clip;

	if (request->disk_hangs || wanted->moves_by_query || wanted->moving.wanted ||
	    !cached_response_find(request, &key, frames_min, &clip))
		return false;
	wanted->span.moving = false; /* only final clips are stored */
	wanted->ready(request, wanted, &clip);
	clip_free(&clip);
	return true;
}

void clip_request_start(struct api_request *request, clip_ready *ready)
{
	struct clip_request *wanted = calloc(1, sizeof(*wanted));

	if (!wanted) {
		respond_failure(request, "make the clip", ENOMEM);
		return;
	}
	request->work = wanted;
	request->work_free = clip_request_free;
	wanted->ready = ready;
	wanted->wait_until.us = request->arrived.us + INDEX_WAIT_US;
	if (read_query_span(request, wanted))
		request_plan(request);
}

/* A range without an end ends with the newest frame. */
static void close_end(struct clip_request *wanted)
{
	const struct clip_slice *last = &wanted->plan.slices[wanted->plan.count - 1];
	int64_t newest_us = clip_slice_end_us(last);

	if (!wanted->span.open_end || newest_us >= wanted->span.to_us)
		return;
	wanted->plan.to_us = newest_us > last->tail.wall_us ? newest_us : newest_us + 1;
}

static int64_t indexed_until(const struct clip_plan *plan)
{
	return plan->count > 0 ? clip_slice_end_us(&plan->slices[plan->count - 1]) : INT64_MIN;
}

/* True if the recorder is about to write the end of the range to the index. */
static bool index_is_coming(const struct clip_request *wanted, const struct recorder_state *state)
{
	if (state->recording_state != RECORDING_ON || wanted->span.open_end)
		return false;
	bool just_past = wanted->span.to_us > wall_now().us - ENCODER_DELAY_US;
	return just_past && state->indexed_wall_us < wanted->span.to_us &&
	       indexed_until(&wanted->plan) < wanted->span.to_us;
}

/* True if more frames are missing at the end of the index than the encoder's ordinary delay explains. */
static bool end_is_missing(const struct clip_request *wanted, const struct ring_reader *ring,
			   const struct recorder_state *state, bool alive)
{
	struct ring_frame newest;

	if (!wanted->span.open_end || wanted->plan.unreadable != 0 || !alive || state->recording_state != RECORDING_ON)
		return true;
	if (!ring || !ring_reader_get(ring, ring_reader_head(ring), &newest))
		return false;
	return newest.meta.wall_us - state->indexed_wall_us > ENCODER_DELAY_US;
}

static void request_build(struct api_request *request)
{
	struct clip_request *wanted = request->work;
	struct clip clip;

	if (wanted->plan.count == 0) {
		if (respond_cached(request, 0))
			return;
		if (request->disk_hangs)
			respond_disk_hangs(request);
		else if (wanted->plan.unreadable != 0)
			respond_unreadable(request, wanted->plan.unreadable);
		else if (wanted->moving.wanted)
			respond_nothing_moved(request, &wanted->moving, &wanted->unknown, wanted->span.from_us,
					      wanted->plan.to_us);
		else
			respond_no_footage(request, wanted->span.from_us, wanted->plan.to_us);
		return;
	}
	close_end(wanted);
	errno = 0;
	if (!clip_build(&wanted->plan, wanted->speed, &clip)) {
		respond_failure(request, "join the clip", errno);
		return;
	}
	wanted->span.moving |= wanted->plan.unreadable != 0; /* a segment may have become unreadable since the plan */
	if (respond_cached(request, clip.frames + 1))
		clip_free(&clip);
	else
		clip_request_deliver(request, &clip);
}

static void encode_done(struct api_request *request)
{
	struct clip_request *wanted = request->work;

	api_release(request, API_PERMIT_TRANSCODE); /* a slow download must not keep others from encoding */
	if (request->child_status == TRANSCODE_TOO_LARGE) {
		respond_parts_too_large(request);
		return;
	}
	if (request->child_status == TRANSCODE_OVERWRITTEN) {
		respond_frames_overwritten(request);
		return;
	}
	if (request->child_status != 0) {
		respond_job_failure(request, "encode a part of this range");
		return;
	}
	errno = 0;
	if (!transcode_adopt(&wanted->encode, &wanted->plan)) {
		respond_failure(request, "use the encoded part of this range", errno);
		return;
	}
	wanted->encoded = true;
	wanted->span.moving |= wanted->encode.frames_missing;
	request_build(request);
}

/* The first bytes of a slice that have to be encoded and are not there. False if there are none. */
static bool find_missing(struct clip_request *wanted, struct api_wanted *out)
{
	uint64_t from, to;

	for (size_t i = 0; i < wanted->encode.count; i++) {
		struct clip_slice *slice = wanted->encode.parts[i].slice;
		if (!slice || !(slice->segment.entry.flags & SEGMENT_PARTIAL) ||
		    !segment_reader_reopen(&slice->segment) ||
		    !transcode_input_fragment_offset(&slice->segment, slice->first, &from) ||
		    !transcode_input_fragment_offset(&slice->segment, slice->end, &to))
			continue;
		from = block_map_missing_at(slice->segment.blocks, from, to);
		if (from == to)
			continue;
		*out = (struct api_wanted){.kind = FETCH_BYTES,
					   .file = slice->segment.entry.file,
					   .from = (int64_t)from,
					   .to = (int64_t)to};
		return true;
	}
	return false;
}

static void encode_begin(struct api_request *request);

/* A segment that has left the cache meanwhile is planned anew by the next request. */
static void bytes_fetched(struct api_request *request)
{
	struct clip_request *wanted = request->work;

	if (api_fetch_answer(request)->outcome != FETCH_OK)
		respond_not_fetched(request);
	else if (++wanted->fetches > FETCHES_MAX)
		respond_unreadable(request, ESTALE);
	else
		encode_begin(request);
}

static void encode_begin(struct api_request *request)
{
	struct clip_request *wanted = request->work;
	struct api_wanted missing;

	if (find_missing(wanted, &missing)) {
		api_fetch(request, &missing, bytes_fetched);
		return;
	}
	if (!require_encoding_allowed(request))
		return;
	if (!api_acquire(request, API_PERMIT_TRANSCODE)) {
		respond_no_encoding(request);
		return;
	}
	if (!transcode_prepare(&wanted->encode) || !api_job_start(request, transcode_run, &wanted->encode, encode_done))
		respond_failure(request, "start the encoder", errno);
}

/* Adds the parts that have to be encoded. False if that is too much, which is then the response. */
static bool add_parts_to_encode(struct api_request *request, const struct ring_reader *ring,
				const struct recorder_state *state, bool alive)
{
	struct clip_request *wanted = request->work;

	bool stamp = request->camera->config->record.stamp && !*state->camera_notes[CAMERA_NOTE_STAMP];

	wanted->encode = (struct transcode){.config = request->camera->config, .stamp = stamp};
	bool good = true;
	if (!wanted->moving.wanted && (wanted->speed == 1 || wanted->plan.count == 0))
		good = transcode_plan_add_missing(&wanted->plan, ring, end_is_missing(wanted, ring, state, alive),
						  &wanted->encode);
	wanted->from_memory = wanted->encode.count > 0;
	if (good && transcode_plan_add_mismatched(&wanted->plan, &wanted->encode))
		return true;
	respond_too_many_parts(request);
	return false;
}

/* How many frames the clip will have. Unknown, so 0, for a timelapse that has not been built. */
static uint64_t frames_planned(const struct clip_request *wanted)
{
	return wanted->speed == 1 ? clip_plan_frames(&wanted->plan) : 0;
}

/* Finds the parts, and plans them. What cannot be read makes the plan unreadable, as a segment does. */
static enum plan_outcome plan_moving(int folder, int64_t limit_us, struct moving_parts *moving, struct clip_plan *out)
{
	int64_t from_us = out->from_us, to_us = out->to_us;

	if (!moving_parts_find(moving, folder, from_us, to_us)) {
		if (errno == EOVERFLOW || segment_reader_classify(errno) == SEGMENT_READER_NO_RESOURCES)
			return PLAN_ERROR;
		out->unreadable = errno != 0 ? errno : EBADMSG;
		return PLAN_OK;
	}
	if (moving->length_us > limit_us) {
		errno = EFBIG;
		return PLAN_ERROR;
	}
	return clip_plan_make_parts(folder, from_us, to_us, moving->parts, moving->count, out);
}

enum plan_outcome clip_request_plan(const struct api_request *request, int64_t from_us, int64_t to_us,
				    struct moving_parts *moving, struct clip_plan *out)
{
	int folder = request->disk_hangs ? -1 : camera_open_recordings(request->camera);
	int error = request->disk_hangs ? ETIMEDOUT : errno;

	*out = (struct clip_plan){.from_us = from_us, .to_us = to_us};
	if (folder < 0) {
		out->unreadable = camera_folder_is_missing(error) ? 0 : error;
		return PLAN_OK;
	}
	int64_t limit_us = request->camera->config->http.max_clip_minutes * 60 * US_PER_S;
	enum plan_outcome outcome = moving->wanted ? plan_moving(folder, limit_us, moving, out)
						   : clip_plan_make(folder, from_us, to_us, out);
	error = errno;
	close(folder);
	errno = error;
	return outcome;
}

bool clip_request_find_unknown(struct api_request *request, const struct moving_parts *moving,
			       struct motion_spans *unknown)
{
	int folder = camera_open_recordings(request->camera);

	motion_spans_free(unknown);
	bool good = folder < 0 || moving_parts_unknown(moving, folder, unknown);
	int error = errno;
	if (folder >= 0)
		close(folder);
	if (!good)
		respond_unreadable(request, error);
	return good;
}

static void request_plan(struct api_request *request)
{
	struct clip_request *wanted = request->work;
	struct recorder_state state;
	bool alive = camera_state(request->camera, &state); /* before the plan: see clip_is_final() */

	clip_plan_free(&wanted->plan);
	if (clip_request_plan(request, wanted->span.from_us, wanted->span.to_us, &wanted->moving, &wanted->plan) !=
	    PLAN_OK) {
		respond_no_plan(request, errno);
		return;
	}
	if (wanted->moving.wanted && wanted->plan.unreadable == 0) {
		if (!clip_request_find_unknown(request, &wanted->moving, &wanted->unknown))
			return;
		wanted->span.moving |= !wanted->moving.found.settled;
	}
	if (!request->disk_hangs && !wanted->moving.wanted && alive && index_is_coming(wanted, &state) &&
	    mono_now().us < wanted->wait_until.us) {
		api_wait(request, INDEX_POLL_MS, request_plan);
		return;
	}
	const struct ring_reader *ring = camera_ring(request->camera);
	wanted->span.moving |= !clip_is_final(&wanted->plan, ring, &state);
	if (!add_parts_to_encode(request, ring, &state, alive))
		return;
	if (wanted->encode.count == 0)
		request_build(request);
	else if (!respond_cached(request, frames_planned(wanted)))
		encode_begin(request);
}
