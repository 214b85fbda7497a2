/* test_buffer.c - growable byte buffers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/buffer.h"

static void it_grows_as_bytes_are_appended(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		buffer_u8(&buffer, (uint8_t)i);
	assert_int_equal(buffer.length, 10000);
	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(buffer.data[i], (uint8_t)i);
	assert_false(buffer.failed);
	buffer_free(&buffer);
	assert_null(buffer.data);
	buffer_free(&buffer);
}

static void numbers_are_big_endian(void **state)
{
	static const uint8_t expected[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
					   0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f};
	struct buffer buffer = {0};

	(void)state;
	buffer_u8(&buffer, 0x01);
	buffer_u16(&buffer, 0x0203);
	buffer_u32(&buffer, 0x04050607);
	buffer_u64(&buffer, UINT64_C(0x08090a0b0c0d0e0f));
	assert_int_equal(buffer.length, sizeof(expected));
	assert_memory_equal(buffer.data, expected, sizeof(expected));
	buffer_free(&buffer);
}

static void a_number_is_overwritten_only_if_all_four_bytes_exist(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	buffer_u64(&buffer, 0);
	buffer_set_u32(&buffer, 4, 0x01020304);
	buffer_set_u32(&buffer, 5, 0xffffffff);
	buffer_set_u32(&buffer, SIZE_MAX - 1, 0xffffffff);
	assert_memory_equal(buffer.data, "\0\0\0\0\1\2\3\4", 8);
	buffer_free(&buffer);
}

static void text_is_appended_without_its_terminator(void **state)
{
	struct buffer buffer = {0};
	char big[1000];

	(void)state;
	buffer_printf(&buffer, "%d-%s", 42, "x");
	buffer_printf(&buffer, "%s", "");
	assert_int_equal(buffer.length, 4);
	assert_memory_equal(buffer.data, "42-x", 4);
	memset(big, 'y', sizeof(big));
	buffer_printf(&buffer, "%.*s", (int)sizeof(big), big);
	assert_int_equal(buffer.length, 1004);
	assert_memory_equal(buffer.data + 4, big, sizeof(big));
	buffer_free(&buffer);
}

static void bytes_are_dropped_from_the_front(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	buffer_drop(&buffer, 1);
	buffer_append(&buffer, "abcdef", 6);
	buffer_drop(&buffer, 2);
	assert_int_equal(buffer.length, 4);
	assert_memory_equal(buffer.data, "cdef", 4);
	buffer_drop(&buffer, 100);
	assert_int_equal(buffer.length, 0);
	buffer_append(&buffer, NULL, 0);
	assert_int_equal(buffer.length, 0);
	buffer_free(&buffer);
}

static void clearing_keeps_the_memory(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	buffer_append(&buffer, "abc", 3);
	uint8_t *data = buffer.data;
	buffer_clear(&buffer);
	assert_int_equal(buffer.length, 0);
	buffer_append(&buffer, "d", 1);
	assert_ptr_equal(buffer.data, data);
	buffer_free(&buffer);
}

static void after_a_failed_allocation_appends_do_nothing(void **state)
{
	struct buffer buffer = {0};

	(void)state;
	buffer_append(&buffer, "abc", 3);
	assert_false(buffer_reserve(&buffer, SIZE_MAX));
	assert_true(buffer.failed);
	buffer_append(&buffer, "d", 1);
	buffer_printf(&buffer, "%d", 1);
	buffer_u32(&buffer, 1);
	assert_false(buffer_reserve(&buffer, 1));
	assert_int_equal(buffer.length, 3);
	assert_memory_equal(buffer.data, "abc", 3);
	buffer_clear(&buffer);
	assert_true(buffer_reserve(&buffer, 1));
	buffer_free(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_grows_as_bytes_are_appended),
		cmocka_unit_test(numbers_are_big_endian),
		cmocka_unit_test(a_number_is_overwritten_only_if_all_four_bytes_exist),
		cmocka_unit_test(text_is_appended_without_its_terminator),
		cmocka_unit_test(bytes_are_dropped_from_the_front),
		cmocka_unit_test(clearing_keeps_the_memory),
		cmocka_unit_test(after_a_failed_allocation_appends_do_nothing),
	};

	return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
