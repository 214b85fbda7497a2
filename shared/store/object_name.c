/* object_name.c - makes and parses the names of objects. */
#include "shared/store/object_name.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "shared/base/clock.h"

#define DAY_US         (INT64_C(86400) * US_PER_S)
#define SEGMENT_DIGITS 12
#define TIME_DIGITS    16
#define DAY_DIGITS     8

/* How many digits each number of a piece has. */
static const int piece_digits[] = {15, 10, 12, 10};

static bool is_camera(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return length > 0 && text[length] == '\0' && text[0] != '-';
}

static bool is_clip(const char *text)
{
	size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return length > 4 && text[length] == '\0' && text[0] != '.' && strcmp(text + length - 4, ".mp4") == 0;
}

static bool fits(uint64_t number, int digits)
{
	for (; digits > 0; digits--)
		number /= 10;
	return number == 0;
}

int64_t object_day_us(int64_t wall_us)
{
	return wall_us / DAY_US * DAY_US;
}

static void day_text(int64_t wall_us, char out[DAY_DIGITS + 1])
{
	time_t seconds = wall_us / US_PER_S;
	struct tm utc;

	gmtime_r(&seconds, &utc);
	snprintf(out, DAY_DIGITS + 1, "%04u%02u%02u", (unsigned)(utc.tm_year + 1900) % 10000,
		 (unsigned)(utc.tm_mon + 1) % 100, (unsigned)utc.tm_mday % 100);
}

static bool make_piece(const struct object_name *name, char *out, size_t bytes)
{
	const uint64_t numbers[] = {name->media_at, name->media_bytes, name->index_at, name->index_bytes};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!fits(numbers[i], piece_digits[i]))
			return false;
	int length = snprintf(out, bytes, "v1/live/%s/%s/%0*llu-%0*lld/%0*llu-%0*llu-%0*llu-%0*llu", name->camera,
			      name->archive, SEGMENT_DIGITS, (unsigned long long)name->segment_no, TIME_DIGITS,
			      (long long)name->start_us, piece_digits[0], (unsigned long long)numbers[0],
			      piece_digits[1], (unsigned long long)numbers[1], piece_digits[2],
			      (unsigned long long)numbers[2], piece_digits[3], (unsigned long long)numbers[3]);
	return length > 0 && (size_t)length < bytes;
}

static const char *suffix_of(enum object_kind kind)
{
	return kind == OBJECT_MEDIA ? "mp4" : kind == OBJECT_INDEX ? "idx" : "motion";
}

bool object_name_make(const struct object_name *name, char out[OBJECT_NAME_BYTES])
{
	char day[DAY_DIGITS + 1];

	if (!is_camera(name->camera) || !archive_id_valid(name->archive) || name->segment_no > OBJECT_SEGMENT_MAX ||
	    !clock_is_plausible(name->start_us) || !fits((uint64_t)name->start_us, TIME_DIGITS))
		return false;
	day_text(name->start_us, day);
	switch (name->kind) {
	case OBJECT_PIECE:
		return make_piece(name, out, OBJECT_NAME_BYTES);
	case OBJECT_MEDIA:
	case OBJECT_INDEX:
	case OBJECT_MOTION:
		snprintf(out, OBJECT_NAME_BYTES, "v1/segments/%s/%s/%s/%0*llu-%0*lld.%s", name->camera, name->archive,
			 day, SEGMENT_DIGITS, (unsigned long long)name->segment_no, TIME_DIGITS,
			 (long long)name->start_us, suffix_of(name->kind));
		return true;
	case OBJECT_DAY:
		snprintf(out, OBJECT_NAME_BYTES, "v1/days/%s/%s/%s", name->camera, name->archive, day);
		return name->start_us % DAY_US == 0;
	case OBJECT_CLIP:
		snprintf(out, OBJECT_NAME_BYTES, "v1/clips/%s/%s/%0*lld-%s", name->camera, name->archive, TIME_DIGITS,
			 (long long)name->start_us, name->clip);
		return is_clip(name->clip);
	}
	return false;
}

