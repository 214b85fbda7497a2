/* cache_buster.c - recognises parameters that only make an address unique. */
#include "fcgi/http/cache_buster.h"

#include <ctype.h>
#include <string.h>

#define DIGITS           "0123456789"
#define TIMESTAMP_DIGITS 10 /* of seconds since 1970 */
#define NAME_MAX_BYTES   32

bool cache_buster_is_bare(const char *parameter, size_t length)
{
	return strspn(parameter, DIGITS) >= length || (length > 1 && strncmp(parameter, "_=", 2) == 0);
}

/* Digits, decimals after them and a negative exponent, as JavaScript writes Math.random(): 0.8437, 5.3e-8. */
static bool is_number(const char *text, size_t length)
{
	size_t digits = strspn(text, DIGITS), at = digits;

	if (at < length && text[at] == '.')
		at += 1 + strspn(text + at + 1, DIGITS);
	if (at + 2 < length && strncmp(text + at, "e-", 2) == 0)
		at += 2 + strspn(text + at + 2, DIGITS);
	return digits > 0 && at >= length;
}

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

static bool is_same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* How many letters have to be inserted, removed, replaced or swapped with their neighbour. Both are short. */
static unsigned edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned rows[3][NAME_MAX_BYTES + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= a_length; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = smallest(last[j] + 1, row[j - 1] + 1,
					  last[j - 1] + !is_same_letter(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && is_same_letter(a[i - 1], b[j - 2]) &&
			    is_same_letter(a[i - 2], b[j - 1]) && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		unsigned *oldest = before;
		before = last;
		last = row;
		row = oldest;
	}
	return last[b_length];
}

/* An abbreviation of `known`, or `known` with one mistake per three letters. */
static bool resembles(const char *name, size_t length, const char *known, size_t known_length)
{
	if (length == 0 || length > NAME_MAX_BYTES || known_length > NAME_MAX_BYTES)
		return false;
	return (length < known_length && strncasecmp(name, known, length) == 0) ||
	       edit_distance(name, length, known, known_length) <= known_length / 3;
}

/* The parameter in other letters, such as At=. */
static bool is_same_name(const char *name, size_t length, const char *known, size_t known_length)
{
	return length == known_length && strncasecmp(name, known, length) == 0;
}

typedef bool compare_names(const char *name, size_t length, const char *known, size_t known_length);

static bool is_like_any(const char *name, size_t length, const char *names, compare_names *is_like)
{
	for (const char *at = names; *at; at += strspn(at, " ")) {
		size_t known_length = strcspn(at, " ");
		if (is_like(name, length, at, known_length))
			return true;
		at += known_length;
	}
	return false;
}

bool cache_buster_is_named(const char *parameter, size_t length, const char *names)
{
	const char *equals = memchr(parameter, '=', length);

	if (!equals || equals == parameter)
		return false;
	size_t name_length = (size_t)(equals - parameter), value_length = length - name_length - 1;
	if (!is_number(equals + 1, value_length) || is_like_any(parameter, name_length, names, is_same_name))
		return false;
	return strspn(equals + 1, DIGITS) >= TIMESTAMP_DIGITS || !is_like_any(parameter, name_length, names, resembles);
}
