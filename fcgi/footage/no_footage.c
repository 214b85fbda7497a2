/* no_footage.c - the response if a range has no footage. */
#include "fcgi/footage/no_footage.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "fcgi/clip/nearest_footage.h"
#include "fcgi/footage/moving_headers.h"
#include "fcgi/http/query.h"
#include "fcgi/server/response.h"
#include "shared/text/time_text.h"

static void find_nearest(struct api_request *request, int64_t from_us, int64_t to_us, struct nearest_footage *out)
{
	int folder = camera_open_recordings(request->camera);

	nearest_footage_find(folder, camera_ring(request->camera), from_us, to_us, out);
	if (folder >= 0)
		close(folder);
}

/* For when no footage was found on either side of the range. */
static void respond_nothing_near(struct api_request *request, const char *from, const char *to)
{
	int64_t first_us, last_us;

	if (camera_archive_span(request->camera, &first_us, &last_us))
		respond_problem(request, 404, NULL,
				"Nothing was recorded between %s and %s. /timeline lists what was recorded.", from, to);
	else if (errno != 0)
		respond_unreadable(request, errno);
	else
		respond_problem(request, 404, NULL,
				"Nothing was recorded between %s and %s: there are no recordings yet.", from, to);
}

void respond_no_footage(struct api_request *request, int64_t from_us, int64_t to_us)
{
	char from[TIME_ISO_BYTES], to[TIME_ISO_BYTES], before[TIME_ISO_BYTES], after[TIME_ISO_BYTES];
	struct nearest_footage nearest;

	find_nearest(request, from_us, to_us, &nearest);
	time_format_iso((wall_t){from_us}, from);
	time_format_iso((wall_t){to_us}, to);
	time_format_iso((wall_t){nearest.before_us}, before);
	time_format_iso((wall_t){nearest.after_us}, after);
	if (nearest.before && nearest.after)
		respond_problem(
			request, 404, NULL,
			"Nothing was recorded between %s and %s. The footage before ends at %s, and the next begins "
			"at %s. /timeline lists all of it.",
			from, to, before, after);
	else if (nearest.before)
		respond_problem(request, 404, NULL,
				"Nothing was recorded between %s and %s. Recordings end at %s. /timeline lists them.",
				from, to, before);
	else if (nearest.after)
		respond_problem(request, 404, NULL,
				"Nothing was recorded between %s and %s. Recordings begin at %s. /timeline lists them.",
				from, to, after);
	else
		respond_nothing_near(request, from, to);
}

static bool query_has_area(const struct api_request *request)
{
	char unused[1];

	return query_get(request->fcgi->query, "area", unused, sizeof(unused)) != QUERY_ABSENT ||
	       query_get(request->fcgi->query, "not", unused, sizeof(unused)) != QUERY_ABSENT;
}

static int64_t seconds_of(const struct motion_spans *spans)
{
	int64_t seconds = 0;

	for (size_t i = 0; i < spans->count; i++)
		seconds += spans->items[i].to_second - spans->items[i].from_second;
	return seconds;
}

void respond_nothing_moved(struct api_request *request, const struct moving_parts *moving,
			   const struct motion_spans *unknown, int64_t from_us, int64_t to_us)
{
	char from[TIME_ISO_BYTES], to[TIME_ISO_BYTES];
	struct buffer headers = {0};
	const char *where = query_has_area(request) ? " there" : "";

	if (moving->count == 0 && moving->found.covered.count == 0 && unknown->count == 0) {
		respond_no_footage(request, from_us, to_us);
		return;
	}
	time_format_iso((wall_t){from_us}, from);
	time_format_iso((wall_t){to_us}, to);
	moving_headers_append_unknown(request, unknown, &headers);
	buffer_u8(&headers, '\0');
	const char *lines = headers.failed ? NULL : (const char *)headers.data;
	if (moving->count > 0)
		respond_problem(
			request, 404, lines,
			"Something moved%s between %s and %s, but the footage of that is gone. /events says when.",
			where, from, to);
	else if (unknown->count == 0)
		respond_problem(request, 404, lines, "Nothing moved%s between %s and %s.", where, from, to);
	else if (moving->found.covered.count == 0)
		respond_problem(
			request, 404, lines,
			"It is unknown whether anything moved%s between %s and %s: there are no records of motion "
			"of that time. Without only=motion you get all of its footage.",
			where, from, to);
	else
		respond_problem(
			request, 404, lines,
			"Nothing is known to have moved%s between %s and %s, but %" PRId64 " seconds of its footage "
			"have no record of motion: X-Clip-Unknown lists them. Without only=motion you get all of it.",
			where, from, to, seconds_of(unknown));
	buffer_free(&headers);
}
