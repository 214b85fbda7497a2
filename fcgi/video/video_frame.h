/*
 * video_frame.h - one frame of live video, made once from a record of the video ring and shared by all viewers.
 *
 * Numbers and times run on across segments, runs and changes of size: mfhd and tfdt are rewritten. A key frame begins
 * with a prft box (ISO/IEC 14496-12, 8.16.5), which says at which wall time it was captured.
 */
#ifndef FCGI_VIDEO_VIDEO_FRAME_H
#define FCGI_VIDEO_VIDEO_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/video/video_chunk.h"
#include "shared/base/buffer.h"
#include "shared/ring/ring.h"
#include "shared/ring/video_ring.h"

#define VIDEO_CODECS_BYTES 16

/* ftyp and moov of a run. */
struct video_init {
	unsigned refs;
	uint64_t number; /* counts those of a feed, from 1 */
	uint32_t track_id;
	uint16_t width, height;
	char codecs[VIDEO_CODECS_BYTES]; /* RFC 6381: avc1.64001f */
	struct video_chunk *chunk;
};

struct video_frame {
	unsigned refs;
	struct video_init *init;
	uint64_t serial; /* counts the frames of a feed, from 1 */
	int64_t wall_us, mono_us;
	int64_t time_us; /* tfdt */
	int64_t duration_us;
	bool key;
	uint64_t segment;   /* counts the key frames of the feed (hls_playlist.h) */
	int64_t part;       /* of that segment, from 0 */
	size_t duration_at; /* on the wire of `chunk`; 0: the fragment has no such field */
	struct video_chunk *chunk;
	struct video_chunk *group; /* this frame and others up to group_end (video_feed_group()); NULL: not made */
	uint64_t group_end;
	struct video_chunk *lasting; /* made by video_frame_lasting(); NULL: not yet */
};

/*
 * Checks the init segment of a record and wraps it: one video track of H.264 that counts in microseconds. NULL if it is
 * something else, or if memory runs out.
 */
struct video_init *video_init_create(const struct video_parts *parts);
struct video_init *video_init_ref(struct video_init *init);
void video_init_unref(struct video_init *init); /* NULL is safe */

struct video_frame_spec {
	struct video_init *init;
	uint64_t serial;
	int64_t time_us;
};

/* Checks the fragment of a record and makes the frame. NULL if it is not one of H.264, or if memory runs out. */
struct video_frame *video_frame_create(const struct video_parts *parts, const struct ring_meta *meta,
				       const struct video_frame_spec *spec);
struct video_frame *video_frame_ref(struct video_frame *frame);
void video_frame_unref(struct video_frame *frame); /* NULL is safe */

/*
 * The same with a duration of one second, for viewers that get key frames only: players wait at a hole. NULL if memory
 * runs out. The caller gets no reference.
 */
struct video_chunk *video_frame_lasting(struct video_frame *frame);

/* Appends an emsg box, version 1 (ISO/IEC 23009-1, 5.10.3.3), which is about the moment `time_us` of the video. */
void video_append_event(struct buffer *out, const char *value, int64_t time_us);

/* The scheme_id_uri of that box. Its value is "all" or "keyframes": what the viewer gets from then on. */
#define VIDEO_EVENT_SCHEME "urn:smart-camera-recorder:live-video"

#endif
