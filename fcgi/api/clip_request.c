/*
 * clip_request.c - the way from a query to a clip: see clip_request.h.
 *
 *     begin -> plan -> (the index is about to have the end: wait, plan again)
 *                   -> (parts have to be encoded, and are not cached: child) -> build, or what is cached -> ready
 */
#include "fcgi/api/clip_request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fcgi/api/cached_answer.h"
#include "fcgi/api/no_footage.h"
#include "fcgi/clip/clip_final.h"
#include "fcgi/server/request_pass.h"
#include "fcgi/server/response.h"
#include "fcgi/transcode/transcode_plan.h"
#include "shared/base/time_text.h"

#define INDEX_WAIT_US     (250 * US_PER_MS)
#define INDEX_POLL_MS     10
#define ENCODER_BEHIND_US (2 * US_PER_S) /* more than that is no delay, it is missing */
#define SPEED_MAX         3600

static void request_plan(struct api_request *request);

static void clip_request_free(void *work)
{
	struct clip_request *want = work;

	clip_plan_free(&want->plan);
	transcode_free(&want->encode);
	cached_response_job_free(want->note);
	free(want);
}

static bool read_query_span(struct api_request *request, struct clip_request *want)
{
	const struct config_http *limits = &request->camera->config->http;
	struct reason why;
	long speed = 1;

	if (!query_span(request->fcgi->query, wall_now(), true, &want->span, &why) ||
	    !query_number(request->fcgi->query, "speed", 1, SPEED_MAX, &speed, &why)) {
		respond_problem(request, 400, NULL, "%s", why.text);
		return false;
	}
	want->speed = (unsigned)speed;
	want->moves_by_name = want->span.moving;
	int64_t end_us = want->span.open_end ? wall_now().us : want->span.to_us;
	int64_t played_us = (end_us - want->span.from_us) / speed;
	if (played_us > limits->max_clip_minutes * 60 * US_PER_S) {
		respond_problem(
			request, 413, NULL,
			"A clip may play for at most %d minutes here (http.max_clip_minutes): ask for less, or for "
			"a timelapse with speed=.",
			limits->max_clip_minutes);
		return false;
	}
	return true;
}

static struct clip_cache_key cached_key_of(const struct clip_request *want)
{
	return (struct clip_cache_key){want->span.from_us, want->span.to_us, want->speed};
}

/* Hands the clip over. What will always be the same, an absolute range that is over, may be stored once it has left.
 * Where a part comes from the memory, it has to be, and at once: the memory does not keep it, and who is interrupted
 * comes back for the rest. */
static void clip_request_deliver(struct api_request *request, struct clip *clip)
{
	struct clip_request *want = request->work;
	struct clip_cache_key key = cached_key_of(want);

	if (want->from_memory && !want->span.moving)
		want->span.moving = !cached_response_store(request, &key, clip);
	else if (!want->span.moving)
		want->note = cached_response_job_create(request, &key, clip);
	want->ready(request, want, clip);
	clip_free(clip);
	/* A HEAD that had something encoded spares that to the GET behind it. */
	bool answered = request->out.file || (request->head_only && want->encoded);
	if (request->work == want && want->note && answered)
		cached_response_store_after(request, want->note);
}

/* True where it was answered with a stored clip of at least so many frames. */
static bool respond_cached(struct api_request *request, uint64_t frames_min)
{
	struct clip_request *want = request->work;
	struct clip_cache_key key = cached_key_of(want);
	struct clip clip;

	if (request->disk_hangs || want->moves_by_name || !cached_response_find(request, &key, frames_min, &clip))
		return false;
	want->span.moving = false; /* it was final when it was stored, and has been since */
	want->ready(request, want, &clip);
	clip_free(&clip);
	return true;
}

void clip_request_start(struct api_request *request, clip_ready *ready)
{
	struct clip_request *want = calloc(1, sizeof(*want));

	if (!want) {
		respond_failure(request, "memory");
		return;
	}
	request->work = want;
	request->work_free = clip_request_free;
	want->ready = ready;
	want->wait_until.us = request->arrived.us + INDEX_WAIT_US;
	if (read_query_span(request, want))
		request_plan(request);
}

/* A range without an end ends where the newest frame does that there is. */
static void close_end(struct clip_request *want)
{
	const struct clip_slice *last = &want->plan.slices[want->plan.count - 1];
	int64_t newest_us = clip_slice_end_us(last);

	if (!want->span.open_end || newest_us >= want->span.to_us)
		return;
	want->plan.to_us = newest_us > last->tail.wall_us ? newest_us : newest_us + 1;
}

