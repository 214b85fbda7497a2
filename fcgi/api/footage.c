/*
 * footage.c - GET /footage?from=&to=: an MP4 of [from, to).
 *
 * The index first. What it is about to have (the encoder is a few frames behind the camera) is waited for, at most 250
 * ms; what it will not have is made from the memory ring by FFmpeg, in a child; then the parts are joined.
 */

#include "fcgi/api/clip_request.h"
#include "fcgi/api/route.h"
#include "fcgi/server/response.h"

/* A clip goes to the client. */
static void respond_clip(struct api_request *request, struct clip_request *want, struct clip *clip)
{
	char life[RESPONSE_CACHE_BYTES];
	struct buffer headers = {0};
	struct file_response answer = {
		.file = clip->file,
		.type = "video/mp4",
		.etag = clip->etag,
		.cache = want->span.moving ? "no-cache" : life,
		.moving = want->span.moving,
	};

	response_cache_control(request, clip->first_us, life);
	clip_request_headers(request, want, clip, &headers);
	buffer_u8(&headers, '\0');
	clip->file = NULL;
	if (headers.failed) {
		virtual_file_unref(answer.file);
		respond_failure(request, "memory");
	} else {
		histogram_add(&api_shared(request)->clips, mono_now().us - request->arrived.us);
		answer.headers = (const char *)headers.data;
		respond_file(request, &answer);
	}
	buffer_free(&headers);
}

void handle_footage(struct api_request *request)
{
	clip_request_start(request, respond_clip);
}
