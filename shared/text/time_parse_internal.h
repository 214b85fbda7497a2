/*
 * time_parse_internal.h - the parts of the parser of times: reading characters (time_cursor.c), local time as numbers
 * (time_fields.c), days and times of day as people write them (time_day.c, time_phrase.c), and which ones these mean
 * (time_latest.c). The text is in lower
 * case, without blanks at its ends, and has no two blanks in a row.
 */
#ifndef SHARED_TEXT_TIME_PARSE_INTERNAL_H
#define SHARED_TEXT_TIME_PARSE_INTERNAL_H

#include "shared/text/time_text.h"

#define TIME_FRACTION_MAX 9                   /* digits that are read; those after the microseconds are dropped */
#define TIME_END_S        INT64_C(7289654400) /* 2201-01-01T00:00:00Z */
#define TIME_DAY_S        INT64_C(86400)

/* --- time_cursor.c --- */

struct time_cursor {
	const char *at, *end;
};

bool time_at_end(const struct time_cursor *cursor);
bool time_is_digit(char c);

/* The number of digits that follow. */
int time_count_digits(const struct time_cursor *cursor);

/* Takes one character that is in `set` and returns it, or returns 0. */
char time_take_any(struct time_cursor *cursor, const char *set);

/* Takes exactly that many digits. */
bool time_take_digits(struct time_cursor *cursor, int digits, int *out);

/* Takes all digits that follow if there are `min` to `max` of them. */
bool time_take_number(struct time_cursor *cursor, int min, int max, int *out);

/* Takes an optional decimal point and its digits, as microseconds. Without a point that is 0. */
bool time_take_fraction(struct time_cursor *cursor, int64_t *us);

/* Takes `word` unless more letters follow it. */
bool time_take_word(struct time_cursor *cursor, const char *word);

/* Takes one of `count` words that may be cut to their first three letters or more, and returns its number, or -1. */
int time_take_name(struct time_cursor *cursor, const char *const *words, int count);

/* --- time_fields.c --- */

struct time_fields {
	int year, month, day, hour, minute, second;
	int64_t us;
};

bool time_fields_are_valid(const struct time_fields *fields);

/* Seconds since the epoch, taking the fields for UTC. Days beyond the ends of a month are those of its neighbours. */
int64_t time_fields_as_utc(const struct time_fields *fields);

/* The local date and time of day at a moment; `us` is 0. */
struct time_fields time_fields_of(int64_t seconds);

/* The same date, so many days later, at the same time of day. */
struct time_fields time_fields_add_days(const struct time_fields *fields, int days);

/* 0: Sunday */
int time_fields_weekday(const struct time_fields *fields);

/* TIME_OK or TIME_SKIPPED_HOUR. */
enum time_status time_fields_to_seconds(const struct time_fields *fields, enum time_side side, int64_t *seconds);

/* The first moment at or after that local time, which exists even if the time itself is skipped. */
int64_t time_fields_boundary(const struct time_fields *fields);

/* Sets out->at, or returns TIME_OUT_OF_RANGE. */
enum time_status time_finish(int64_t seconds, int64_t us, struct time_point *out);

/* --- time_day.c and time_phrase.c --- */

enum time_day { TIME_NO_DAY, TIME_TODAY, TIME_YESTERDAY, TIME_WEEKDAY, TIME_DAY_AND_MONTH, TIME_DATE };
enum time_part { TIME_NO_PART, TIME_MORNING, TIME_AFTERNOON, TIME_EVENING, TIME_NIGHT };

struct time_phrase {
	enum time_day day;
	enum time_part part;
	int weekday;       /* 0: Sunday; -1: none. It stands alone (TIME_WEEKDAY), or before a date. */
	bool before_today; /* of TIME_WEEKDAY */
	bool in_digits;    /* of a date: the time of day may follow without colons */
	bool joined;       /* of a date: its time of day follows directly, as in 20261128102305 */
	bool has_clock, has_offset;
	struct time_fields at; /* the date and time of day, as far as they are given */
	int64_t offset_s;
};

/* What an attempt to read something came to. */
enum time_taken {
	TAKEN,
	NOT_TAKEN,
	TAKEN_AMBIGUOUS,
	TAKEN_WRONG,
	TAKEN_INVALID, /* a form that is right, with a number that is not */
};

/* Reads a DAY, or a PART that includes its day. *out changes only if that is TAKEN. (time_day.c) */
enum time_taken time_take_day(struct time_cursor *cursor, struct time_phrase *out);

/* Reads morning, afternoon, evening or night. (time_day.c) */
enum time_taken time_take_part(struct time_cursor *cursor, struct time_phrase *out);

/* Reads a DAY, CLOCK, DAY CLOCK, CLOCK DAY or PART. */
enum time_status time_phrase_read(struct time_cursor cursor, struct time_phrase *out);

/* --- time_latest.c --- */

/* The moment that a phrase means. from: where the range begins whose end this is, or NULL. */
enum time_status time_phrase_resolve(const struct time_phrase *phrase, enum time_side side, const wall_t *from,
				     wall_t now, struct time_point *out);

#endif
