/* footage.c - GET /footage?from=&to=: an MP4 with the frames of [from, to). */
#include <errno.h>

#include "fcgi/footage/clip_headers.h"
#include "fcgi/footage/footage_handlers.h"
#include "fcgi/server/response.h"

static void respond_clip(struct api_request *request, struct clip_request *wanted, struct clip *clip)
{
	char cache_control[RESPONSE_CACHE_BYTES];
	struct buffer headers = {0};
	struct file_response response = {
		.file = clip->file,
		.type = "video/mp4",
		.etag = clip->etag,
		.cache = wanted->span.moving ? "no-cache" : cache_control,
		.moving = wanted->span.moving,
	};

	response_cache_control(request, clip->first_us, cache_control);
	clip_headers_append(request, wanted, clip, &headers);
	buffer_u8(&headers, '\0');
	clip->file = NULL;
	if (headers.failed) {
		virtual_file_unref(response.file);
		respond_failure(request, "send the clip", ENOMEM);
	} else {
		histogram_add(&api_shared(request)->clip_delay, mono_now().us - request->arrived.us);
		response.headers = (const char *)headers.data;
		respond_file(request, &response);
	}
	buffer_free(&headers);
}

void handle_footage(struct api_request *request)
{
	clip_request_start(request, respond_clip);
}