static int64_t indexed_until(const struct clip_plan *plan)
{
	return plan->count > 0 ? clip_slice_end_us(&plan->slices[plan->count - 1]) : INT64_MIN;
}

/* The recorder is at work on the end of the range, and it is not there yet. */
static bool index_is_coming(const struct clip_request *want, const struct recorder_state *state)
{
	if (state->recording_state != RECORDING_ON || want->span.open_end)
		return false;
	bool just_past = want->span.to_us > wall_now().us - ENCODER_BEHIND_US;
	return just_past && state->indexed_wall_us < want->span.to_us && indexed_until(&want->plan) < want->span.to_us;
}

/* What the index lacks at its end is more than the encoder's ordinary delay. */
static bool end_is_missing(const struct clip_request *want, const struct ring_reader *ring,
			   const struct recorder_state *state, bool alive)
{
	struct ring_frame newest;

	if (!want->span.open_end || want->plan.unreadable != 0 || !alive || state->recording_state != RECORDING_ON)
		return true;
	if (!ring || !ring_reader_get(ring, ring_reader_head(ring), &newest))
		return false;
	return newest.meta.wall_us - state->indexed_wall_us > ENCODER_BEHIND_US;
}

static void request_build(struct api_request *request)
{
	struct clip_request *want = request->work;
	struct clip clip;

	if (want->plan.count == 0) {
		if (respond_cached(request, 0))
			return;
		if (request->disk_hangs)
			respond_disk_hangs(request);
		else if (want->plan.unreadable != 0)
			respond_unreadable(request, want->plan.unreadable);
		else
			respond_no_footage(request, want->span.from_us, want->plan.to_us);
		return;
	}
	close_end(want);
	if (!clip_build(&want->plan, want->speed, &clip)) {
		respond_failure(request, "joining the clip");
		return;
	}
	want->span.moving |= want->plan.unreadable != 0; /* also since it was planned */
	if (respond_cached(request, clip.frames + 1))
		clip_free(&clip);
	else
		clip_request_deliver(request, &clip);
}

static void encode_done(struct api_request *request)
{
	struct clip_request *want = request->work;

	api_release(request, API_PERMIT_TRANSCODE); /* who takes long to download holds up no other encoding */
	if (request->child_status == TRANSCODE_TOO_LARGE) {
		respond_problem(
			request, 413, NULL,
			"What is not recorded of this range takes more than %d MiB when it is encoded: ask for a "
			"shorter one.",
			(int)(TRANSCODE_BYTES_MAX >> 20));
		return;
	}
	if (request->child_status == TRANSCODE_OVERWRITTEN) {
		respond_unavailable(
			request, 2,
			"The memory was written over what was still to be encoded of this range, which is too much for "
			"the speed of this machine: ask for a shorter range, or a later one.");
		return;
	}
	if (request->child_status != 0 || !transcode_adopt(&want->encode, &want->plan)) {
		respond_failure(request, "encoding what is not recorded");
		return;
	}
	want->encoded = true;
	want->span.moving |= want->encode.frames_missing;
	request_build(request);
}

static void encode_begin(struct api_request *request)
{
	struct clip_request *want = request->work;

	if (!require_encoding_allowed(request))
		return;
	if (!api_acquire(request, API_PERMIT_TRANSCODE)) {
		respond_no_permit(request, 10,
				  "This range has to be encoded first, and all places for that are taken "
				  "(http.max_transcodes); try again soon.");
		return;
	}
	if (!transcode_prepare(&want->encode) || !api_job_start(request, transcode_run, &want->encode, encode_done))
		respond_failure(request, "starting the encoder");
}

/* Adds what has to be encoded; false where it was answered that it is too much. */
static bool add_parts_to_encode(struct api_request *request, const struct ring_reader *ring,
				const struct recorder_state *state, bool alive)
{
	struct clip_request *want = request->work;

	want->encode = (struct transcode){.config = request->camera->config};
	bool good = true;
	if (want->speed == 1 || want->plan.count == 0)
		good = transcode_plan_add_missing(&want->plan, ring, end_is_missing(want, ring, state, alive),
						  &want->encode);
	want->from_memory = want->encode.count > 0;
	if (good && transcode_plan_add_mismatched(&want->plan, &want->encode))
		return true;
	respond_problem(request, 413, NULL,
			"More than %d pieces of this range would have to be encoded first: ask for a shorter one.",
			TRANSCODE_PARTS_MAX);
	return false;
}

