/*
 * live_response.h - the short responses of recorder-live, sent at once on a connection whose send buffer is still
 * empty.
 */
#ifndef FCGI_LIVE_LIVE_RESPONSE_H
#define FCGI_LIVE_LIVE_RESPONSE_H

#include "fcgi/io/fastcgi.h"
#include "fcgi/live/live_request.h"
#include "fcgi/video/video_frame.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"
#include "shared/ring/ring_reader.h"

/* Appends the headers of a live stream, up to the empty line. has_page: of struct live_options. */
void live_response_append_stream(struct buffer *out, const struct fastcgi_request *request,
				 const struct config_http *http, bool has_page);

/* Appends the headers of a response with one frame, up to the empty line. */
void live_response_append_frame(struct buffer *out, const struct fastcgi_request *request,
				const struct config_http *http, const struct ring_frame *frame);

/*
 * Appends the headers of live video, up to the empty line. `first` is its first frame. X-Clip-Start is when that was
 * captured, X-Live-Video is live_video_word().
 */
void live_response_append_video(struct buffer *out, const struct fastcgi_request *request,
				const struct config_http *http, const struct video_frame *first, bool keyframes_only);

/* Appends the headers of a playlist, or of a piece of HLS, of that many bytes, up to the empty line. */
void live_response_append_playlist(struct buffer *out, const struct fastcgi_request *request,
				   const struct config_http *http, size_t bytes);
void live_response_append_piece(struct buffer *out, const struct fastcgi_request *request,
				const struct config_http *http, size_t bytes);

/* Appends the headers of an event stream, up to the empty line. */
void live_response_append_events(struct buffer *out, const struct fastcgi_request *request,
				 const struct config_http *http);

/* "keyframes" or "all". */
const char *live_video_word(bool keyframes_only);

/*
 * Each of these releases the request (fastcgi_release). `http` is the configuration of the requested camera. A
 * problem without `headers` gets those that belong to its status (Allow, Retry-After), and no body if the request
 * is a HEAD.
 */
void live_respond_problem(struct fastcgi_request *request, const struct config_http *http, int status,
			  const char *headers, const struct reason *why);

/* The headers of a stream, or of a response with that frame if it is not NULL. */
void live_respond_head(struct fastcgi_request *request, const struct config_http *http,
		       const struct live_options *options, const struct ring_frame *frame);

/* The page (live_page.h): 200, or 503 and why there is no picture if that is not NULL. Without a body after a HEAD. */
void live_respond_page(struct fastcgi_request *request, const struct config_http *http,
		       const struct live_options *options, const struct reason *why);

/* The headers of live video. */
void live_respond_video_head(struct fastcgi_request *request, const struct config_http *http,
			     const struct video_frame *first, bool keyframes_only);

/* The headers of an event stream. */
void live_respond_events_head(struct fastcgi_request *request, const struct config_http *http);

/* The headers of a playlist. */
void live_respond_playlist_head(struct fastcgi_request *request, const struct config_http *http);

/* 204 or 403 to a CORS preflight (site_headers.h). */
void live_respond_preflight(struct fastcgi_request *request, const struct config_http *http);

#endif
