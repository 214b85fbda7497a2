/*
 * fuzz_range.c - Range, If-Range and If-None-Match.
 *
 * A range is within the file and not empty, and asking for exactly that range returns it. An entity tag matches only if
 * it is in the list. Input: size (8 bytes), then two texts separated by NUL.
 */
#include "tests/fuzz/fuzz.h"

#include <inttypes.h>
#include <string.h>

#include "fcgi/http/range.h"

#define ETAG "\"0123456789abcdef-1f\""

static void check_range(const char *header, uint64_t size)
{
	uint64_t first = 0, end = 0, first_again, end_again;
	char exactly[64];

	if (range_parse(header, size, &first, &end) != RANGE_PART)
		return;
	holds(first < end && end <= size);
	snprintf(exactly, sizeof(exactly), "bytes=%" PRIu64 "-%" PRIu64, first, end - 1);
	holds(range_parse(exactly, size, &first_again, &end_again) == RANGE_PART);
	holds(first_again == first && end_again == end);
}

static void check_list(const char *header)
{
	bool listed = range_etag_matches(header, ETAG);

	holds(!listed || strchr(header, '*') || strstr(header, ETAG));
	if (range_if_range_holds(header, ETAG) && header[0])
		holds(listed);
	if (range_if_match_holds(header, ETAG) && header[0])
		holds(listed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	uint64_t file_bytes = input_number(&input, 8);
	char *range = input_text(&input), *list = input_text(&input);

	check_range(range, file_bytes);
	check_list(list);
	free(range);
	free(list);
	return 0;
}
