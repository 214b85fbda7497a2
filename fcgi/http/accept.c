/* accept.c - the request header Accept. */
#include "fcgi/http/accept.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define BLANKS   " \t"
#define DECIMALS 3

/* How specific a range is that matches a type, from 1 on; 0 if it does not match. */
static int match(const char *range, size_t length, const char *type, const char *subtype)
{
	const char *slash = memchr(range, '/', length);

	if (!slash)
		return 0;
	size_t first = (size_t)(slash - range), second = length - first - 1;
	if (length == 3 && memcmp(range, "*/*", 3) == 0)
		return 1;
	if (first != strlen(type) || strncasecmp(range, type, first) != 0)
		return 0;
	if (second == 1 && slash[1] == '*')
		return 2;
	return second == strlen(subtype) && strncasecmp(slash + 1, subtype, second) == 0 ? 3 : 0;
}

/* 0, 0.8, 1.000: at most three decimals, in thousandths. Returns false if it is malformed or above 1. */
static bool read_quality(const char *text, size_t length, unsigned *quality)
{
	unsigned unit = ACCEPT_QUALITY_MAX;

	if (length == 0 || length > 2 + DECIMALS || (text[0] != '0' && text[0] != '1') ||
	    (length > 1 && text[1] != '.'))
		return false;
	*quality = text[0] == '1' ? unit : 0;
	for (size_t i = 2; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		unit /= 10;
		*quality += (unsigned)(text[i] - '0') * unit;
	}
	return *quality <= ACCEPT_QUALITY_MAX;
}

/* The length of a piece without the blanks at its end. */
static size_t trim(const char *text, size_t length)
{
	while (length > 0 && strchr(BLANKS, text[length - 1]))
		length--;
	return length;
}

/* Reads the quality among the parameters of a range, which begin at a semicolon. Without one it is the highest. */
static bool read_parameters(const char *at, const char *end, unsigned *quality)
{
	*quality = ACCEPT_QUALITY_MAX;
	while (at < end) {
		at++;
		at += strspn(at, BLANKS);
		const char *next = at < end ? memchr(at, ';', (size_t)(end - at)) : NULL;
		if (!next)
			next = end;
		if (next - at >= 2 && strncasecmp(at, "q=", 2) == 0 &&
		    !read_quality(at + 2, trim(at + 2, (size_t)(next - at - 2)), quality))
			return false;
		at = next;
	}
	return true;
}

unsigned accept_quality(const char *accept, const char *type, const char *subtype)
{
	unsigned best = 0;
	int most = 0;

	if (accept[strspn(accept, BLANKS)] == '\0')
		return ACCEPT_QUALITY_MAX;
	for (const char *at = accept, *end; *at; at = *end ? end + 1 : end) {
		unsigned quality;
		at += strspn(at, BLANKS);
		end = at + strcspn(at, ",");
		const char *parameters = at + strcspn(at, ";,");
		int specific = match(at, trim(at, (size_t)(parameters - at)), type, subtype);
		if (specific > most && read_parameters(parameters, end, &quality)) {
			most = specific;
			best = quality;
		}
	}
	return best;
}
