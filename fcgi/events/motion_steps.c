/* motion_steps.c - GET /motion?from=&to=&step=: what moved, in steps of equal length. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/events/events_handlers.h"
#include "fcgi/events/motion_answer.h"
#include "fcgi/motion/motion_question.h"
#include "fcgi/motion/motion_sources.h"
#include "fcgi/motion/motion_summary.h"
#include "fcgi/motion/motion_walk.h"
#include "fcgi/server/response.h"
#include "shared/text/time_text.h"

#define DEFAULT_S     86400
#define DEFAULT_STEPS 1000
#define STEPS_MAX     20000
#define STEP_MAX_S    (366L * 86400)

struct step {
	uint32_t known, moving; /* seconds */
	uint32_t lit;           /* seconds of which the luma is known */
	uint64_t luma_sum;      /* of these */
	uint16_t cells;         /* of the second in which most cells moved */
	uint8_t strongest, flags;
};

struct steps {
	struct motion_answer answer;
	bool whole_picture; /* the mask has all cells */
	int64_t step_s;
	size_t count;
	struct step *steps; /* while the answer is made */
	struct motion_spans covered;
};

static void note_movement(struct step *step, enum motion_strength strongest, unsigned cells)
{
	step->moving++;
	if (strongest > step->strongest)
		step->strongest = (uint8_t)strongest;
	if (cells > step->cells)
		step->cells = (uint16_t)cells;
}

/* What does not depend on the mask; and what does, if it has all cells. */
static void take_second(const struct steps *steps, struct step *step, const struct motion_second *summary)
{
	step->flags |= summary->flags;
	if (!summary->known)
		return;
	step->lit++;
	step->luma_sum += summary->mean_luma;
	if (!steps->whole_picture)
		return;
	step->known++;
	if (summary->strongest >= steps->answer.least)
		note_movement(step, (enum motion_strength)summary->strongest,
			      summary->cells[steps->answer.least - MOTION_FAINT]);
}

/* The seconds [from, to) of a day, of which `seconds` begins with the first one. */
static void take_covered(struct steps *steps, int64_t from, int64_t to, const struct motion_second *seconds)
{
	int64_t since = 0;
	bool known = false;

	for (int64_t second = from; second < to; second++) {
		if (known == (seconds[second - from].known != 0))
			continue;
		if (known)
			motion_spans_append(&steps->covered, since, second);
		since = second;
		known = !known;
	}
	if (known)
		motion_spans_append(&steps->covered, since, to);
}

static void take_day(struct steps *steps, int64_t day, const struct motion_second *seconds)
{
	const struct motion_answer *answer = &steps->answer;
	int64_t first = day * MOTION_DAY_SECONDS;
	int64_t from = answer->from_second > first ? answer->from_second : first;
	int64_t to = answer->to_second < first + MOTION_DAY_SECONDS ? answer->to_second : first + MOTION_DAY_SECONDS;
	struct step *step = &steps->steps[(from - answer->from_second) / steps->step_s];
	int64_t left = steps->step_s - (from - answer->from_second) % steps->step_s;

	seconds += from - first;
	for (int64_t i = 0; i < to - from; i++) {
		take_second(steps, step, &seconds[i]);
		if (--left > 0)
			continue;
		step++;
		left = steps->step_s;
	}
	if (steps->whole_picture)
		take_covered(steps, from, to, seconds);
}

static bool read_days(struct steps *steps, struct motion_sources *sources, struct motion_second *seconds)
{
	const struct motion_answer *answer = &steps->answer;
	struct api_camera *camera = answer->request->camera;

	if (!camera->motion)
		camera->motion = motion_summaries_create(); /* slower without */
	for (int64_t day = answer->oldest_second / MOTION_DAY_SECONDS; day * MOTION_DAY_SECONDS < answer->to_second;
	     day++) {
		if (!motion_sources_load(sources, day))
			return false;
		if (sources->count == 0)
			continue;
		if (!motion_summarise(camera->motion, sources, day, seconds))
			return false;
		take_day(steps, day, seconds);
	}
	return true;
}

