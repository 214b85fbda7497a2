/* requests.c - answers what workers ask. */
#include "offsite/fetch/requests.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "offsite/remote/camera_days.h"
#include "offsite/remote/camera_list.h"
#include "offsite/remote/camera_span.h"

#define AT_ONCE_MAX   64 /* segments of a span whose files are looked for while the socket waits */
#define RETRY_AFTER_S 3
#define AROUND_US     (40 * 3600 * US_PER_S) /* of a file name's time as UTC: any time zone, and a day of recording */

static bool is_zero(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (text[i])
			return false;
	return true;
}

/* Whether the text ends inside its bytes, and only zeros follow. */
static bool is_text(const char *text, size_t bytes)
{
	size_t length = strnlen(text, bytes);

	return length < bytes && is_zero(text + length, bytes - length);
}

static bool span_valid(const struct fetch_request *request)
{
	return request->from >= 0 && request->from < request->to;
}

bool request_valid(const struct fetch_request *request)
{
	bool no_file = is_zero(request->file, sizeof(request->file));

	if (request->magic != FETCH_REQUEST_MAGIC || !is_text(request->camera, sizeof(request->camera)) ||
	    !is_text(request->file, sizeof(request->file)))
		return false;
	switch (request->kind) {
	case FETCH_CAMERAS:
		return !request->camera[0] && no_file && request->what == 0 && request->from == 0 && request->to == 0;
	case FETCH_SPAN:
		return fetcher_camera_name_valid(request->camera) && no_file && span_valid(request) &&
		       (request->what & ~(uint32_t)(FETCH_INDEXES | FETCH_MOTION)) == 0;
	case FETCH_BYTES:
		return fetcher_camera_name_valid(request->camera) && segment_file_valid(request->file) &&
		       request->what == 0 && span_valid(request) && request->to - request->from <= FETCH_BYTES_MAX;
	default:
		return false;
	}
}

/* Appends what is wanted of a segment beside the list. Of one in pieces everything is there. */
static size_t add_items(struct media_item *items, size_t count, const struct remote_camera *camera,
			const struct remote_segment *segment, uint32_t what)
{
	if (segment->in_pieces)
		return count;
	if (what & FETCH_INDEXES) {
		items[count++] = (struct media_item){.camera = camera, .segment = segment, .kind = OBJECT_INDEX};
		items[count++] = (struct media_item){.camera = camera, .segment = segment, .kind = OBJECT_MEDIA};
	}
	if (what & FETCH_MOTION && segment->motion_bytes > 0)
		items[count++] = (struct media_item){.camera = camera, .segment = segment, .kind = OBJECT_MOTION};
	return count;
}

/*
 * Whether the files of a segment in pieces are in the cache. If they have left it, the pieces are followed again, from
 * the first one on.
 */
static bool pieces_are_there(struct fetcher *fetcher, struct remote_camera *camera,
			     const struct remote_segment *segment)
{
	char blocks[CACHE_FILE_BYTES], index[CACHE_FILE_BYTES];

	snprintf(blocks, sizeof(blocks), "%s" FETCH_BLOCKS_SUFFIX, segment->entry.file);
	if (index_name(segment->entry.file, index, sizeof(index)) &&
	    cache_exists(fetcher->cache, camera->name, blocks) && cache_exists(fetcher->cache, camera->name, index))
		return true;
	pthread_mutex_lock(&fetcher->lock);
	camera->live_listed_us = 0;
	pthread_mutex_unlock(&fetcher->lock);
	return false;
}

typedef bool span_known_fn(const struct remote_camera *camera, int64_t from_us, int64_t to_us);

/* Whether the span is known as is_known says, and the files that are wanted are there. */
static bool span_is_there(struct fetcher *fetcher, struct remote_camera *camera, const struct fetch_request *request,
			  span_known_fn *is_known)
{
	struct remote_segment *segments = NULL;
	struct media_item items[3];
	size_t count = 0;

	pthread_mutex_lock(&fetcher->lock);
	bool there = is_known(camera, request->from, request->to);
	if (there && request->what)
		there = camera_list_span(camera, request->from, request->to, &segments, &count);
	pthread_mutex_unlock(&fetcher->lock);
	there = there && count <= AT_ONCE_MAX && cache_exists(fetcher->cache, camera->name, CATALOGUE_FILE);
	for (size_t i = 0; i < count && there; i++) {
		size_t wanted = add_items(items, 0, camera, &segments[i], request->what);
		there = !segments[i].in_pieces || pieces_are_there(fetcher, camera, &segments[i]);
		for (size_t k = 0; k < wanted && there; k++)
			there = media_is_there(fetcher, &items[k]);
	}
	free(segments);
	return there;
}

