/*
 * motion_answer.h - what the answers about motion have in common: the range, the mask, and how they are made.
 *
 * Records of a few days are read within milliseconds, so such an answer is made at once; one about a longer range is
 * made in a child process. An answer that nothing can change any more may be cached; every other one has an entity tag.
 */
#ifndef FCGI_EVENTS_MOTION_ANSWER_H
#define FCGI_EVENTS_MOTION_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/http/query.h"
#include "fcgi/motion/motion_spans.h"
#include "fcgi/server/server.h"
#include "shared/base/buffer.h"
#include "shared/motion/motion_event.h"

struct json_object;

struct motion_answer {
	struct api_request *request;

	/* The question. */
	struct query_span span;
	int64_t from_second, to_second;             /* [from, to), no later than now */
	int64_t asked_from_second, asked_to_second; /* the same, perhaps in the future */
	int64_t oldest_second;                      /* there are no records before it; from_second to to_second */
	struct motion_mask mask;
	enum motion_strength least;
	int folder; /* of the recordings; -1: there is none, so nothing is known */

	/* Makes `text`, perhaps in a child, so it must not log or respond. Returns false with errno. */
	bool (*make)(struct motion_answer *answer);
	const char *type; /* Content-Type */

	/* The answer. */
	struct buffer text;
	bool settled;  /* nothing can change it (motion_walk.h) */
	int memory_fd; /* through which a child returns it; -1: none */
};

/*
 * Allocates an answer of `bytes` bytes, which begins with a struct motion_answer, and reads from=, to=, duration=,
 * area=, not= and strength=. Without from=, the range begins `default_s` seconds before its end, or, if that is 0, with
 * the oldest record that is kept. The request frees the answer. Returns NULL after responding with what is wrong.
 */
void *motion_answer_create(struct api_request *request, size_t bytes, int64_t default_s);

/* Makes the answer, and responds with it. */
void motion_answer_run(struct motion_answer *answer);

/* Adds "from" and "to" of the question, or "covered", to a JSON object. */
void motion_answer_add_range(const struct motion_answer *answer, struct json_object *json);
void motion_answer_add_covered(const struct motion_spans *covered, struct json_object *json);

/* Writes a JSON object, which it releases, to `text`. Returns false with errno. */
bool motion_answer_set_json(struct motion_answer *answer, struct json_object *json);

#endif
