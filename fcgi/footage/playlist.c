/* playlist.c - GET /playlist.m3u8?from=&to=: HLS (RFC 8216) of any range, as byte ranges of the segments. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fcgi/clip/clip_final.h"
#include "fcgi/clip/clip_plan.h"
#include "fcgi/footage/clip_problems.h"
#include "fcgi/footage/clip_request.h"
#include "fcgi/footage/footage_handlers.h"
#include "fcgi/footage/moving_headers.h"
#include "fcgi/footage/no_footage.h"
#include "fcgi/http/query.h"
#include "fcgi/server/response.h"
#include "fcgi/transcode/transcode_input.h"
#include "shared/segment/segment.h"
#include "shared/text/time_text.h"

/*
 * Entries are cut at key frames, counted from `from`, so a growing playlist only gets longer; an entry that is not
 * complete yet is not listed. A playlist grows as long as footage of its range may still come (clip_final.h), even
 * if the range is in the past. It ends when it reaches http.max_clip_minutes, with an end that players know. Each
 * segment has its own timeline, so there is a discontinuity between two.
 */

#define ENTRY_US         (4 * US_PER_S)
#define TARGET_S         6
#define RECORDS_PER_READ 256u
#define PLAYLIST_TYPE    "application/vnd.apple.mpegurl"

/* The attribute is required, but there is only one variant to choose. */
#define VARIANT_BANDWIDTH 8000000

struct playlist {
	struct api_request *request;
	struct query_span span;
	struct moving_parts moving;  /* only=motion */
	struct motion_spans unknown; /* seconds with footage that may have moved */
	bool ended;
	size_t init_bytes; /* of the init segment of segment number `init_of` */
	uint64_t init_of;
	struct buffer entries;
	int64_t longest_us;
	int unreadable; /* errno of a segment that could not be read; 0: none */
};

/* The entry being filled. */
struct entry {
	bool open;
	int64_t start_us;
	uint64_t at; /* its first byte in the file */
};

static void append_file(const struct playlist *list, const struct clip_slice *slice, const char *tail,
			struct buffer *out)
{
	buffer_printf(out, "recordings/%s%s", slice->segment.entry.file, tail);
	if (list->request->camera_named)
		buffer_printf(out, "?camera=%s", list->request->camera->config->camera.name);
}

static void entry_close(struct playlist *list, const struct clip_slice *slice, struct entry *entry, int64_t end_us,
			uint64_t end)
{
	int64_t duration_us = end_us - entry->start_us;

	if (duration_us > list->longest_us)
		list->longest_us = duration_us;
	buffer_printf(&list->entries, "#EXTINF:%.6f,\n#EXT-X-BYTERANGE:%" PRIu64 "@%" PRIu64 "\n",
		      (double)duration_us / 1e6, end - entry->at, entry->at);
	append_file(list, slice, "", &list->entries);
	buffer_printf(&list->entries, "\n");
	entry->open = false;
}

/*
 * The byte range of the map is all of it (RFC 8216, 4.3.2.5). Without one, FFmpeg 5.1 waits on its persistent
 * connection for as many bytes as the media segment before had.
 */
static void slice_begin(struct playlist *list, const struct clip_slice *slice, size_t init_bytes)
{
	char time[TIME_ISO_BYTES];

	if (list->entries.length > 0)
		buffer_printf(&list->entries, "#EXT-X-DISCONTINUITY\n");
	time_format_iso((wall_t){slice->head.wall_us}, time);
	buffer_printf(&list->entries, "#EXT-X-MAP:URI=\"");
	append_file(list, slice, "/init.mp4", &list->entries);
	buffer_printf(&list->entries, "\",BYTERANGE=\"%zu@0\"\n#EXT-X-PROGRAM-DATE-TIME:%s\n", init_bytes, time);
}

/* Neighbouring slices are often of one segment. */
static size_t init_bytes_of(struct playlist *list, const struct segment_reader *segment)
{
	if (list->init_of != segment->entry.segment_no) {
		list->init_of = segment->entry.segment_no;
		list->init_bytes = segment_reader_init_bytes(segment);
	}
	return list->init_bytes;
}

/*
 * Whether the last slice may become longer, so that an entry that is not complete must not be listed yet. With
 * only=motion it may until nothing has moved for `before` seconds after it.
 */
