/* range.h - parses the headers of conditional and range requests (RFC 9110, sections 13 and 14). */
#ifndef FCGI_HTTP_RANGE_H
#define FCGI_HTTP_RANGE_H

#include <stdbool.h>
#include <stdint.h>

enum range_outcome {
	RANGE_WHOLE, /* no range, one in another unit, a malformed one, or several: the whole is a valid answer */
	RANGE_PART,
	RANGE_UNSATISFIABLE, /* begins after the end, or is an empty suffix: 416 */
};

/* Range: bytes [*first, *end) of `size`. */
enum range_outcome range_parse(const char *header, uint64_t size, uint64_t *first, uint64_t *end);

/* If-None-Match: whether the list has this entity tag (weak comparison) or is "*". `etag` has its quotes. */
bool range_etag_matches(const char *header, const char *etag);

/* If-Match: true if absent (""), "*", or a list that has exactly this strong entity tag. */
bool range_if_match_holds(const char *header, const char *etag);

/* If-Range: true if absent ("") or exactly this strong entity tag. A date never matches, so the whole is sent. */
bool range_if_range_holds(const char *header, const char *etag);

#endif
