/*
 * video_viewer.h - one viewer of /live.mp4: what it was sent, and what it is sent next. Writing never blocks.
 *
 * It begins with the newest key frame, and gets each frame as it comes. If it falls behind by more than a group of
 * pictures, it continues with the newest key frame. If that happens again and again, its line does not carry the video:
 * it then gets key frames only, and after a while everything again, to see whether it does by now. The stream says
 * which of the two it carries: the header X-Live-Video at the start, and an emsg box (fcgi/video/video_frame.h) at each
 * change.
 *
 * With hundreds of viewers, each gets some frames at a time: one system call per viewer and frame would be too many.
 */
#ifndef FCGI_LIVE_VIDEO_VIEWER_H
#define FCGI_LIVE_VIDEO_VIEWER_H

#include "fcgi/feed/live_feed.h"
#include "fcgi/io/pace.h"
#include "fcgi/live/live_request.h"
#include "fcgi/live/live_viewer.h"
#include "fcgi/video/video_feed.h"
#include "fcgi/video/video_sender.h"

struct video_viewer {
	struct live_feed *feed;
	struct fastcgi_request *request; /* owned */
	struct video_sender sender;
	struct pace pace;
	uint64_t next;        /* serial number of the next frame */
	uint64_t last_sent;   /* of the last frame that was queued */
	uint64_t init_number; /* of the init segment that it has */
	int64_t due_us;       /* nothing more is queued before then */
	bool keyframes_only;
	bool keyframes_wanted; /* it asked for nothing else */
	int64_t skipped_us;    /* when it last skipped frames; 0: never */
	int64_t all_since_us;  /* since when it gets every frame */
	int64_t try_all_us;    /* when it gets every frame again */
	int64_t patience_us;   /* from key frames only to the next attempt */
};

/*
 * Sends the headers and what there is; the feed must be live. The viewer owns the request from now on. NULL if memory
 * ran out or the peer has gone: the connection is closed then.
 */
struct video_viewer *video_viewer_open(struct live_feed *feed, struct fastcgi_request *request,
				       const struct live_options *options);

/* Closes the connection and frees the viewer. The stream gets its FastCGI end record if it is not within a frame. */
void video_viewer_close(struct video_viewer *viewer);

/* The socket is writable. */
enum live_viewer_action video_viewer_writable(struct video_viewer *viewer);

/* There may be newer frames. */
enum live_viewer_action video_viewer_offer(struct video_viewer *viewer);

/* Call it several times a second: gives up a viewer that reads nothing, and ends a stream that is over. */
enum live_viewer_action video_viewer_tick(struct video_viewer *viewer);

#endif