static bool read_summaries(struct steps *steps)
{
	struct motion_second *seconds = malloc((size_t)MOTION_DAY_SECONDS * sizeof(*seconds));
	struct motion_sources sources;

	if (!seconds)
		return false;
	bool good = motion_sources_open(&sources, steps->answer.folder, steps->answer.oldest_second,
					steps->answer.to_second) &&
		    read_days(steps, &sources, seconds);
	int error = errno;
	steps->answer.settled = good && motion_sources_settled(&sources);
	motion_sources_close(&sources);
	free(seconds);
	errno = error;
	return good;
}

static bool take_record(const struct motion_record *record, void *context)
{
	struct steps *steps = context;
	int64_t number = (record->second - steps->answer.from_second) / steps->step_s;
	struct motion_cells cells = record->cells;

	motion_cells_select(&cells, &steps->answer.mask, steps->answer.least);
	note_movement(&steps->steps[number], motion_cells_strongest(&cells, &steps->answer.mask),
		      motion_cells_count(&cells));
	return true;
}

/* The seconds of which it is known what moves inside the mask. */
static void count_known(struct steps *steps)
{
	const struct motion_answer *answer = &steps->answer;

	for (size_t i = 0; i < steps->covered.count; i++) {
		const struct motion_span *span = &steps->covered.items[i];
		for (int64_t second = span->from_second; second < span->to_second; second++)
			steps->steps[(second - answer->from_second) / steps->step_s].known++;
	}
}

/* Which seconds move inside the mask. Records that the summaries still have may be lost, so this has its own covered. */
static bool read_cells(struct steps *steps)
{
	const struct motion_need need = {.mask = steps->answer.mask, .least = steps->answer.least};
	struct motion_walk walk = {
		.folder = steps->answer.folder,
		.from_second = steps->answer.oldest_second,
		.to_second = steps->answer.to_second,
		.need = &need,
		.on_second = take_record,
		.context = steps,
		.covered = &steps->covered,
	};

	if (steps->whole_picture)
		return true;
	if (!motion_walk_run(&walk))
		return false;
	count_known(steps);
	steps->answer.settled &= walk.settled;
	return true;
}

/* A step has about a hundred bytes, and printf() takes longer for them than reading the records. */
#define STEP_BYTES 256

static char *put_text(char *at, const char *text)
{
	size_t length = strlen(text);

	memcpy(at, text, length);
	return at + length;
}

static char *put_number(char *at, uint64_t number)
{
	char digits[20];
	int count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	while (count > 0)
		*at++ = digits[--count];
	return at;
}

static char *put_flags(char *at, uint8_t flags)
{
	static const char *const words[] = {"learning", "global",       "dark",   "few_frames",
					    "covered",  "view_changed", "blurred"};
	bool first = true;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!(flags & 1u << i))
			continue;
		at = put_text(at, first ? "\"" : ",\"");
		at = put_text(at, words[i]);
		at = put_text(at, "\"");
		first = false;
	}
	return at;
}

/* What is not known is null, so that nobody takes it for nothing. */
static void write_step(const struct step *step, int64_t second, struct buffer *out)
{
	char text[STEP_BYTES], *at = put_text(text, "{\"at\":");

	at = put_number(at, (uint64_t)second);
	at = put_text(at, ",\"known\":");
	at = put_number(at, step->known);
	if (step->known == 0) {
		at = put_text(at, ",\"moving\":null,\"cells\":null,\"strongest\":null,\"mean\":null");
	} else {
		at = put_text(at, ",\"moving\":");
		at = put_number(at, step->moving);
		at = put_text(at, ",\"cells\":");
		at = put_number(at, step->cells);
		at = put_text(at, ",\"strongest\":\"");
		at = put_text(at, motion_strength_text((enum motion_strength)step->strongest));
		at = put_text(at, "\",\"mean\":");
		at = step->lit > 0 ? put_number(at, step->luma_sum / step->lit) : put_text(at, "null");
	}
	at = put_text(at, ",\"flags\":[");
	at = put_flags(at, step->flags);
	at = put_text(at, "]}");
	buffer_append(out, text, (size_t)(at - text));
}

