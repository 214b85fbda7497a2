/*
 * api_snapshot.c - GET /snapshot: the newest frame, or the picture of an instant (at=), also scaled (width=).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fcgi/api_answer.h"
#include "fcgi/query.h"
#include "fcgi/api_route.h"
#include "fcgi/clip_still.h"
#include "shared/timeform.h"

#define WIDTH_MIN    16
#define WIDTH_MAX    8192
#define FRESH_MAX_US (10 * US_PER_S)

struct snapshot {
	struct still still;
	int64_t at_us; /* INT64_MAX: the newest */
	bool moving;
};

static void snapshot_free(void *work)
{
	struct snapshot *snapshot = work;

	still_finish(&snapshot->still);
	free(snapshot);
}

static bool snapshot_read(struct api_request *request, struct snapshot *snapshot)
{
	char text[QUERY_VALUE_MAX];
	struct time_point at;
	struct reason why;
	enum time_status status = TIME_NOT_A_TIME;
	long width = 0;
	enum query_outcome outcome = query_get(request->fcgi->query, "at", text, sizeof(text));

	if (!query_number(request->fcgi->query, "width", WIDTH_MIN, WIDTH_MAX, &width, &why)) {
		answer_problem(request, 400, NULL, "%s", why.text);
		return false;
	}
	snapshot->still.width = (unsigned)width;
	snapshot->at_us = INT64_MAX;
	snapshot->moving = true;
	if (outcome == QUERY_ABSENT)
		return true;
	if (outcome == QUERY_FOUND)
		status = time_parse(text, strlen(text), TIME_FROM, wall_now(), &at);
	if (status != TIME_OK) {
		answer_problem(request, 400, NULL, "at=: %s", time_status_text(status));
		return false;
	}
	snapshot->moving = at.relative;
	if (!at.is_now)
		snapshot->at_us = at.at.us;
	return true;
}

static void snapshot_send(struct api_request *request)
{
	struct snapshot *snapshot = request->work;
	char headers[256], time[TIME_ISO_BYTES];

	time_format_iso((wall_t){snapshot->still.wall_us}, time);
	snprintf(headers, sizeof(headers), "X-Timestamp: %s\r\nCache-Control: %s\r\n", time,
		 snapshot->moving ? "no-store" : "private, max-age=3600");
	answer_bytes(request, 200, "image/jpeg", headers, snapshot->still.jpeg.data, snapshot->still.jpeg.length);
}

static void work_done(struct api_request *request)
{
	struct snapshot *snapshot = request->work;

	if (request->child_status == 0 && still_adopt(&snapshot->still))
		snapshot_send(request);
	else
		answer_failure(request, "making the picture");
}

static void snapshot_go_on(struct api_request *request)
{
	struct snapshot *snapshot = request->work;

	if (!still_needs_work(&snapshot->still)) {
		snapshot_send(request);
		return;
	}
	if (!api_place_begin(request, API_STILL)) {
		answer_busy(request, 1, "Too many pictures are being decoded just now; try again in a second.");
		return;
	}
	snapshot->still.memory_fd = memfd_create("still", MFD_CLOEXEC);
	if (snapshot->still.memory_fd < 0 || !api_job_start(request, still_run, &snapshot->still, work_done))
		answer_failure(request, "starting the decoder");
}

/* A picture of an hour ago must not pass for one of now. */
static void answer_stale(struct api_request *request, const struct snapshot *snapshot)
{
	char time[TIME_ISO_BYTES], sentence[256] = "The recorder is not running: there is no newest picture.";

	if (snapshot->still.jpeg.length > 0) {
		time_format_iso((wall_t){snapshot->still.wall_us}, time);
		snprintf(sentence, sizeof(sentence), "The camera sends nothing now; its last picture is at=%s.", time);
	}
	answer_busy(request, 2, sentence);
}

static void answer_nothing(struct api_request *request, const struct snapshot *snapshot)
{
	char time[TIME_ISO_BYTES], first[TIME_ISO_BYTES], last[TIME_ISO_BYTES];
	int64_t first_us, last_us;

	time_format_iso((wall_t){snapshot->at_us}, time);
	if (!camera_archive_span(request->camera, &first_us, &last_us)) {
		answer_problem(request, 404, NULL, "There is no picture of %s: there are no recordings yet.", time);
		return;
	}
	time_format_iso((wall_t){first_us}, first);
	time_format_iso((wall_t){last_us}, last);
	answer_problem(request, 404, NULL,
		       "There is no picture of %s. Recordings reach from %s to %s; /timeline lists them.", time, first,
		       last);
}

static bool find_at(struct api_request *request, struct snapshot *snapshot, const struct ring_reader *ring)
{
	if (ring && still_from_ring(&snapshot->still, ring, snapshot->at_us))
		return true;
	int folder = camera_recordings_folder(request->camera);
	if (folder < 0)
		return false;
	bool found = still_from_archive(&snapshot->still, folder, snapshot->at_us);
	close(folder);
	return found;
}

void handle_snapshot(struct api_request *request)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	const struct ring_reader *ring = camera_ring(request->camera);

	if (!snapshot) {
		answer_failure(request, "memory");
		return;
	}
	still_init(&snapshot->still);
	request->work = snapshot;
	request->work_free = snapshot_free;
	if (!snapshot_read(request, snapshot))
		return;
	if (snapshot->at_us == INT64_MAX) {
		bool found = ring && still_from_ring(&snapshot->still, ring, INT64_MAX);
		if (found && wall_now().us - snapshot->still.wall_us < FRESH_MAX_US)
			snapshot_go_on(request);
		else
			answer_stale(request, snapshot);
	} else if (find_at(request, snapshot, ring)) {
		snapshot_go_on(request);
	} else {
		answer_nothing(request, snapshot);
	}
}
