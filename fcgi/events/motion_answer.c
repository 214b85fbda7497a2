/* motion_answer.c - reads questions about motion, and responds with answers. */
#include "fcgi/events/motion_answer.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fcgi/io/job.h"
#include "fcgi/motion/motion_question.h"
#include "fcgi/server/response.h"
#include "shared/base/file_io.h"
#include "shared/text/json_value.h"

#define DAY_S     86400
#define AT_ONCE_S (4 * DAY_S) /* longer ranges are read in a child */

static void answer_free(void *work)
{
	struct motion_answer *answer = work;

	buffer_free(&answer->text);
	if (answer->folder >= 0)
		close(answer->folder);
	if (answer->memory_fd >= 0)
		close(answer->memory_fd);
	free(answer);
}

/* The oldest time of which there may be records: they can be kept for longer than the footage (motion.days). */
static bool oldest_second(struct api_camera *camera, int64_t now_second, int64_t *out)
{
	double kept_s = camera->config->motion.days * DAY_S;
	int64_t first_us, last_us;

	*out = kept_s < (double)now_second ? now_second - (int64_t)kept_s : 0;
	if (camera_archive_span(camera, &first_us, &last_us)) {
		if (first_us / US_PER_S < *out)
			*out = first_us / US_PER_S;
		return true;
	}
	return errno == 0;
}

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

/* Nobody knows the future. */
static bool set_range(struct motion_answer *answer, int64_t default_s)
{
	const struct query_span *span = &answer->span;
	int64_t now_second = wall_now().us / US_PER_S + 1, oldest;

	if (!oldest_second(answer->request->camera, now_second, &oldest))
		return false;
	answer->asked_to_second = span->to_us / US_PER_S + (span->to_us % US_PER_S != 0);
	if (!span->has_to)
		answer->asked_to_second = now_second;
	answer->to_second = answer->asked_to_second < now_second ? answer->asked_to_second : now_second;
	answer->asked_from_second = span->from_us / US_PER_S;
	if (!span->has_from)
		answer->asked_from_second = default_s > 0 ? answer->to_second - default_s : oldest;
	answer->asked_from_second = clamp(answer->asked_from_second, 0, answer->asked_to_second);
	answer->from_second = clamp(answer->asked_from_second, 0, answer->to_second);
	answer->oldest_second = clamp(oldest, answer->from_second, answer->to_second);
	return true;
}

static bool read_question(struct motion_answer *answer, int64_t default_s)
{
	struct api_request *request = answer->request;
	struct reason why;

	if (!query_span(request->fcgi->query, wall_now(), false, &answer->span, &why) ||
	    !motion_question_read(request->fcgi->query, &answer->mask, &answer->least, &why)) {
		respond_problem(request, 400, NULL, "%s", why.text);
		return false;
	}
	if (!set_range(answer, default_s)) {
		respond_unreadable(request, errno);
		return false;
	}
	answer->folder = camera_open_recordings(request->camera);
	if (answer->folder < 0 && !camera_folder_is_missing(errno)) {
		respond_unreadable(request, errno);
		return false;
	}
	return true;
}

void *motion_answer_create(struct api_request *request, size_t bytes, int64_t default_s)
{
	struct motion_answer *answer = calloc(1, bytes);

	if (!answer) {
		respond_failure(request, "answer", ENOMEM);
		return NULL;
	}
	answer->request = request;
	answer->folder = answer->memory_fd = -1;
	answer->type = "application/json";
	request->work = answer;
	request->work_free = answer_free;
	return read_question(answer, default_s) ? answer : NULL;
}

static void respond(struct motion_answer *answer)
{
	char cache[RESPONSE_CACHE_BYTES] = "private, no-cache";

	if (answer->settled && !answer->span.moving && answer->span.has_from)
		response_cache_control(answer->request, answer->from_second * US_PER_S, cache);
	respond_tagged(answer->request, answer->type, cache, NULL, answer->text.data, answer->text.length);
}

static bool make(struct motion_answer *answer)
{
	errno = 0;
	bool good = answer->make(answer);

	if (good && answer->text.failed)
		errno = ENOMEM;
	return good && !answer->text.failed;
}

static void respond_error(struct api_request *request, int error)
{
	if (error == ENOMEM || error == EMFILE || error == ENFILE)
		respond_failure(request, "read the records of motion", error);
	else
		respond_unreadable(request, error);
}

/* In the child: returns its exit status. The last byte says whether the answer is settled. */
static int run(void *context)
{
	struct motion_answer *answer = context;

	if (!make(answer))
		return child_job_failure(errno);
	buffer_u8(&answer->text, answer->settled);
	if (answer->text.failed)
		return child_job_failure(ENOMEM);
	return write_at(answer->memory_fd, answer->text.data, answer->text.length, 0) ? 0 : child_job_failure(errno);
}

static void job_done(struct api_request *request)
{
	struct motion_answer *answer = request->work;

	if (request->child_status != 0 && child_job_errno(request->child_status) != 0) {
		respond_error(request, child_job_errno(request->child_status));
		return;
	}
	errno = ENOMEM;
	if (request->child_status != 0) {
		respond_job_failure(request, "read the records of motion");
	} else if (!child_job_output(answer->memory_fd, &answer->text) || answer->text.length == 0) {
		respond_failure(request, "read the records of motion", errno);
	} else {
		answer->settled = answer->text.data[--answer->text.length];
		respond(answer);
	}
}

/* Reading a year takes seconds, so there is a limit on how many clients may have that done. */
static void run_in_child(struct motion_answer *answer)
{
	struct api_request *request = answer->request;

	if (!api_acquire(request, API_PERMIT_DOWNLOAD)) {
		respond_no_permit(request, 5, "Too many downloads at once (http.max_downloads). Try again soon.");
		return;
	}
	answer->memory_fd = memfd_create("motion", MFD_CLOEXEC);
	if (answer->memory_fd < 0 || !api_job_start(request, run, answer, job_done))
		respond_failure(request, "read the records of motion", errno);
}

void motion_answer_run(struct motion_answer *answer)
{
	if (answer->to_second - answer->oldest_second > AT_ONCE_S)
		run_in_child(answer);
	else if (make(answer))
		respond(answer);
	else
		respond_error(answer->request, errno);
}

void motion_answer_add_range(const struct motion_answer *answer, struct json_object *json)
{
	json_object_object_add(json, "from", json_known_time(answer->from_second * US_PER_S));
	json_object_object_add(json, "to", json_known_time(answer->to_second * US_PER_S));
}

void motion_answer_add_covered(const struct motion_spans *covered, struct json_object *json)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < covered->count; i++) {
		const struct motion_span *span = &covered->items[i];
		struct json_object *item = json_object_new_object();
		json_object_object_add(item, "from", json_time(span->from_second * US_PER_S));
		json_object_object_add(item, "to", json_time(span->to_second * US_PER_S));
		json_object_object_add(item, "duration", json_object_new_int64(span->to_second - span->from_second));
		json_object_array_add(array, item);
	}
	json_object_object_add(json, "covered", array);
}

bool motion_answer_set_json(struct motion_answer *answer, struct json_object *json)
{
	size_t length;
	const char *text = json_object_to_json_string_length(
		json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);

	if (text)
		buffer_append(&answer->text, text, length);
	json_object_put(json);
	errno = ENOMEM;
	return text != NULL;
}