/* Of a timelapse nobody knows before it is built. */
static uint64_t frames_planned(const struct clip_request *want)
{
	uint64_t frames = 0;

	for (size_t i = 0; want->speed == 1 && i < want->plan.count; i++)
		frames += want->plan.slices[i].end - want->plan.slices[i].first;
	return frames;
}

enum plan_outcome clip_request_plan(const struct api_request *request, int64_t from_us, int64_t to_us,
				    struct clip_plan *out)
{
	int folder = request->disk_hangs ? -1 : camera_open_recordings(request->camera);
	int error = request->disk_hangs ? ETIMEDOUT : errno;

	if (folder < 0) {
		*out = (struct clip_plan){.from_us = from_us, .to_us = to_us};
		out->unreadable = camera_folder_is_missing(error) ? 0 : error;
		return PLAN_OK;
	}
	enum plan_outcome outcome = clip_plan_make(folder, from_us, to_us, out);
	error = errno;
	close(folder);
	errno = error;
	return outcome;
}

static void request_plan(struct api_request *request)
{
	struct clip_request *want = request->work;
	struct recorder_state state;
	bool alive = camera_state(request->camera, &state); /* before the plan: see clip_is_final() */

	clip_plan_free(&want->plan);
	if (clip_request_plan(request, want->span.from_us, want->span.to_us, &want->plan) != PLAN_OK) {
		respond_failure(request, strerror(errno));
		return;
	}
	if (!request->disk_hangs && alive && index_is_coming(want, &state) && mono_now().us < want->wait_until.us) {
		api_wait(request, INDEX_POLL_MS, request_plan);
		return;
	}
	const struct ring_reader *ring = camera_ring(request->camera);
	want->span.moving |= !clip_is_final(&want->plan, ring, &state);
	if (!add_parts_to_encode(request, ring, &state, alive))
		return;
	if (want->encode.count == 0)
		request_build(request);
	else if (!respond_cached(request, frames_planned(want)))
		encode_begin(request);
}

void clip_request_name(const struct api_request *request, const struct clip *clip, char out[CLIP_NAME_BYTES])
{
	char from[TIME_COMPACT_BYTES], to[TIME_COMPACT_BYTES];

	time_format_compact((wall_t){clip->start_us}, from);
	time_format_compact((wall_t){clip->end_us}, to);
	snprintf(out, CLIP_NAME_BYTES, "%s_%s_%s", request->camera->config->camera.name, from, to);
}

/* An ISO time in a URL, exact: the plus of its offset would be read as a space. */
static void append_url_time(struct buffer *out, int64_t wall_us)
{
	char text[TIME_ISO_BYTES];

	time_format_iso_us((wall_t){wall_us}, text);
	for (const char *at = text; *at; at++)
		buffer_printf(out, *at == '+' ? "%%2B" : "%c", *at);
}

static void append_location(const struct api_request *request, const struct clip_request *want, struct buffer *out)
{
	buffer_printf(out, "Content-Location: /footage?from=");
	append_url_time(out, want->plan.from_us);
	buffer_printf(out, "&to=");
	append_url_time(out, want->plan.to_us);
	if (want->speed != 1)
		buffer_printf(out, "&speed=%u", want->speed);
	if (request->camera_named)
		buffer_printf(out, "&camera=%s", request->camera->config->camera.name);
	buffer_printf(out, "\r\n");
}

void clip_content_headers(const struct clip *clip, struct buffer *out)
{
	buffer_printf(out, "X-Clip-Source: %s\r\n", clip->source);
	if (clip->spans.length > 0)
		buffer_printf(out, "X-Clip-Spans: %.*s\r\n", (int)clip->spans.length, (const char *)clip->spans.data);
	else
		buffer_printf(out, "X-Clip-Spans: %zu; see /timeline\r\n", clip->span_count);
	buffer_printf(out, "X-Clip-Start: %" PRId64 ".%06" PRId64 "\r\n", clip->first_us / US_PER_S,
		      clip->first_us % US_PER_S);
}

void clip_request_headers(const struct api_request *request, const struct clip_request *want, const struct clip *clip,
			  struct buffer *out)
{
	char name[CLIP_NAME_BYTES];
	int64_t took_us = mono_now().us - request->arrived.us;

	clip_request_name(request, clip, name);
	buffer_printf(out, "Content-Disposition: inline; filename=\"%s.mp4\"\r\n", name);
	clip_content_headers(clip, out);
	buffer_printf(out, "Server-Timing: clip;dur=%" PRId64 ".%03" PRId64 "\r\n", took_us / 1000, took_us % 1000);
	if (want->span.moving)
		append_location(request, want, out);
}
