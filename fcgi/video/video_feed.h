/*
 * video_feed.h - the live video of one camera, from its video ring (shared/ring/video_ring.h).
 *
 * It keeps the frames of the last seconds for all viewers, as long as somebody is interested (video_feed_use()). Frames
 * have serial numbers without holes, but their times may have holes. A frame whose predecessor is missing is dropped,
 * and so are all up to the next key frame. So are frames that are older than VIDEO_RING_LATE_US when they come, as
 * after the encoder was stopped: they are recorded, and are not live. No function waits.
 */
#ifndef FCGI_VIDEO_VIDEO_FEED_H
#define FCGI_VIDEO_VIDEO_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/video/video_frame.h"
#include "shared/base/reason.h"

#define VIDEO_HOLD_US     INT64_C(8000000)  /* of frames that it keeps */
#define VIDEO_FRAMES      2048u             /* that it keeps at most */
#define VIDEO_PART_MAX_US INT64_C(420000)   /* of a part: 24 frames at 60 per second, 12 at 30, 10 at 25 */
#define VIDEO_UNUSED_US   INT64_C(30000000) /* without interest, it drops its frames */

struct video_feed {
	char ring_name[VIDEO_RING_NAME_BYTES];
	struct ring_reader *ring; /* NULL: there is none */
	uint64_t seq;             /* of the last frame of `ring` that was looked at */

	struct video_frame *frames[VIDEO_FRAMES]; /* frame n is at n % VIDEO_FRAMES */
	uint64_t first, next;                     /* serial numbers: the oldest one, and that of the next frame */
	uint64_t newest_key;                      /* 0: none */
	uint64_t segments;                        /* key frames so far */
	int64_t part_us;                          /* of the newest part, so far */
	int segment_max_s;                        /* the longest segment so far, rounded, at least 1 */
	int64_t gop_us;                           /* from one key frame to the next, as last seen; 0: not known */
	struct video_init *init;                  /* of the newest run */
	uint64_t inits;
	int64_t base_mono_us; /* capture time of time 0 */
	int64_t run_mono_us;  /* of the newest frame, like the next two */
	int64_t last_mono_us;
	uint32_t number;
	bool broken;          /* a frame is missing: waits for a key frame */
	int64_t used_us;      /* when somebody was last interested; 0: nobody */
	int64_t came_us;      /* when the newest frame came */
	int64_t seen_late_us; /* when a frame last came that was too old; 0: never */
};

/* `ring_name` is that of the camera's first ring. */
void video_feed_init(struct video_feed *feed, const char *ring_name);
void video_feed_free(struct video_feed *feed);

/* Somebody is interested, for VIDEO_UNUSED_US: video_feed_update() follows the ring, from its oldest key frame on. */
void video_feed_use(struct video_feed *feed);

/* Takes new frames out of the ring if somebody is interested. Cheap. */
void video_feed_update(struct video_feed *feed);

/* Call it about once a second: opens a new ring, and drops everything if nobody has been interested for a while. */
void video_feed_check(struct video_feed *feed);

/* The frame with that number; NULL if it is not there any more, or not yet. The feed keeps the reference. */
struct video_frame *video_feed_get(const struct video_feed *feed, uint64_t serial);

/* The newest frame; NULL: none. */
struct video_frame *video_feed_newest(const struct video_feed *feed);

/*
 * The frames from `first` to *end as one chunk, which web servers pass on with less work than many. They have one init
 * segment and fit a turn of the web server; *end is lowered to where that ends. `first` is there. The feed keeps the
 * reference. NULL if memory runs out.
 */
struct video_chunk *video_feed_group(const struct video_feed *feed, uint64_t first, uint64_t *end);

/* True if there is a key frame to begin with, and frames have come lately; otherwise sets *why. */
bool video_feed_is_live(const struct video_feed *feed, const char *camera, struct reason *why);

#endif
