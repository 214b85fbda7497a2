/*
 * hls_playlist.h - low-latency HLS (RFC 8216bis) of live video: what the feed holds, as segments and parts.
 *
 * A segment begins with each key frame, and its number counts the key frames of the feed. A part is a row of frames of
 * about VIDEO_PART_US. Both are complete when the next one begins, so that their durations are known.
 */
#ifndef FCGI_VIDEO_HLS_PLAYLIST_H
#define FCGI_VIDEO_HLS_PLAYLIST_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/video/video_feed.h"
#include "shared/base/buffer.h"

/* What a request asks for: a segment, or with part >= 0 a part of it. segment < 0: nothing in particular. */
struct hls_piece {
	int64_t segment;
	int64_t part;
};

enum hls_state {
	HLS_COMPLETE,
	HLS_COMING, /* it is being recorded, or the next to be */
	HLS_GONE,   /* it is too old */
	HLS_NEVER,  /* there is no such piece, or it is too far ahead */
};

/* Sets the frames of the piece, [*first, *end), if it is complete. */
enum hls_state hls_find(const struct video_feed *feed, const struct hls_piece *piece, uint64_t *first, uint64_t *end);

/* Whether a playlist can be made that has the piece (or, for none in particular, anything). */
enum hls_state hls_playlist_state(const struct video_feed *feed, const struct hls_piece *piece);

/* Appends the playlist. `query` is appended to each address: "" or "&camera=NAME". */
void hls_playlist_append(const struct video_feed *feed, const char *query, struct buffer *out);

#endif
