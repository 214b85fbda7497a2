/* playlist.c - GET /playlist.m3u8?from=&to=: HLS (RFC 8216) of any range, as byte ranges of the segments. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fcgi/clip/clip_final.h"
#include "fcgi/clip/clip_plan.h"
#include "fcgi/footage/clip_request.h"
#include "fcgi/footage/footage_handlers.h"
#include "fcgi/http/query.h"
#include "fcgi/server/response.h"
#include "fcgi/transcode/transcode_input.h"
#include "shared/base/time_text.h"
#include "shared/segment/segment.h"

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
	bool ended;
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

/* A damaged index may cut a slice short; the entries before the damage remain valid. */
static void add_entries(struct playlist *list, const struct clip_slice *slice, bool last)
{
	struct index_record records[RECORDS_PER_READ];
	struct entry entry = {0};
	size_t init_bytes = clip_segment_init_bytes(&slice->segment);
	uint64_t fragment_at, end_at = 0;
	int64_t end_us = 0;

	if (init_bytes == 0 || !transcode_input_fragment_offset(&slice->segment, slice->first, &fragment_at))
		return;
	slice_begin(list, slice, init_bytes);
	for (uint64_t next = slice->first; next < slice->end;) {
		size_t wanted = slice->end - next < RECORDS_PER_READ ? (size_t)(slice->end - next) : RECORDS_PER_READ;
		size_t got = clip_segment_read(&slice->segment, next, wanted, records);
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
	bool growing = last && !list->ended && slice->segment.entry.state == CATALOGUE_RECORDING;
	if (entry.open && !growing)
		entry_close(list, slice, &entry, end_us, end_at);
}

/*
 * There may be thousands of segments, so each is open only while its entries are made. One that has been deleted
 * meanwhile is skipped.
 */
static void add_slice(struct playlist *list, struct clip_slice *slice, bool last)
{
	if (transcode_input_is_jpeg(slice->segment.entry.codec))
		return;
	if (clip_segment_reopen(&slice->segment))
		add_entries(list, slice, last);
	else if (clip_segment_classify(errno) == CLIP_SEGMENT_NO_RESOURCES)
		list->entries.failed = true;
	else if (clip_segment_classify(errno) == CLIP_SEGMENT_UNREADABLE)
		list->unreadable = errno;
	clip_segment_release(&slice->segment);
}

static void respond_playlist(struct playlist *list)
{
	struct buffer out = {0};
	int64_t target_s = (list->longest_us + US_PER_S - 1) / US_PER_S;

	buffer_printf(&out, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%" PRId64 "\n",
		      target_s > TARGET_S ? target_s : TARGET_S);
	buffer_printf(&out, "#EXT-X-PLAYLIST-TYPE:%s\n#EXT-X-INDEPENDENT-SEGMENTS\n", list->ended ? "VOD" : "EVENT");
	buffer_append(&out, list->entries.data, list->entries.length);
	if (list->ended)
		buffer_printf(&out, "#EXT-X-ENDLIST\n");
	if (out.failed || list->entries.failed)
		respond_failure(list->request, "make the playlist", ENOMEM);
	else
		respond_bytes(list->request, 200, PLAYLIST_TYPE, "Cache-Control: no-cache\r\n", out.data, out.length);
	buffer_free(&out);
}

/*
 * Players reload a growing playlist, so its beginning must not move. If `from` is relative, the response is a
 * master playlist (RFC 8216, section 4.3.4) with one variant, the same range from an absolute time. Players read a
 * master playlist only once.
 */
static void respond_variant(struct api_request *request, const struct query_span *span)
{
	struct buffer out = {0};

	buffer_printf(&out, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-STREAM-INF:BANDWIDTH=%d\n", VARIANT_BANDWIDTH);
	buffer_printf(&out, "playlist.m3u8?from=%" PRId64, span->from_us / US_PER_S);
	if (span->has_to && (!span->open_end || span->to_us > wall_now().us))
		buffer_printf(&out, "&to=%" PRId64 ".%06" PRId64, span->to_us / US_PER_S, span->to_us % US_PER_S);
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

static bool span_read(struct api_request *request, struct query_span *span)
{
	int limit_minutes = request->camera->config->http.max_clip_minutes;
	struct reason why;

	if (!query_span(request->fcgi->query, wall_now(), false, span, &why)) {
		respond_problem(request, 400, NULL, "%s", why.text);
		return false;
	}
	if (!span->has_from) {
		respond_problem(request, 400, NULL,
				"from= is missing, such as from=20260517_102300. Without to= the playlist grows.");
		return false;
	}
	span->open_end |= !span->has_to;
	if (!span_limit(span, limit_minutes * 60 * US_PER_S)) {
		respond_problem(request, 413, NULL, "A playlist can cover at most %d minutes (http.max_clip_minutes).",
				limit_minutes);
		return false;
	}
	return true;
}

void handle_playlist(struct api_request *request)
{
	struct playlist list = {.request = request};
	struct recorder_state state;
	struct query_span span;
	struct clip_plan plan = {0};

	if (!span_read(request, &span))
		return;
	if (span.from_relative && span.open_end) {
		respond_variant(request, &span);
		return;
	}
	camera_state(request->camera, &state); /* before the plan: see clip_is_final() */
	if (clip_request_plan(request, span.from_us, span.to_us, &plan) != PLAN_OK) {
		respond_failure(request, "read the recordings", errno);
		return;
	}
	/* Segments that become readable later would have to be inserted, but a playlist may only grow at its end. */
	if (plan.unreadable != 0) {
		respond_unreadable(request, plan.unreadable);
		clip_plan_free(&plan);
		return;
	}
	list.ended = !span.open_end && clip_is_final(&plan, camera_ring(request->camera), &state);
	if (!list.ended && span.from_relative) {
		respond_variant(request, &span);
		clip_plan_free(&plan);
		return;
	}
	for (size_t i = 0; i < plan.count; i++)
		add_slice(&list, &plan.slices[i], i + 1 == plan.count);
	clip_plan_free(&plan);
	if (list.unreadable != 0)
		respond_unreadable(request, list.unreadable);
	else if (!span.open_end && list.entries.length == 0)
		respond_problem(request, 404, NULL,
				"Nothing playable was recorded in this range. /timeline lists what was recorded.");
	else
		respond_playlist(&list);
	buffer_free(&list.entries);
}