static void write_span(int64_t from_second, int64_t to_second, struct buffer *out)
{
	char from[TIME_ISO_BYTES], to[TIME_ISO_BYTES];

	time_format_iso((wall_t){from_second * US_PER_S}, from);
	time_format_iso((wall_t){to_second * US_PER_S}, to);
	buffer_printf(out, "\"from\":\"%s\",\"to\":\"%s\"", from, to);
}

/* Not with json-c, which takes longer for thousands of steps than reading their records. */
static void write_json(const struct steps *steps, struct buffer *out)
{
	const struct motion_answer *answer = &steps->answer;

	buffer_printf(out, "{");
	write_span(answer->from_second, answer->to_second, out);
	buffer_printf(out, ",\"step\":%" PRId64 ",\"steps\":[", steps->step_s);
	for (size_t i = 0; i < steps->count; i++) {
		if (i > 0)
			buffer_u8(out, ',');
		write_step(&steps->steps[i], answer->from_second + (int64_t)i * steps->step_s, out);
	}
	buffer_printf(out, "],\"covered\":[");
	for (size_t i = 0; i < steps->covered.count; i++) {
		const struct motion_span *span = &steps->covered.items[i];
		buffer_printf(out, "%s{", i > 0 ? "," : "");
		write_span(span->from_second, span->to_second, out);
		buffer_printf(out, ",\"duration\":%" PRId64 "}", span->to_second - span->from_second);
	}
	buffer_printf(out, "]}");
}

static bool steps_make(struct motion_answer *answer)
{
	struct steps *steps = (struct steps *)answer;

	steps->steps = calloc(steps->count + 1, sizeof(*steps->steps));
	if (!steps->steps)
		return false;
	bool good = answer->folder < 0 || (read_summaries(steps) && read_cells(steps));
	int error = errno;
	if (good && steps->covered.failed) {
		good = false;
		error = ENOMEM;
	}
	if (good)
		write_json(steps, &answer->text);
	motion_spans_free(&steps->covered);
	free(steps->steps);
	errno = error;
	return good;
}

/* The shortest usual step with which there are at most DEFAULT_STEPS. */
static int64_t default_step(int64_t range_s)
{
	static const int64_t usual[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200};
	size_t i = 0, last = sizeof(usual) / sizeof(usual[0]) - 1;

	while (i < last && range_s > usual[i] * DEFAULT_STEPS)
		i++;
	return range_s > usual[i] * STEPS_MAX ? range_s / STEPS_MAX + 1 : usual[i];
}

static bool read_step(struct steps *steps)
{
	struct motion_answer *answer = &steps->answer;
	int64_t range_s = answer->to_second - answer->from_second;
	long step_s = default_step(range_s);
	struct reason why;

	if (!query_number(answer->request->fcgi->query, "step", 1, STEP_MAX_S, &step_s, &why)) {
		respond_problem(answer->request, 400, NULL, "%s", why.text);
		return false;
	}
	steps->step_s = step_s;
	steps->count = (size_t)((range_s + step_s - 1) / step_s);
	if (steps->count <= STEPS_MAX)
		return true;
	respond_problem(answer->request, 400, NULL,
			"step= must be at least %" PRId64 " seconds for a range of this length (%d steps).",
			range_s / STEPS_MAX + 1, STEPS_MAX);
	return false;
}

static bool is_full(const struct motion_mask *mask)
{
	for (size_t i = 0; i < sizeof(mask->bits); i++)
		if (mask->bits[i] != 0xff)
			return false;
	return true;
}

void handle_motion(struct api_request *request)
{
	struct steps *steps = motion_answer_create(request, sizeof(*steps), DEFAULT_S);

	if (!steps || !read_step(steps))
		return;
	steps->whole_picture = is_full(&steps->answer.mask);
	steps->answer.make = steps_make;
	motion_answer_run(&steps->answer);
}
