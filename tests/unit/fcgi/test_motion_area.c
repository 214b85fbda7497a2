/* test_motion_area.c - areas of the picture: how people write them, and which cells are inside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/motion/motion_question.h"
#include "shared/motion/motion_area.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct motion_mask mask_of(const char *query)
{
	enum motion_strength least;
	struct motion_mask mask;
	struct reason why;

	if (!motion_question_read(query, &mask, &least, &why))
		fail_msg("%s: %s", query, why.text);
	return mask;
}

static bool has(const struct motion_mask *mask, int column, int row)
{
	int cell = row * MOTION_COLUMNS + column;

	return mask->bits[cell / 8] >> cell % 8 & 1;
}

/* Expects exactly the cells of [left, right) x [top, bottom). */
static void expect_cells(const char *query, int left, int top, int right, int bottom)
{
	struct motion_mask mask = mask_of(query);

	for (int row = 0; row < MOTION_ROWS; row++)
		for (int column = 0; column < MOTION_COLUMNS; column++)
			if (has(&mask, column, row) != (column >= left && column < right && row >= top && row < bottom))
				fail_msg("%s: cell %d,%d", query, column, row);
}

static int count(const char *query)
{
	struct motion_mask mask = mask_of(query);
	int cells = 0;

	for (int row = 0; row < MOTION_ROWS; row++)
		for (int column = 0; column < MOTION_COLUMNS; column++)
			cells += has(&mask, column, row);
	return cells;
}

static void an_area_takes_every_cell_that_it_reaches(void **state)
{
	(void)state;
	expect_cells("", 0, 0, 32, 18);
	expect_cells("area=0,0,1,1", 0, 0, 32, 18);
	expect_cells("area=0,0,.5,.5", 0, 0, 16, 9);
	expect_cells("area=.25,.5,.25,.5", 8, 9, 16, 18);
	expect_cells("area=.26,.51,.01,.01", 8, 9, 9, 10);
	expect_cells("area=.24,.49,.02,.02", 7, 8, 9, 10);
	expect_cells("area=0.7,0,0.3,1", 22, 0, 32, 18);
	expect_cells("area=.5%2C0%2C.5%2C1", 16, 0, 32, 18);
	expect_cells("area=0,0,1e0,5E-1", 0, 0, 32, 9);
}

static void what_rounding_adds_is_no_cell(void **state)
{
	(void)state;
	/* 1/18 and 1/32 have no end, or one that people do not write. */
	expect_cells("area=0,0,1,0.055556", 0, 0, 32, 1);
	expect_cells("area=0,0.055555,0.031251,0.5", 0, 1, 1, 10);
}

static void a_narrow_area_is_not_lost(void **state)
{
	(void)state;
	expect_cells("area=.4,0,.00001,1", 12, 0, 13, 18);
	expect_cells("area=0,.5,1,.000001", 0, 9, 32, 10);
	assert_true(count("area=0,0,1,1,1,.99999") >= 32);
}

static void corners_make_a_polygon(void **state)
{
	(void)state;
	expect_cells("area=0,0,.5,0,.5,.5,0,.5", 0, 0, 16, 9);
	expect_cells("area=0,.5,.5,.5,.5,0,0,0", 0, 0, 16, 9);
	expect_cells("area=0,0,.5,0,.5,.5,0,.5,0,0", 0, 0, 16, 9);
	/* An L: the corner that is cut out stays out. */
	struct motion_mask mask = mask_of("area=0,0,.5,0,.5,.5,1,.5,1,1,0,1");
	assert_true(has(&mask, 15, 0) && has(&mask, 31, 9) && has(&mask, 0, 17));
	assert_false(has(&mask, 16, 0) || has(&mask, 31, 8));
	/* Half the picture, and the cells on the diagonal. */
	int cells = count("area=0,0,1,0,0,1");
	assert_true(cells > MOTION_CELLS / 2 && cells < MOTION_CELLS * 6 / 10);
}

static void areas_are_joined_and_others_taken_away(void **state)
{
	(void)state;
	expect_cells("area=0,0,.25,1&area=.25,0,.25,1", 0, 0, 16, 18);
	expect_cells("not=.5,0,.5,1", 0, 0, 16, 18);
	expect_cells("area=0,0,1,.5&not=.5,0,.5,1", 0, 0, 16, 9);
	expect_cells("not=.5,0,.5,1&area=0,0,1,.5", 0, 0, 16, 9);
	expect_cells("not=0,0,1,1", 0, 0, 0, 0);
	/* Cells of which less than half is inside stay; of two halves that meet in a cell, one takes it away. */
	expect_cells("not=0.51,0,.49,1", 0, 0, 16, 18);
	expect_cells("not=0.52,0,.48,1", 0, 0, 17, 18);
	expect_cells("not=0,0,.515625,1&not=.515625,0,.484375,1", 0, 0, 0, 0);
	assert_int_equal(count("not=.26,.51,.001,.001"), MOTION_CELLS);
}

static void strength_is_a_word(void **state)
{
	static const char *const wrong[] = {"strength=", "strength=none", "strength=Clear", "strength=2",
					    "strength=%zz"};
	enum motion_strength least;
	struct motion_mask mask;
	struct reason why;

	(void)state;
	assert_true(motion_question_read("", &mask, &least, &why) && least == MOTION_FAINT);
	assert_true(motion_question_read("strength=faint", &mask, &least, &why) && least == MOTION_FAINT);
	assert_true(motion_question_read("strength=clear", &mask, &least, &why) && least == MOTION_CLEAR);
	assert_true(motion_question_read("strength=strong", &mask, &least, &why) && least == MOTION_STRONG);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_false(motion_question_read(wrong[i], &mask, &least, &why));
		assert_non_null(strstr(why.text, "strength="));
	}
}