static bool bytes_are_there(struct fetcher *fetcher, struct remote_camera *camera, const struct fetch_request *request)
{
	struct remote_segment segment;
	struct media_item item = {.camera = camera, .segment = &segment, .kind = OBJECT_MEDIA};
	uint64_t from = (uint64_t)request->from, to = (uint64_t)request->to;

	if (!camera_list_find(fetcher, camera, request->file, &segment) || segment.in_pieces ||
	    segment.entry.flags & SEGMENT_EXPIRED || to > segment.media_bytes)
		return false;
	for (item.block = from / FETCH_BLOCK_BYTES; item.block * FETCH_BLOCK_BYTES < to; item.block++)
		if (!media_is_there(fetcher, &item))
			return false;
	return true;
}

bool request_answer_at_once(struct fetcher *fetcher, const struct fetch_request *request, struct fetch_answer *answer)
{
	struct remote_camera *camera = fetcher_camera(fetcher, request->camera, false);
	bool there = false;

	if (camera && request->kind == FETCH_SPAN)
		there = span_is_there(fetcher, camera, request, camera_span_is_known);
	else if (camera && request->kind == FETCH_BYTES)
		there = bytes_are_there(fetcher, camera, request);
	if (there)
		answer->outcome = FETCH_OK;
	return there;
}

bool request_answer_meanwhile(struct fetcher *fetcher, const struct fetch_request *request, struct fetch_answer *answer)
{
	struct remote_camera *camera = fetcher_camera(fetcher, request->camera, false);

	if (!camera || request->kind != FETCH_SPAN ||
	    !span_is_there(fetcher, camera, request, camera_span_is_known_well_enough))
		return false;
	answer->outcome = FETCH_OK;
	return true;
}

static void answer_with(struct fetch_answer *answer, enum get_outcome outcome, const struct reason *why)
{
	answer->outcome = fetcher_outcome(outcome);
	if (answer->outcome == FETCH_OK)
		return;
	snprintf(answer->reason, sizeof(answer->reason), "%s", why->text);
	answer->reason[0] = (char)toupper((unsigned char)answer->reason[0]);
	if (answer->outcome == FETCH_UNAVAILABLE)
		answer->retry_after_s = RETRY_AFTER_S;
}

/* Segments whose media or index the store does not have: the list says so. Motion without its file is unknown. */
static bool note_gone(struct fetcher *fetcher, struct remote_camera *camera, const struct media_item *items,
		      size_t count, struct reason *why)
{
	bool any = false, good = true;

	for (size_t i = 0; i < count && good; i++) {
		if (!items[i].gone || items[i].kind == OBJECT_MOTION)
			continue;
		any = true;
		good = camera_list_expire(fetcher, camera, items[i].segment) || reason_set(why, "out of memory");
	}
	if (!any || !good)
		return good;
	pthread_mutex_lock(&camera->asking);
	good = camera_list_write(fetcher, camera, why);
	pthread_mutex_unlock(&camera->asking);
	return good;
}

static enum get_outcome get_files(struct fetcher *fetcher, struct thread_pool *pool, struct store_reader *reader,
				  struct remote_camera *camera, const struct fetch_request *request, struct reason *why)
{
	struct remote_segment *segments;
	size_t count, wanted = 0;

	pthread_mutex_lock(&fetcher->lock);
	bool good = camera_list_span(camera, request->from, request->to, &segments, &count);
	pthread_mutex_unlock(&fetcher->lock);
	struct media_item *items = good ? calloc(3 * count + 1, sizeof(*items)) : NULL;
	enum get_outcome outcome = GET_RETRY;
	if (!items) {
		reason_set(why, "out of memory");
	} else {
		for (size_t i = 0; i < count; i++)
			wanted = add_items(items, wanted, camera, &segments[i], request->what);
		outcome = thread_pool_get(pool, reader, items, wanted, why);
		if (outcome == GET_DONE && !note_gone(fetcher, camera, items, wanted, why))
			outcome = GET_RETRY;
	}
	free(items);
	free(segments);
	return outcome;
}

/* So that pieces are followed again if their files have left the cache. */
static void look_for_pieces(struct fetcher *fetcher, struct remote_camera *camera, const struct fetch_request *request)
{
	struct remote_segment *segments;
	size_t count;

	pthread_mutex_lock(&fetcher->lock);
	bool good = camera_list_span(camera, request->from, request->to, &segments, &count);
	pthread_mutex_unlock(&fetcher->lock);
	for (size_t i = 0; good && i < count; i++)
		if (segments[i].in_pieces)
			(void)pieces_are_there(fetcher, camera, &segments[i]);
	free(segments);
}

static void answer_span(struct fetcher *fetcher, struct thread_pool *pool, struct store_reader *reader,
			struct remote_camera *camera, const struct fetch_request *request, struct fetch_answer *answer)
{
	struct reason why = {""};

	if (request->what)
		look_for_pieces(fetcher, camera, request);
	enum get_outcome outcome = camera_span_learn(fetcher, reader, camera, request->from, request->to, &why);
	if (outcome == GET_DONE && request->what)
		outcome = get_files(fetcher, pool, reader, camera, request, &why);
	answer_with(answer, outcome, &why);
}

