/* test_motion_event.c - which seconds with movement make an event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/motion/motion_event.h"
#include "shared/motion/motion_live.h"

#define START     INT64_C(1780000000)
#define EVENT_MAX 8

/* Strength of cell (3, 2) in successive seconds; the others are still. A blank is a second without a record. */
struct events {
	size_t count;
	struct motion_event event[EVENT_MAX];
};

static struct motion_record record_of(int64_t second, char strength)
{
	struct motion_record record = {.second = second};

	if (strength == 'G')
		record.flags = MOTION_GLOBAL;
	else if (strength == 'L')
		record.flags = MOTION_LEARNING;
	motion_cells_raise(&record.cells, 3, 2,
			   strength >= '0' && strength <= '3' ? (enum motion_strength)(strength - '0') : MOTION_NONE);
	return record;
}

static void keep(struct events *events, const struct motion_event *event)
{
	assert_true(events->count < EVENT_MAX);
	events->event[events->count++] = *event;
}

static void feed(struct motion_event_finder *finder, const char *strengths, size_t i, struct events *out)
{
	struct motion_event event;
	struct motion_record record = record_of(START + (int64_t)i, strengths[i]);

	if (strengths[i] != ' ' && motion_event_add(finder, &record, &event))
		keep(out, &event);
}

static struct events events_of(const char *strengths, const struct motion_event_rule *rule, bool backwards)
{
	struct motion_event_finder finder;
	struct events out = {0};
	struct motion_event event;
	size_t length = strlen(strengths);

	motion_event_finder_init(&finder, rule);
	for (size_t i = 0; i < length; i++)
		feed(&finder, strengths, backwards ? length - 1 - i : i, &out);
	if (motion_event_finish(&finder, &event))
		keep(&out, &event);
	return out;
}

static void expect_same(const struct motion_event *a, const struct motion_event *b)
{
	assert_int_equal(a->from_second, b->from_second);
	assert_int_equal(a->to_second, b->to_second);
	assert_int_equal(a->peak_second, b->peak_second);
	assert_int_equal(a->peak_cells, b->peak_cells);
	assert_int_equal(a->moving_seconds, b->moving_seconds);
	assert_int_equal(a->strongest, b->strongest);
	assert_memory_equal(&a->cells, &b->cells, sizeof(a->cells));
}

/* Expects the events [from, to) of `expected`, which ends with a negative number, in both directions of time. */
static void expect(const char *strengths, const struct motion_event_rule *rule, const int *expected)
{
	struct events up = events_of(strengths, rule, false), down = events_of(strengths, rule, true);
	size_t count = 0;

	for (; expected[2 * count] >= 0; count++) {
		assert_true(count < up.count);
		assert_int_equal(up.event[count].from_second - START, expected[2 * count]);
		assert_int_equal(up.event[count].to_second - START, expected[2 * count + 1]);
	}
	assert_int_equal(up.count, count);
	assert_int_equal(down.count, count);
	for (size_t i = 0; i < count; i++)
		expect_same(&up.event[i], &down.event[count - 1 - i]);
}

#define EXPECT(strengths, rule, ...) expect(strengths, rule, (const int[]){__VA_ARGS__})

static void one_clear_second_or_four_faint_ones_are_an_event(void **state)
{
	struct motion_event_rule rule;

	(void)state;
	motion_event_rule_init(&rule);
	EXPECT("00000000", &rule, -1);
	EXPECT("00200000", &rule, 2, 3, -1);
	EXPECT("01110000", &rule, -1);
	EXPECT("01101010", &rule, 1, 7, -1);
	EXPECT("1000000000000000000000000111", &rule, -1);
}

static void moving_seconds_are_joined_over_five_seconds(void **state)
{
	struct motion_event_rule rule;

	(void)state;
	motion_event_rule_init(&rule);
	EXPECT("2000020000000", &rule, 0, 6, -1);
	EXPECT("2000002000000", &rule, 0, 1, 6, 7, -1);
	rule.join = 1;
	EXPECT("2202000020000", &rule, 0, 2, 3, 4, 8, 9, -1);
	rule.join = 100;
	EXPECT("2000000000002", &rule, 0, 13, -1);
}