static bool is_growing(const struct playlist *list, const struct clip_slice *slice)
{
	const struct motion_spans *covered = &list->moving.found.covered;

	if (list->ended)
		return false;
	if (!list->moving.wanted)
		return slice->segment.entry.state == CATALOGUE_RECORDING;
	int64_t known_until = covered->count > 0 ? covered->items[covered->count - 1].to_second : INT64_MIN;
	return slice->to_us / US_PER_S + list->moving.before_s >= known_until;
}

/* A damaged index may cut a slice short; the entries before the damage remain valid. */
static void add_entries(struct playlist *list, const struct clip_slice *slice, bool last)
{
	struct index_record records[RECORDS_PER_READ];
	struct entry entry = {0};
	size_t init_bytes = init_bytes_of(list, &slice->segment);
	uint64_t fragment_at, end_at = 0;
	int64_t end_us = 0;

	if (init_bytes == 0 || !transcode_input_fragment_offset(&slice->segment, slice->first, &fragment_at))
		return;
	slice_begin(list, slice, init_bytes);
	for (uint64_t next = slice->first; next < slice->end;) {
		size_t wanted = slice->end - next < RECORDS_PER_READ ? (size_t)(slice->end - next) : RECORDS_PER_READ;
		size_t got = segment_reader_read(&slice->segment, next, wanted, records);
		for (size_t i = 0; i < got; i++) {
			const struct index_record *record = &records[i];
			bool key = record->flags & INDEX_KEY;
			if (key && entry.open && record->wall_us - entry.start_us >= ENTRY_US)
				entry_close(list, slice, &entry, record->wall_us, fragment_at);
			if (!entry.open)
				entry = (struct entry){true, record->wall_us, fragment_at};
			end_us = record->wall_us + record->duration_us;
			end_at = fragment_at = record->offset + record->size;
		}
		if (got < wanted)
			break;
		next += got;
	}
	if (clip_slice_is_cut(slice) && end_us > slice->to_us)
		end_us = slice->to_us;
	if (entry.open && !(last && is_growing(list, slice)))
		entry_close(list, slice, &entry, end_us, end_at);
}

/*
 * There may be thousands of segments, so each is open only while its entries are made. One that has been deleted
 * meanwhile is skipped.
 */
static void add_slice(struct playlist *list, struct clip_plan *plan, size_t at)
{
	const struct clip_slice *slice = &plan->slices[at];

	if (transcode_input_is_jpeg(slice->segment.entry.codec))
		return;
	if (clip_plan_open_slice(plan, at))
		add_entries(list, slice, at + 1 == plan->count);
	else if (segment_reader_classify(errno) == SEGMENT_READER_NO_RESOURCES)
		list->entries.failed = true;
	else if (segment_reader_classify(errno) == SEGMENT_READER_UNREADABLE)
		list->unreadable = errno;
	clip_plan_close_slice(plan, at);
}

static void respond_playlist(struct playlist *list)
{
	struct buffer out = {0}, headers = {0};
	int64_t target_s = (list->longest_us + US_PER_S - 1) / US_PER_S;

	buffer_printf(&out, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%" PRId64 "\n",
		      target_s > TARGET_S ? target_s : TARGET_S);
	buffer_printf(&out, "#EXT-X-PLAYLIST-TYPE:%s\n#EXT-X-INDEPENDENT-SEGMENTS\n", list->ended ? "VOD" : "EVENT");
	buffer_append(&out, list->entries.data, list->entries.length);
	if (list->ended)
		buffer_printf(&out, "#EXT-X-ENDLIST\n");
	buffer_printf(&headers, "Cache-Control: no-cache\r\n");
	moving_headers_append_unknown(list->request, &list->unknown, &headers);
	buffer_u8(&headers, '\0');
	if (out.failed || headers.failed || list->entries.failed)
		respond_failure(list->request, "make the playlist", ENOMEM);
	else
		respond_bytes(list->request, 200, PLAYLIST_TYPE, (const char *)headers.data, out.data, out.length);
	buffer_free(&headers);
	buffer_free(&out);
}

/*
 * Players reload a growing playlist, so its beginning must not move. If `from` is relative, the response is a
 * master playlist (RFC 8216, section 4.3.4) with one variant, the same range from an absolute time. Players read a
 * master playlist only once.
 */
