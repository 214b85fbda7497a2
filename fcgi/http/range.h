/*
 * range.h - conditional and range requests (RFC 9110, sections 13 and 14), as pure functions on header texts.
 */
#ifndef FCGI_HTTP_RANGE_H
#define FCGI_HTTP_RANGE_H

#include <stdbool.h>
#include <stdint.h>

enum range_outcome {
	RANGE_WHOLE, /* none, not one of bytes, malformed, or several: the whole is a right answer to all of them */
	RANGE_PART,
	RANGE_UNSATISFIABLE, /* begins behind the end, or is an empty suffix: 416 */
};

/* Range: bytes [*first, *end) of `size`. */
enum range_outcome range_parse(const char *header, uint64_t size, uint64_t *first, uint64_t *end);

/* If-None-Match: the list has this entity tag (weak comparison) or is "*". `etag` with its quotes. */
bool range_etag_matches(const char *header, const char *etag);

/* If-Match: absent (""), "*", or the list has exactly this strong entity tag. */
bool range_if_match_holds(const char *header, const char *etag);

/* If-Range: absent (""), or exactly this strong entity tag. A date never matches: then the whole is sent. */
bool range_if_range_holds(const char *header, const char *etag);

#endif
