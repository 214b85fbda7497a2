/* clip_problems.c - the problem responses to requests for clips. */
#include "fcgi/footage/clip_problems.h"

#include <errno.h>

#include "fcgi/footage/moving_parts.h"
#include "fcgi/server/response.h"
#include "fcgi/transcode/transcode.h"

void respond_clip_too_long(struct api_request *request)
{
	respond_problem(
		request, 413, NULL,
		"A clip can play for at most %d minutes (http.max_clip_minutes). Ask for a shorter range, or for a "
		"timelapse with speed=.",
		request->camera->config->http.max_clip_minutes);
}

void respond_no_plan(struct api_request *request, int error)
{
	if (error == EOVERFLOW)
		respond_problem(request, 413, NULL,
				"With only=motion a range can have at most %d days. Ask for a shorter one.",
				MOVING_PARTS_DAYS_MAX);
	else if (error == EFBIG)
		respond_problem(
			request, 413, NULL,
			"Something moved for more than %d minutes, and that is as long as a clip can be "
			"(http.max_clip_minutes). Ask for a shorter range, a smaller area= or a higher strength=.",
			request->camera->config->http.max_clip_minutes);
	else
		respond_failure(request, "read the recordings", error);
}

void respond_too_many_parts(struct api_request *request)
{
	respond_problem(request, 413, NULL,
			"More than %d parts of this range would have to be encoded first. Ask for a shorter range.",
			TRANSCODE_PARTS_MAX);
}

void respond_parts_too_large(struct api_request *request)
{
	respond_problem(
		request, 413, NULL,
		"Part of this range has to be encoded first, which would take more than %d MiB of memory. Ask for a "
		"shorter range.",
		(int)(TRANSCODE_BYTES_MAX >> 20));
}

void respond_frames_overwritten(struct api_request *request)
{
	respond_unavailable(
		request, 2,
		"Frames of this range were overwritten in memory before they could be encoded: this machine "
		"is too slow for so many. Ask for a shorter range, or a later one.");
}

void respond_no_encoding(struct api_request *request)
{
	respond_no_permit(request, 10,
			  "Part of this range has to be encoded first, and too many clips are being encoded already "
			  "(http.max_transcodes). Try again soon.");
}
