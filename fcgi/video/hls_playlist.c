/* hls_playlist.c - low-latency HLS of live video. */
#include "fcgi/video/hls_playlist.h"

#include <inttypes.h>

#include "shared/text/time_text.h"

#define PARTS_OF_SEGMENTS 3 /* newest segments whose parts are listed: RFC 8216bis, 4.4.4.9 */
#define AHEAD_MAX         2 /* segments: a client that asks for a later one is wrong (6.2.5.2) */

/* Serial number of the first frame of that segment; `next` if it has not begun, 0 if it is not held completely. */
static uint64_t find_segment(const struct video_feed *feed, uint64_t segment)
{
	uint64_t low = feed->first, high = feed->next;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (video_feed_get(feed, middle)->segment < segment)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == feed->next)
		return low;
	const struct video_frame *frame = video_feed_get(feed, low);
	return frame->segment == segment && frame->key ? low : 0;
}

/* The end of the row of frames with the same segment (and part) as the first one. */
static uint64_t find_end(const struct video_feed *feed, uint64_t first, bool part)
{
	const struct video_frame *begin = video_feed_get(feed, first), *frame;
	uint64_t end = first;

	while ((frame = video_feed_get(feed, end)) && frame->segment == begin->segment &&
	       (!part || frame->part == begin->part))
		end++;
	return end;
}

static enum hls_state find_part(const struct video_feed *feed, uint64_t segment_first, int64_t part, uint64_t *first,
				uint64_t *end)
{
	const struct video_frame *begin = video_feed_get(feed, segment_first), *frame;

	for (uint64_t at = segment_first; (frame = video_feed_get(feed, at)) && frame->segment == begin->segment;
	     at++) {
		if (frame->part != part)
			continue;
		*first = at;
		*end = find_end(feed, at, true);
		return *end < feed->next ? HLS_COMPLETE : HLS_COMING;
	}
	const struct video_frame *newest = video_feed_newest(feed);
	return newest->segment == begin->segment && part == newest->part + 1 ? HLS_COMING : HLS_NEVER;
}

enum hls_state hls_find(const struct video_feed *feed, const struct hls_piece *piece, uint64_t *first, uint64_t *end)
{
	const struct video_frame *newest = video_feed_newest(feed);

	if (!newest || piece->segment < 0)
		return newest ? HLS_COMPLETE : HLS_COMING;
	if ((uint64_t)piece->segment > newest->segment)
		return (uint64_t)piece->segment - newest->segment <= AHEAD_MAX ? HLS_COMING : HLS_NEVER;
	*first = find_segment(feed, (uint64_t)piece->segment);
	if (*first == 0 || *first == feed->next)
		return HLS_GONE;
	if (piece->part >= 0)
		return find_part(feed, *first, piece->part, first, end);
	*end = find_end(feed, *first, false);
	return *end < feed->next ? HLS_COMPLETE : HLS_COMING;
}

enum hls_state hls_playlist_state(const struct video_feed *feed, const struct hls_piece *piece)
{
	const struct video_frame *newest = video_feed_newest(feed);
	uint64_t first, end;

	if (piece->segment < 0) {
		const struct video_frame *oldest = video_feed_get(feed, feed->first);
		return newest && newest->segment > oldest->segment ? HLS_COMPLETE : HLS_COMING;
	}
	/* A part that never came, because a key frame began the next segment, is as good as there. */
	enum hls_state state = hls_find(feed, piece, &first, &end);
	bool passed = newest && (uint64_t)piece->segment < newest->segment;
	return state != HLS_COMING && passed ? HLS_COMPLETE : state;
}

static double seconds_between(const struct video_feed *feed, uint64_t first, uint64_t end)
{
	return (double)(video_feed_get(feed, end)->time_us - video_feed_get(feed, first)->time_us) / 1e6;
}

static void append_init(const struct video_frame *frame, const char *query, struct buffer *out)
{
	buffer_printf(out, "#EXT-X-MAP:URI=\"live.mp4?init=%" PRIu64 "%s\"\n", frame->init->number, query);
}

static void append_parts(const struct video_feed *feed, uint64_t at, const char *query, struct buffer *out)
{
	uint64_t segment_end = find_end(feed, at, false);

	while (at < segment_end) {
		const struct video_frame *frame = video_feed_get(feed, at);
		uint64_t end = find_end(feed, at, true);

		if (end == feed->next)
			return;
		buffer_printf(out,
			      "#EXT-X-PART:DURATION=%.6f,URI=\"live.mp4?segment=%" PRIu64 "&part=%" PRId64 "%s\"%s\n",
			      seconds_between(feed, at, end), frame->segment, frame->part, query,
			      frame->key ? ",INDEPENDENT=YES" : "");
		at = end;
	}
}

static void append_segment(const struct video_feed *feed, uint64_t first, const char *query, struct buffer *out)
{
	const struct video_frame *frame = video_feed_get(feed, first), *before = video_feed_get(feed, first - 1);
	const struct video_frame *newest = video_feed_newest(feed);
	uint64_t end = find_end(feed, first, false);
	char time[TIME_ISO_BYTES];

	if (before && before->init != frame->init)
		buffer_printf(out, "#EXT-X-DISCONTINUITY\n");
	if (!before || before->init != frame->init)
		append_init(frame, query, out);
	time_format_iso((wall_t){frame->wall_us}, time);
	buffer_printf(out, "#EXT-X-PROGRAM-DATE-TIME:%s\n", time);
	if (newest->segment - frame->segment <= PARTS_OF_SEGMENTS)
		append_parts(feed, first, query, out);
	if (end < feed->next)
		buffer_printf(out, "#EXTINF:%.6f,\nlive.mp4?segment=%" PRIu64 "%s\n", seconds_between(feed, first, end),
			      frame->segment, query);
}

/* The first frame of the oldest segment that is held completely. */
static uint64_t oldest_segment(const struct video_feed *feed)
{
	uint64_t at = feed->first;

	while (at < feed->next && !video_feed_get(feed, at)->key)
		at++;
	return at;
}

void hls_playlist_append(const struct video_feed *feed, const char *query, struct buffer *out)
{
	uint64_t first = oldest_segment(feed);
	const struct video_frame *oldest = video_feed_get(feed, first), *newest = video_feed_newest(feed);

	if (!oldest)
		return;
	buffer_printf(
		out,
		"#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:%d\n"
		"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=%.3f\n#EXT-X-PART-INF:PART-TARGET=%.3f\n"
		"#EXT-X-MEDIA-SEQUENCE:%" PRIu64 "\n#EXT-X-DISCONTINUITY-SEQUENCE:%" PRIu64 "\n",
		feed->segment_max_s, 3 * VIDEO_PART_MAX_US / 1e6, VIDEO_PART_MAX_US / 1e6, oldest->segment,
		oldest->init->number);
	if (video_feed_get(feed, first - 1))
		append_init(oldest, query, out);
	for (uint64_t at = first; at < feed->next; at = find_end(feed, at, false))
		append_segment(feed, at, query, out);
	/* The newest frame may be the last of its part: the next one tells. */
	buffer_printf(out, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"live.mp4?segment=%" PRIu64 "&part=%" PRId64 "%s\"\n",
		      newest->segment, newest->part, query);
}
