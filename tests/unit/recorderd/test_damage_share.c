/* test_damage_share.c - the share of damaged frames and its recovery: recorderd/source/damage_share.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorderd/source/damage_share.h"
#include "tests/unit/support/in_range.h"

/* `of_8` damaged frames in each 8. */
static void add(struct damage_share *share, unsigned frames, unsigned of_8, enum frame_damage damage)
{
	for (unsigned i = 0; i < frames; i++)
		damage_share_add(share, i % 8 < of_8 ? damage : DAMAGE_NONE);
}

static void a_few_frames_have_no_share(void **state)
{
	struct damage_share share = {0};

	(void)state;
	add(&share, 31, 8, DAMAGE_TRUNCATED);
	assert_int_equal(damage_share_milli(&share), 0);
	add(&share, 1, 8, DAMAGE_TRUNCATED);
	assert_int_equal(damage_share_milli(&share), 1000);
}

static void the_share_is_that_of_the_last_frames_for_any_number_of_them(void **state)
{
	struct damage_share share = {0};

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		add(&share, 800, 6, DAMAGE_TRUNCATED);
		assert_int_in_range(damage_share_milli(&share), 740, 760);
	}
	add(&share, 1600, 0, DAMAGE_NONE);
	assert_int_in_range(damage_share_milli(&share), 0, 10);
}

static void the_most_common_kind_is_named(void **state)
{
	struct damage_share share = {0};

	(void)state;
	assert_int_equal(damage_share_kind(&share), DAMAGE_NONE);
	add(&share, 100, 8, DAMAGE_FLAGGED);
	add(&share, 90, 8, DAMAGE_TRUNCATED);
	assert_int_equal(damage_share_kind(&share), DAMAGE_FLAGGED);
	add(&share, 1000, 4, DAMAGE_TRUNCATED);
	assert_int_equal(damage_share_kind(&share), DAMAGE_TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_few_frames_have_no_share),
		cmocka_unit_test(the_share_is_that_of_the_last_frames_for_any_number_of_them),
		cmocka_unit_test(the_most_common_kind_is_named),
	};

	return cmocka_run_group_tests_name("damage_share", tests, NULL, NULL);
}
