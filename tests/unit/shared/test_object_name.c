/* test_object_name.c - the names of objects: what each kind looks like, and that nothing else is one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/store/object_name.h"

#define ARCHIVE "00112233445566778899aabbccddeeff"
#define START   INT64_C(1800000000437000) /* 2027-01-15T08:00:00.437Z */
#define PIECE                                                                                                          \
	"v1/live/door/" ARCHIVE "/000000000042-1800000000437000/000000000000816-0000800000-000000000032-0000004800"
#define SEGMENT "v1/segments/door/" ARCHIVE "/20270115/000000000042-1800000000437000"

static struct object_name name_of(enum object_kind kind)
{
	struct object_name name = {.kind = kind, .camera = "door", .archive = ARCHIVE, .segment_no = 42};

	name.start_us = kind == OBJECT_DAY ? object_day_us(START) : START;
	if (kind == OBJECT_CLIP)
		strcpy(name.clip, "Burglar_2.mp4");
	if (kind == OBJECT_PIECE) {
		name.media_at = 816;
		name.media_bytes = 800000;
		name.index_at = 32;
		name.index_bytes = 4800;
	}
	return name;
}

static const char *const names[] = {
	[OBJECT_PIECE] = PIECE,
	[OBJECT_MEDIA] = SEGMENT ".mp4",
	[OBJECT_INDEX] = SEGMENT ".idx",
	[OBJECT_MOTION] = SEGMENT ".motion",
	[OBJECT_DAY] = "v1/days/door/" ARCHIVE "/20270115",
	[OBJECT_CLIP] = "v1/clips/door/" ARCHIVE "/1800000000437000-Burglar_2.mp4",
};

static void each_kind_has_its_name_and_is_found_in_it(void **state)
{
	(void)state;
	char text[OBJECT_NAME_BYTES];
	struct object_name parsed;

	for (enum object_kind kind = OBJECT_PIECE; kind <= OBJECT_CLIP; kind++) {
		struct object_name name = name_of(kind);

		assert_true(object_name_make(&name, text));
		assert_string_equal(text, names[kind]);
		assert_true(object_name_parse(text, &parsed));
		assert_int_equal(parsed.kind, kind);
		assert_string_equal(parsed.camera, "door");
		assert_int_equal(parsed.start_us, name.start_us);
		assert_int_equal(parsed.media_at, name.media_at);
		assert_int_equal(parsed.index_bytes, name.index_bytes);
		assert_string_equal(parsed.clip, name.clip);
	}
}

static void nothing_else_is_a_name(void **state)
{
	(void)state;
	struct object_name parsed;
	static const char *const others[] = {
		"",
		"v1/",
		"/" PIECE,
		PIECE "0",
		PIECE "/",
		"v2" SEGMENT ".mp4",
		SEGMENT ".mp4x",
		SEGMENT ".part",
		"v1/segments/door/" ARCHIVE "/20270116/000000000042-1800000000437000.mp4", /* another day */
		"v1/segments/../" ARCHIVE "/20270115/000000000042-1800000000437000.mp4",
		"v1/segments/Door/" ARCHIVE "/20270115/000000000042-1800000000437000.mp4",
		"v1/segments/door/0/20270115/000000000042-1800000000437000.mp4",
		"v1/days/door/" ARCHIVE "/20270230",
		"v1/days/door/" ARCHIVE "/99999999",
		"v1/clips/door/" ARCHIVE "/1800000000437000-.mp4",
		"v1/clips/door/" ARCHIVE "/1800000000437000-.hidden.mp4",
		"v1/clips/door/" ARCHIVE "/1800000000437000-a/b.mp4",
		"v1/clips/door/" ARCHIVE "/9999999999999999999-a.mp4",
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(object_name_parse(others[i], &parsed));
}

static void what_does_not_fit_has_no_name(void **state)
{
	(void)state;
	char text[OBJECT_NAME_BYTES];
	struct object_name name = name_of(OBJECT_MEDIA);

	name.segment_no = OBJECT_SEGMENT_MAX + 1;
	assert_false(object_name_make(&name, text));
	name = name_of(OBJECT_MEDIA);
	name.start_us = -1;
	assert_false(object_name_make(&name, text));
	name = name_of(OBJECT_DAY);
	name.start_us++;
	assert_false(object_name_make(&name, text));
	name = name_of(OBJECT_PIECE);
	name.media_bytes = UINT64_C(10000000000);
	assert_false(object_name_make(&name, text));
	name = name_of(OBJECT_CLIP);
	strcpy(name.clip, "a b.mp4");
	assert_false(object_name_make(&name, text));
	strcpy(name.archive, "x");
	assert_false(object_name_make(&name, text));
}

static void the_order_of_names_is_the_order_of_recording(void **state)
{
	(void)state;
	char earlier[OBJECT_NAME_BYTES], later[OBJECT_NAME_BYTES];
	struct object_name a = name_of(OBJECT_PIECE), b = name_of(OBJECT_PIECE);

	a.media_at = 99;
	b.media_at = 100;
	assert_true(object_name_make(&a, earlier) && object_name_make(&b, later));
	assert_true(strcmp(earlier, later) < 0);
	b.media_at = 99;
	b.segment_no = 100;
	a.segment_no = 99;
	assert_true(object_name_make(&a, earlier) && object_name_make(&b, later));
	assert_true(strcmp(earlier, later) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_has_its_name_and_is_found_in_it),
		cmocka_unit_test(nothing_else_is_a_name),
		cmocka_unit_test(what_does_not_fit_has_no_name),
		cmocka_unit_test(the_order_of_names_is_the_order_of_recording),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