static void unknown_seconds_are_time_that_passes(void **state)
{
	struct motion_event_rule rule;

	(void)state;
	motion_event_rule_init(&rule);
	EXPECT("2    2", &rule, 0, 6, -1);
	EXPECT("2     2", &rule, 0, 1, 6, 7, -1);
	EXPECT("2GGLL2", &rule, 0, 6, -1);
	EXPECT("GGGGLLLL", &rule, -1);
}

static void strength_decides_what_counts(void **state)
{
	struct motion_event_rule rule;

	(void)state;
	motion_event_rule_init(&rule);
	rule.least = MOTION_CLEAR;
	EXPECT("11111112111", &rule, 7, 8, -1);
	rule.least = MOTION_STRONG;
	EXPECT("11111112111", &rule, -1);
	EXPECT("11111113111", &rule, 7, 8, -1);
}

static void only_cells_inside_the_mask_count(void **state)
{
	struct motion_event_rule rule;

	(void)state;
	motion_event_rule_init(&rule);
	memset(&rule.mask, 0, sizeof(rule.mask));
	EXPECT("22222", &rule, -1);
	rule.mask.bits[(2 * MOTION_COLUMNS + 3) / 8] = 1u << 3;
	EXPECT("02200", &rule, 1, 3, -1);
	rule.mask.bits[(2 * MOTION_COLUMNS + 3) / 8] = (uint8_t) ~(1u << 3);
	EXPECT("02200", &rule, -1);
}

static void two_records_of_a_second_count_once(void **state)
{
	struct motion_event_rule rule;
	struct motion_event_finder finder;
	struct motion_event event;

	(void)state;
	motion_event_rule_init(&rule);
	motion_event_finder_init(&finder, &rule);
	for (int i = 0; i < 6; i++) {
		struct motion_record record = record_of(START + i / 2, '1');
		assert_false(motion_event_add(&finder, &record, &event));
	}
	assert_false(motion_event_finish(&finder, &event));

	motion_event_finder_init(&finder, &rule);
	struct motion_record faint = record_of(START, '1'), other = {.second = START};
	motion_cells_raise(&other.cells, 31, 17, MOTION_STRONG);
	motion_event_add(&finder, &faint, &event);
	motion_event_add(&finder, &other, &event);
	assert_true(motion_event_finish(&finder, &event));
	assert_int_equal(event.moving_seconds, 1);
	assert_int_equal(event.peak_cells, 2);
	assert_int_equal(event.strongest, MOTION_STRONG);
}

static void the_peak_is_the_second_that_moves_most(void **state)
{
	struct motion_event_rule rule;
	struct motion_event_finder finder;
	struct motion_event event;

	(void)state;
	motion_event_rule_init(&rule);
	motion_event_finder_init(&finder, &rule);
	for (int i = 0; i < 5; i++) {
		struct motion_record record = {.second = START + i};
		for (int column = 0; column <= (i == 2 ? 4 : 1); column++)
			motion_cells_raise(&record.cells, column + i, i, MOTION_CLEAR);
		assert_false(motion_event_add(&finder, &record, &event));
	}
	struct motion_record still = {.second = START + 10};
	assert_true(motion_event_add(&finder, &still, &event));
	assert_int_equal(event.from_second, START);
	assert_int_equal(event.to_second, START + 5);
	assert_int_equal(event.peak_second, START + 2);
	assert_int_equal(event.peak_cells, 5);
	assert_int_equal(event.moving_seconds, 5);
	assert_int_equal(event.strongest, MOTION_CLEAR);
	assert_int_equal(motion_cells_count(&event.cells), 13);
	assert_false(motion_event_finish(&finder, &event));
}

#define MINUTE_US (60 * US_PER_S)

/* What is told of seconds while they come: at which of them events start and end, and the ends themselves. */
struct told {
	char marks[64]; /* S, E, B (one ended and another started) or - after each second */
	struct events ends;
};

/* The record of second i comes at i seconds; a blank is a second without a record. */
static void follow(struct motion_live *live, const char *strengths, struct told *out)
{
	struct motion_live_news news;

	for (size_t i = 0; strengths[i]; i++) {
		struct motion_record record = record_of(START + (int64_t)i, strengths[i]);
		mono_t now = {MINUTE_US + (int64_t)i * US_PER_S};
		bool any = strengths[i] == ' ' ? motion_live_tick(live, now, &news)
					       : motion_live_add(live, &record, now, &news);
		assert_int_equal(any, news.ended || news.started);
		out->marks[i] = news.ended ? (news.started ? 'B' : 'E') : news.started ? 'S' : '-';
		if (news.started)
			assert_int_equal(news.start.to_second, START + (int64_t)i + 1);
		if (news.ended)
			keep(&out->ends, &news.end);
	}
}

