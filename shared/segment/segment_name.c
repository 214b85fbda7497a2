/* segment_name.c - the names of segment files. */
#include "shared/segment/segment.h"

#include <stdio.h>
#include <string.h>

#include "shared/text/time_text.h"

#define PREFIX            "recording_"
#define NUMBER_DIGITS_MAX 9

void segment_file_name(int64_t wall_us, unsigned n, char out[SEGMENT_FILE_BYTES])
{
	char when[TIME_COMPACT_BYTES];

	time_format_compact((wall_t){wall_us}, when);
	if (n <= 1)
		snprintf(out, SEGMENT_FILE_BYTES, PREFIX "%s.mp4", when);
	else
		snprintf(out, SEGMENT_FILE_BYTES, PREFIX "%s_%u.mp4", when, n);
}

/* How many decimal digits `text` begins with. */
static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

bool segment_file_valid(const char *name)
{
	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return false;
	name += strlen(PREFIX);
	if (digits(name) != 8 || name[8] != '_' || digits(name + 9) != 6)
		return false;
	name += 15;
	if (name[0] == '_') {
		size_t count = digits(++name);
		bool second_or_later = name[0] != '0' && !(count == 1 && name[0] == '1');
		if (count < 1 || count > NUMBER_DIGITS_MAX || !second_or_later)
			return false;
		name += count;
	}
	return strcmp(name, ".mp4") == 0;
}
