/* range.c - parses the headers of conditional and range requests. */
#include "fcgi/http/range.h"

#include <string.h>
#include <strings.h>

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Takes the digits at *text. Returns false if there are none. A number that needs more than 64 bits is UINT64_MAX. */
static bool take_number(const char **text, uint64_t *out)
{
	const char *at = *text;
	uint64_t value = 0;

	if (*at < '0' || *at > '9')
		return false;
	for (; *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');
		value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
	}
	*text = at;
	*out = value;
	return true;
}

static enum range_outcome suffix_range(uint64_t last_bytes, uint64_t size, uint64_t *first, uint64_t *end)
{
	if (last_bytes == 0 || size == 0)
		return RANGE_UNSATISFIABLE;
	*first = last_bytes < size ? size - last_bytes : 0;
	*end = size;
	return RANGE_PART;
}

enum range_outcome range_parse(const char *header, uint64_t size, uint64_t *first, uint64_t *end)
{
	uint64_t low, high = UINT64_MAX;

	if (strncasecmp(header, "bytes=", 6) != 0)
		return RANGE_WHOLE;
	const char *at = skip_blanks(header + 6);
	bool suffix = *at == '-';
	at += suffix;
	if (!take_number(&at, &low))
		return RANGE_WHOLE;
	if (!suffix) {
		if (*at++ != '-')
			return RANGE_WHOLE;
		if (take_number(&at, &high) && high < low)
			return RANGE_WHOLE;
	}
	if (*skip_blanks(at) != '\0')
		return RANGE_WHOLE;
	if (suffix)
		return suffix_range(low, size, first, end);
	if (low >= size)
		return RANGE_UNSATISFIABLE;
	*first = low;
	*end = high < size ? high + 1 : size;
	return RANGE_PART;
}

/* Whether the list has that entity tag. One that is marked as weak counts only with `weak`. */
static bool etag_listed(const char *header, const char *etag, bool weak)
{
	size_t length = strlen(etag);

	header = skip_blanks(header);
	if (*header == '*')
		return true;
	for (;;) {
		header += strspn(header, " \t,");
		if (*header == '\0')
			return false;
		bool marked_weak = strncmp(header, "W/", 2) == 0;
		if (marked_weak)
			header += 2;
		if (*header != '"')
			return false;
		const char *close = strchr(header + 1, '"');
		if (!close)
			return false;
		if ((size_t)(close + 1 - header) == length && memcmp(header, etag, length) == 0 &&
		    (weak || !marked_weak))
			return true;
		header = close + 1;
	}
}

bool range_etag_matches(const char *header, const char *etag)
{
	return etag_listed(header, etag, true);
}

bool range_if_match_holds(const char *header, const char *etag)
{
	return *header == '\0' || etag_listed(header, etag, false);
}

bool range_if_range_holds(const char *header, const char *etag)
{
	return *header == '\0' || strcmp(header, etag) == 0;
}