static void respond_variant(const struct playlist *list)
{
	const struct query_span *span = &list->span;
	struct api_request *request = list->request;
	struct buffer out = {0};

	buffer_printf(&out, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-STREAM-INF:BANDWIDTH=%d\n", VARIANT_BANDWIDTH);
	buffer_printf(&out, "playlist.m3u8?from=%" PRId64, span->from_us / US_PER_S);
	if (span->has_to && (!span->open_end || span->to_us > wall_now().us))
		buffer_printf(&out, "&to=%" PRId64 ".%06" PRId64, span->to_us / US_PER_S, span->to_us % US_PER_S);
	if (list->moving.wanted)
		moving_parts_append_query(request->fcgi->query, true, &out);
	if (request->camera_named)
		buffer_printf(&out, "&camera=%s", request->camera->config->camera.name);
	buffer_printf(&out, "\n");
	if (out.failed)
		respond_failure(request, "make the playlist", ENOMEM);
	else
		respond_bytes(request, 200, PLAYLIST_TYPE, NULL, out.data, out.length);
	buffer_free(&out);
}

/* False if the span is longer than `limit_us`. One that has grown to that length is cut instead. */
static bool span_limit(struct query_span *span, int64_t limit_us)
{
	int64_t end_us = span->open_end ? wall_now().us : span->to_us;

	if (end_us - span->from_us <= limit_us)
		return true;
	if (!span->open_end || span->from_relative)
		return false;
	span->to_us = span->from_us + limit_us;
	span->open_end = false;
	return true;
}

static bool query_read(struct playlist *list)
{
	struct api_request *request = list->request;
	struct query_span *span = &list->span;
	int limit_minutes = request->camera->config->http.max_clip_minutes;
	struct reason why;

	if (!query_span(request->fcgi->query, wall_now(), false, span, &why) ||
	    !moving_parts_read(request->fcgi->query, &list->moving, &why)) {
		respond_problem(request, 400, NULL, "%s", why.text);
		return false;
	}
	if (!span->has_from) {
		respond_problem(request, 400, NULL,
				"from= is missing, such as from=20260517_102300. Without to= the playlist grows.");
		return false;
	}
	span->open_end |= !span->has_to;
	if (list->moving.wanted) { /* its parts may be short: clip_request_plan() */
		if (span_limit(span, MOVING_PARTS_DAYS_MAX * 24 * 3600 * US_PER_S))
			return true;
		respond_no_plan(request, EOVERFLOW);
		return false;
	}
	if (!span_limit(span, limit_minutes * 60 * US_PER_S)) {
		respond_problem(request, 413, NULL, "A playlist can cover at most %d minutes (http.max_clip_minutes).",
				limit_minutes);
		return false;
	}
	return true;
}

/* Plans the playlist. Returns false after responding. */
static bool playlist_plan(struct playlist *list, struct clip_plan *plan)
{
	struct api_request *request = list->request;
	struct recorder_state state;

	camera_state(request->camera, &state); /* before the plan: see clip_is_final() */
	if (clip_request_plan(request, list->span.from_us, list->span.to_us, &list->moving, plan) != PLAN_OK) {
		respond_no_plan(request, errno);
		return false;
	}
	/* Segments that become readable later would have to be inserted, but a playlist may only grow at its end. */
	if (plan->unreadable != 0) {
		respond_unreadable(request, plan->unreadable);
		return false;
	}
	if (list->moving.wanted && !clip_request_find_unknown(request, &list->moving, &list->unknown))
		return false;
	list->ended = !list->span.open_end && clip_is_final(plan, camera_ring(request->camera), &state) &&
		      (!list->moving.wanted || list->moving.found.settled);
	if (list->ended || !list->span.from_relative)
		return true;
	respond_variant(list);
	return false;
}

static void respond_entries(struct playlist *list)
{
	if (list->unreadable != 0)
		respond_unreadable(list->request, list->unreadable);
	else if (list->span.open_end || list->entries.length > 0)
		respond_playlist(list);
	else if (list->moving.wanted)
		respond_nothing_moved(list->request, &list->moving, &list->unknown, list->span.from_us,
				      list->span.to_us);
	else
		respond_problem(list->request, 404, NULL,
				"Nothing playable was recorded in this range. /timeline lists what was recorded.");
}

void handle_playlist(struct api_request *request)
{
	struct playlist list = {.request = request};
	struct clip_plan plan = {0};

	if (!query_read(&list))
		return;
	if (list.span.from_relative && list.span.open_end) {
		respond_variant(&list);
		return;
	}
	if (playlist_plan(&list, &plan)) {
		for (size_t i = 0; i < plan.count; i++)
			add_slice(&list, &plan, i);
		respond_entries(&list);
	}
	clip_plan_free(&plan);
	moving_parts_free(&list.moving);
	motion_spans_free(&list.unknown);
	buffer_free(&list.entries);
}
