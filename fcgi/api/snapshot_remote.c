/* snapshot_remote.c - what GET /snapshot of a camera of the store has fetched. */
#include "fcgi/api/snapshot_remote.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "fcgi/server/request_fetch.h"
#include "fcgi/server/response.h"
#include "shared/store/remote_cameras.h"
#include "shared/text/time_text.h"

/* The newest picture is current if it is no older than this: the store gets pieces of some seconds, or of a minute. */
#define FRESH_US (120 * US_PER_S)

#define ASKED_MAX 3u

void snapshot_remote_ask_span(struct api_request *request, int64_t at_us, api_handler *done)
{
	bool newest = at_us == INT64_MAX;
	int64_t from_us = newest ? wall_now().us - FRESH_US : time_floor_second((wall_t){at_us}).us;

	api_fetch(request,
		  &(struct api_wanted){.kind = FETCH_SPAN,
				       .what = FETCH_INDEXES,
				       .from = from_us,
				       .to = newest ? INT64_MAX : from_us + US_PER_S},
		  done);
}

static void respond_old(struct api_request *request, int64_t newest_us)
{
	char time[TIME_ISO_BYTES], text[192];

	time_format_iso((wall_t){newest_us - 1}, time);
	snprintf(text, sizeof(text), "The store has no current picture. The last one is at=%s.", time);
	respond_unavailable(request, 5, newest_us > 0 ? text : "The store has no picture of this camera yet.");
}

bool snapshot_remote_find_time(struct api_request *request, int64_t *at_us)
{
	struct fetch_status status = {0};

	if (api_fetch_answer(request)->outcome != FETCH_OK) {
		respond_not_fetched(request);
		return false;
	}
	if (*at_us != INT64_MAX)
		return true;
	int folder = camera_open_recordings(request->camera);
	if (folder >= 0) {
		remote_camera_status(folder, &status);
		close(folder);
	}
	*at_us = status.newest_wall_us - 1;
	if (status.newest_wall_us >= wall_now().us - FRESH_US)
		return true;
	respond_old(request, status.newest_wall_us);
	return false;
}

void snapshot_remote_ask_bytes(struct api_request *request, const struct still *still, unsigned *asked,
			       api_handler *done)
{
	if ((*asked)++ >= ASKED_MAX) {
		respond_unreadable(request, ESTALE);
		return;
	}
	api_fetch(request,
		  &(struct api_wanted){.kind = FETCH_BYTES,
				       .file = still->need_file,
				       .from = (int64_t)still->need_from,
				       .to = (int64_t)still->need_to},
		  done);
}
