/* no_footage.c - the response if a range has no footage. */
#include "fcgi/footage/no_footage.h"

#include <errno.h>
#include <unistd.h>

#include "fcgi/clip/nearest_footage.h"
#include "fcgi/server/response.h"
#include "shared/base/time_text.h"

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
