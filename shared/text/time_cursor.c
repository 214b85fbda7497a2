/* time_cursor.c - reads digits and words of a time. */
#include <string.h>

#include "shared/text/time_parse_internal.h"

bool time_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

bool time_at_end(const struct time_cursor *cursor)
{
	return cursor->at == cursor->end;
}

int time_count_digits(const struct time_cursor *cursor)
{
	const char *at = cursor->at;

	while (at < cursor->end && time_is_digit(*at))
		at++;
	return (int)(at - cursor->at);
}

char time_take_any(struct time_cursor *cursor, const char *set)
{
	if (time_at_end(cursor) || *cursor->at == '\0' || !strchr(set, *cursor->at))
		return 0;
	return *cursor->at++;
}

bool time_take_digits(struct time_cursor *cursor, int digits, int *out)
{
	*out = 0;
	for (int i = 0; i < digits; i++) {
		if (time_at_end(cursor) || !time_is_digit(*cursor->at))
			return false;
		*out = *out * 10 + (*cursor->at++ - '0');
	}
	return true;
}

bool time_take_number(struct time_cursor *cursor, int min, int max, int *out)
{
	int digits = time_count_digits(cursor);

	return digits >= min && digits <= max && time_take_digits(cursor, digits, out);
}

bool time_take_fraction(struct time_cursor *cursor, int64_t *us)
{
	int64_t unit_us = US_PER_S;
	int digits = 0;

	*us = 0;
	if (!time_take_any(cursor, "."))
		return true;
	for (; !time_at_end(cursor) && time_is_digit(*cursor->at); cursor->at++, digits++) {
		unit_us /= 10;
		*us += (*cursor->at - '0') * unit_us;
	}
	return digits >= 1 && digits <= TIME_FRACTION_MAX;
}

bool time_take_word(struct time_cursor *cursor, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, word, length) != 0)
		return false;
	if (cursor->at + length < cursor->end && is_letter(cursor->at[length]))
		return false;
	cursor->at += length;
	return true;
}

int time_take_name(struct time_cursor *cursor, const char *const *words, int count)
{
	size_t length = 0;

	while (cursor->at + length < cursor->end && is_letter(cursor->at[length]))
		length++;
	for (int i = 0; length >= 3 && i < count; i++)
		if (strncmp(words[i], cursor->at, length) == 0) {
			cursor->at += length;
			return i;
		}
	return -1;
}