/* Takes a fixed text from the front of *rest. */
static bool take(const char **rest, const char *text)
{
	size_t length = strlen(text);

	if (strncmp(*rest, text, length) != 0)
		return false;
	*rest += length;
	return true;
}

/* Takes what comes before the next /, or before the end if `last`, and checks that it fits. */
static bool take_word(const char **rest, char *out, size_t bytes)
{
	size_t length = strcspn(*rest, "/");

	if (length == 0 || length >= bytes)
		return false;
	memcpy(out, *rest, length);
	out[length] = '\0';
	*rest += length;
	return true;
}

static bool take_number(const char **rest, int digits, uint64_t *out)
{
	*out = 0;
	for (int i = 0; i < digits; i++, ++*rest) {
		if (**rest < '0' || **rest > '9')
			return false;
		*out = *out * 10 + (uint64_t)(**rest - '0');
	}
	return true;
}

static bool take_time(const char **rest, int64_t *out)
{
	uint64_t number;

	if (!take_number(rest, TIME_DIGITS, &number))
		return false;
	*out = (int64_t)number;
	return true;
}

static bool take_piece(const char **rest, struct object_name *out)
{
	uint64_t *const numbers[] = {&out->media_at, &out->media_bytes, &out->index_at, &out->index_bytes};

	out->kind = OBJECT_PIECE;
	if (!take_number(rest, SEGMENT_DIGITS, &out->segment_no) || !take(rest, "-") ||
	    !take_time(rest, &out->start_us) || !take(rest, "/"))
		return false;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if ((i > 0 && !take(rest, "-")) || !take_number(rest, piece_digits[i], numbers[i]))
			return false;
	return true;
}

/* The day of a segment's name follows from its start, so it is only compared afterwards, with the whole name. */
static bool take_segment(const char **rest, struct object_name *out)
{
	uint64_t day;

	if (!take_number(rest, DAY_DIGITS, &day) || !take(rest, "/") ||
	    !take_number(rest, SEGMENT_DIGITS, &out->segment_no) || !take(rest, "-") ||
	    !take_time(rest, &out->start_us) || !take(rest, "."))
		return false;
	for (out->kind = OBJECT_MEDIA; out->kind <= OBJECT_MOTION; out->kind++)
		if (strcmp(*rest, suffix_of(out->kind)) == 0)
			return take(rest, suffix_of(out->kind));
	return false;
}

static bool take_day(const char **rest, struct object_name *out)
{
	uint64_t number;

	out->kind = OBJECT_DAY;
	if (!take_number(rest, DAY_DIGITS, &number))
		return false;
	struct tm utc = {.tm_year = (int)(number / 10000) - 1900,
			 .tm_mon = (int)(number / 100 % 100) - 1,
			 .tm_mday = (int)(number % 100)};
	out->start_us = (int64_t)timegm(&utc) * US_PER_S;
	return true;
}

static bool take_clip(const char **rest, struct object_name *out)
{
	out->kind = OBJECT_CLIP;
	return take_time(rest, &out->start_us) && take(rest, "-") && take_word(rest, out->clip, sizeof(out->clip));
}

bool object_name_parse(const char *text, struct object_name *out)
{
	static const struct {
		const char *prefix;
		bool (*take)(const char **rest, struct object_name *out);
	} kinds[] = {{"v1/live/", take_piece},
		     {"v1/segments/", take_segment},
		     {"v1/days/", take_day},
		     {"v1/clips/", take_clip}};
	char again[OBJECT_NAME_BYTES];

	*out = (struct object_name){0};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *rest = text;

		if (!take(&rest, kinds[i].prefix))
			continue;
		return take_word(&rest, out->camera, sizeof(out->camera)) && take(&rest, "/") &&
		       take_word(&rest, out->archive, sizeof(out->archive)) && take(&rest, "/") &&
		       kinds[i].take(&rest, out) && *rest == '\0' && object_name_make(out, again) &&
		       strcmp(text, again) == 0;
	}
	return false;
}