static void what_is_no_area_is_refused_by_the_name_of_its_parameter(void **state)
{
	static const struct {
		const char *text, *message;
	} wrong[] = {
		{"", "not a number"},
		{"a", "not a number"},
		{"0,0,1,", "not a number"},
		{",0,1,1", "not a number"},
		{"0,,1,1", "not a number"},
		{"0,0,1,x1", "not a number"},
		{"0,0,1,1.2.3", "not a number"},
		{"0,0,1,1e", "not a number"},
		{"0x1,0,1,1", "not a number"},
		{"0,0,1,1;", "no comma"},
		{"0,0,1,1+", "no comma"},
		{"0 0 1 1", "no comma"},
		{"+0,0,1,1", "not a number"},
		{"nan,0,1,1", "not a number"},
		{"0,0,inf,1", "not a number"},
		{"0,0,1e999,1", "infinite"},
		{"-.1,0,1,1", "negative"},
		{"0,0,-1,1", "negative"},
		{"0,-0,1,1", "negative"},
		{".1", "odd"},
		{"0,0", "too few"},
		{"0,0,1", "odd"},
		{"0,0,1,1,1", "odd"},
		{"0,0,1,0,1,1,0", "odd"},
		{"0,0,0,1", "no area"},
		{"0,0,1,0", "no area"},
		{"0,0,1e-300,1e-300", "no area"},
		{"0,0,1,1,.5,.5", "no area"},
		{"0,0,0,0,0,0", "no area"},
		{"0,0,1,1,1,1,0,0", "no area"},
		{".6,0,.5,1", "past the edge"},
		{"0,0,1,1.0001", "past the edge"},
		{"2,2,1,1", "past the edge"},
		{"0,0,2,0,2,2", "past the edge"},
		{"0,0,1,1,1,0,0,.9", "cross"},
		{"0,0,.5,0,.5,.5,1,.5,1,1,.5,1,.5,.5,0,.5", "cross"},
		{"0,0,1,0,1,1,.5,0", "cross"},
		{"0,0,1,0,.5,0,.5,1", "cross"},
	};
	struct motion_area area;
	struct reason why;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		if (motion_area_parse("not", wrong[i].text, &area, &why))
			fail_msg("%s was taken", wrong[i].text);
		if (strncmp(why.text, "not= ", 5) != 0 || !strstr(why.text, wrong[i].message))
			fail_msg("%s: %s", wrong[i].text, why.text);
	}
}

/* A comb of that many corners, which does not cross itself. */
static void write_comb(char *out, size_t bytes, int corners)
{
	size_t length = (size_t)snprintf(out, bytes, "area=0,1");

	for (int i = 1; i < corners - 1; i++)
		length += (size_t)snprintf(out + length, bytes - length, ",%.4f,%s", (double)i / corners,
					   i % 2 ? "0" : ".5");
	snprintf(out + length, bytes - length, ",1,1");
}

static void there_is_a_limit_on_corners_and_on_areas(void **state)
{
	char query[MOTION_AREA_TEXT_BYTES + 32];
	enum motion_strength least;
	struct motion_mask mask;
	struct reason why;
	size_t length = 0;

	(void)state;
	write_comb(query, sizeof(query), MOTION_AREA_CORNERS_MAX);
	if (!motion_question_read(query, &mask, &least, &why))
		fail_msg("%s", why.text);
	strcat(query, ",0,1"); /* closed */
	assert_true(motion_question_read(query, &mask, &least, &why));
	for (int corners = MOTION_AREA_CORNERS_MAX + 1; corners < MOTION_AREA_CORNERS_MAX + 4; corners++) {
		write_comb(query, sizeof(query), corners);
		assert_false(motion_question_read(query, &mask, &least, &why));
		assert_non_null(strstr(why.text, "area= has more than 32 corners"));
	}
	for (int i = 0; i < MOTION_AREAS_MAX; i++)
		length += (size_t)snprintf(query + length, sizeof(query) - length, "not=0,0,.5,.5&");
	assert_true(motion_question_read(query, &mask, &least, &why));
	snprintf(query + length, sizeof(query) - length, "not=0,0,1,1");
	assert_false(motion_question_read(query, &mask, &least, &why));
	assert_non_null(strstr(why.text, "not= is given more than 16 times"));
	memset(query, '0', sizeof(query));
	memcpy(query, "area=0,0,1,1.", 13);
	query[sizeof(query) - 1] = '\0';
	assert_false(motion_question_read(query, &mask, &least, &why));
	assert_non_null(strstr(why.text, "area= is longer"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_area_takes_every_cell_that_it_reaches),
		cmocka_unit_test(what_rounding_adds_is_no_cell),
		cmocka_unit_test(a_narrow_area_is_not_lost),
		cmocka_unit_test(corners_make_a_polygon),
		cmocka_unit_test(areas_are_joined_and_others_taken_away),
		cmocka_unit_test(strength_is_a_word),
		cmocka_unit_test(what_is_no_area_is_refused_by_the_name_of_its_parameter),
		cmocka_unit_test(there_is_a_limit_on_corners_and_on_areas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