/* When a file of that name may have been recorded: after a restart nothing is known that has not been asked for. */
static bool find_by_name(struct fetcher *fetcher, struct store_reader *reader, struct remote_camera *camera,
			 const char *file, struct remote_segment *out, enum get_outcome *outcome, struct reason *why)
{
	struct tm utc = {0};

	*outcome = GET_DONE;
	if (camera_list_find(fetcher, camera, file, out))
		return true;
	if (!strptime(file, "recording_%Y%m%d_%H%M%S", &utc))
		return false;
	int64_t at_us = (int64_t)timegm(&utc) * US_PER_S;
	int64_t from_us = at_us > AROUND_US ? at_us - AROUND_US : 0;
	*outcome = camera_span_learn(fetcher, reader, camera, from_us, at_us + AROUND_US, why);
	return *outcome == GET_DONE && camera_list_find(fetcher, camera, file, out);
}

static enum get_outcome get_blocks(struct fetcher *fetcher, struct thread_pool *pool, struct store_reader *reader,
				   struct remote_camera *camera, const struct remote_segment *segment,
				   const struct fetch_request *request, struct reason *why)
{
	struct media_item items[FETCH_BYTES_MAX / FETCH_BLOCK_BYTES + 1];
	uint64_t block = (uint64_t)request->from / FETCH_BLOCK_BYTES;
	size_t count = 0;

	for (; block * FETCH_BLOCK_BYTES < (uint64_t)request->to; block++)
		items[count++] =
			(struct media_item){.camera = camera, .segment = segment, .kind = OBJECT_MEDIA, .block = block};
	enum get_outcome outcome = thread_pool_get(pool, reader, items, count, why);
	bool gone = false;
	for (size_t i = 0; i < count; i++)
		gone = gone || items[i].gone;
	if (outcome == GET_DONE && gone) {
		outcome = note_gone(fetcher, camera, items, count, why) ? GET_MISSING : GET_RETRY;
		if (outcome == GET_MISSING)
			reason_set(why, "the store no longer has it");
	}
	if (outcome == GET_DONE && !bytes_are_there(fetcher, camera, request)) {
		reason_set(why,
			   "the cache is too small for what is asked at once, or is being deleted (store.cache_gb)");
		outcome = GET_RETRY;
	}
	camera_status_note(fetcher, camera, outcome, why);
	return outcome;
}

/* Bytes of a segment in pieces are there as soon as they are known. */
static void answer_growing(struct fetcher *fetcher, struct store_reader *reader, struct remote_camera *camera,
			   const struct remote_segment *segment, const struct fetch_request *request,
			   struct fetch_answer *answer)
{
	struct remote_segment now;
	struct reason why = {""};

	(void)pieces_are_there(fetcher, camera, segment);
	enum get_outcome outcome =
		camera_span_learn(fetcher, reader, camera, segment->entry.start_wall_us, INT64_MAX, &why);
	answer_with(answer, outcome, &why);
	if (outcome == GET_DONE &&
	    (!camera_list_find(fetcher, camera, request->file, &now) || (uint64_t)request->to > now.entry.size_bytes))
		answer->outcome = FETCH_UNKNOWN;
}

static void answer_bytes(struct fetcher *fetcher, struct thread_pool *pool, struct store_reader *reader,
			 struct remote_camera *camera, const struct fetch_request *request, struct fetch_answer *answer)
{
	struct remote_segment segment;
	struct reason why = {""};
	enum get_outcome outcome;

	if (!find_by_name(fetcher, reader, camera, request->file, &segment, &outcome, &why)) {
		answer_with(answer, outcome, &why);
		if (outcome == GET_DONE)
			answer->outcome = FETCH_UNKNOWN;
	} else if (segment.entry.flags & SEGMENT_EXPIRED) {
		answer->outcome = FETCH_GONE;
	} else if (segment.in_pieces) {
		answer_growing(fetcher, reader, camera, &segment, request, answer);
	} else if ((uint64_t)request->to > segment.media_bytes) {
		answer->outcome = FETCH_INVALID;
	} else {
		outcome = get_blocks(fetcher, pool, reader, camera, &segment, request, &why);
		answer_with(answer, outcome, &why);
	}
}

void request_answer(struct fetcher *fetcher, struct thread_pool *pool, struct store_reader *reader,
		    const struct fetch_request *request, struct fetch_answer *answer)
{
	struct remote_camera *camera = fetcher_camera(fetcher, request->camera, false);
	struct reason why = {""};

	if (!camera) {
		enum get_outcome outcome = cameras_list(fetcher, reader, &why);
		answer_with(answer, outcome, &why);
		if (outcome != GET_DONE || request->kind == FETCH_CAMERAS)
			return;
		camera = fetcher_camera(fetcher, request->camera, false);
	}
	if (!camera)
		answer->outcome = FETCH_UNKNOWN;
	else if (request->kind == FETCH_SPAN)
		answer_span(fetcher, pool, reader, camera, request, answer);
	else
		answer_bytes(fetcher, pool, reader, camera, request, answer);
}
