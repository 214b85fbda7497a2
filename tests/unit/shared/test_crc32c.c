/*
 * test_crc32c.c - the CRC-32C checksum. The source file is included, so that the portable implementation is tested on
 * processors that have an instruction for it, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/crc32c.c"

static uint32_t by_tables(uint32_t crc, const void *data, size_t length)
{
	return ~update_by_tables(~crc, data, length);
}

static void both_implementations_give_the_vectors_of_rfc_3720(void **state)
{
	static const uint8_t read_pdu[48] = {
		0x01, 0xc0, [16] = 0x14, [22] = 0x04, [27] = 0x14, [31] = 0x18, 0x28, [40] = 0x02};
	uint8_t data[32];

	(void)state;
	memset(data, 0, sizeof(data));
	assert_int_equal(crc32c(0, data, 32), 0x8a9136aa);
	assert_int_equal(by_tables(0, data, 32), 0x8a9136aa);
	memset(data, 0xff, sizeof(data));
	assert_int_equal(crc32c(0, data, 32), 0x62a8ab43);
	assert_int_equal(by_tables(0, data, 32), 0x62a8ab43);
	for (uint8_t i = 0; i < 32; i++)
		data[i] = i;
	assert_int_equal(crc32c(0, data, 32), 0x46dd794e);
	assert_int_equal(by_tables(0, data, 32), 0x46dd794e);
	for (uint8_t i = 0; i < 32; i++)
		data[i] = (uint8_t)(31 - i);
	assert_int_equal(crc32c(0, data, 32), 0x113fdb5c);
	assert_int_equal(by_tables(0, data, 32), 0x113fdb5c);
	assert_int_equal(crc32c(0, read_pdu, sizeof(read_pdu)), 0xd9963a56);
	assert_int_equal(by_tables(0, read_pdu, sizeof(read_pdu)), 0xd9963a56);
}

static void no_bytes_change_nothing(void **state)
{
	(void)state;
	assert_int_equal(crc32c(0, NULL, 0), 0);
	assert_int_equal(crc32c(0x12345678, NULL, 0), 0x12345678);
}

static void parts_give_the_checksum_of_the_whole_at_any_cut_and_alignment(void **state)
{
	static uint8_t data[200];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 37 + 11);
	for (size_t start = 0; start < 9; start++) {
		size_t length = sizeof(data) - start;
		uint32_t whole = by_tables(0, data + start, length);
		for (size_t cut = 0; cut <= length; cut++) {
			uint32_t first = crc32c(0, data + start, cut);
			assert_int_equal(first, by_tables(0, data + start, cut));
			assert_int_equal(crc32c(first, data + start + cut, length - cut), whole);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_implementations_give_the_vectors_of_rfc_3720),
		cmocka_unit_test(no_bytes_change_nothing),
		cmocka_unit_test(parts_give_the_checksum_of_the_whole_at_any_cut_and_alignment),
	};

	return cmocka_run_group_tests_name("crc32c", tests, NULL, NULL);
}