static void expect_told(const char *strengths, const char *marks)
{
	struct motion_event_rule rule;
	struct motion_live live;
	struct told told = {0};

	motion_event_rule_init(&rule);
	motion_live_init(&live, &rule);
	follow(&live, strengths, &told);
	assert_string_equal(told.marks, marks);
	/* Those that have ended are the ones that the rule finds in the same seconds. */
	struct events found = events_of(strengths, &rule, false);
	assert_in_range(found.count - told.ends.count, 0, 1);
	for (size_t i = 0; i < told.ends.count; i++)
		expect_same(&told.ends.event[i], &found.event[i]);
}

static void an_event_starts_when_it_is_certain_and_ends_when_it_is_over(void **state)
{
	(void)state;
	expect_told("0000000000", "----------");
	expect_told("0200000000", "-S----E---");
	expect_told("0111100000", "----S----E");
	expect_told("0111000000000000", "----------------"); /* three faint seconds are none */
	expect_told("1010201000000000", "----S------E----");
	expect_told("2000020000000", "S---------E--");
	expect_told("2000002000000", "S----ES----E-");
}

static void live_unknown_seconds_are_time_that_passes(void **state)
{
	(void)state;
	expect_told("2GGGGG00", "S----E--");
	expect_told("2     00", "S-----E-");
	expect_told("2      2", "S------B");
	expect_told("11   11 ", "------S-");
}

static void an_event_ends_some_time_after_the_last_record(void **state)
{
	struct motion_event_rule rule;
	struct motion_live live;
	struct motion_live_news news;
	struct motion_event so_far;
	struct told told = {0};

	(void)state;
	motion_event_rule_init(&rule);
	motion_live_init(&live, &rule);
	follow(&live, "0020", &told);
	assert_true(motion_live_is_under_way(&live, &so_far));
	assert_int_equal(so_far.from_second, START + 2);
	mono_t last = {MINUTE_US + 3 * US_PER_S};
	assert_false(motion_live_tick(&live, (mono_t){last.us + MOTION_LIVE_SILENT_US - 1}, &news));
	assert_true(motion_live_tick(&live, (mono_t){last.us + MOTION_LIVE_SILENT_US}, &news));
	assert_true(news.ended && news.silent);
	assert_int_equal(news.end.to_second, START + 3);
	assert_int_equal(news.newest_second, START + 3);
	assert_false(motion_live_is_under_way(&live, &so_far));
	assert_false(motion_live_finish(&live, &news));
	follow(&live, "2", &told);
	assert_true(motion_live_finish(&live, &news) && news.silent);
}

/* A faint run that never became an event is not told, whatever ends it. */
static void what_never_was_certain_is_not_told(void **state)
{
	struct motion_event_rule rule;
	struct motion_live live;
	struct motion_live_news news;
	struct told told = {0};

	(void)state;
	motion_event_rule_init(&rule);
	motion_live_init(&live, &rule);
	follow(&live, "111", &told);
	assert_string_equal(told.marks, "---");
	assert_false(motion_live_tick(&live, (mono_t){2 * MINUTE_US}, &news));
	follow(&live, "1", &told);
	assert_string_equal(told.marks, "---");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_clear_second_or_four_faint_ones_are_an_event),
		cmocka_unit_test(moving_seconds_are_joined_over_five_seconds),
		cmocka_unit_test(unknown_seconds_are_time_that_passes),
		cmocka_unit_test(strength_decides_what_counts),
		cmocka_unit_test(only_cells_inside_the_mask_count),
		cmocka_unit_test(two_records_of_a_second_count_once),
		cmocka_unit_test(the_peak_is_the_second_that_moves_most),
		cmocka_unit_test(an_event_starts_when_it_is_certain_and_ends_when_it_is_over),
		cmocka_unit_test(live_unknown_seconds_are_time_that_passes),
		cmocka_unit_test(an_event_ends_some_time_after_the_last_record),
		cmocka_unit_test(what_never_was_certain_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
