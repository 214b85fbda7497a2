/*
 * test_mjpeg_frame.c - what goes into the ring for the pictures of cameras that leave something out or add something:
 * recorderd/source/mjpeg_frame.h. Each result is decoded by libjpeg and compared with the picture as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>

#include "recorderd/source/jpeg_tables.h"
#include "recorderd/source/mjpeg_frame.h"

#define WIDTH    640
#define HEIGHT   480
#define ROOM     (1 << 20)
#define APP0_END 20 /* SOI and the JFIF segment that libjpeg writes */

struct kind {
	bool grey, full_chroma, optimized;
	int restart_rows;
};

static const struct kind kinds[] = {
	{0}, {.grey = true}, {.full_chroma = true}, {.optimized = true}, {.restart_rows = 1}};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static uint8_t jpeg[ROOM];
static size_t jpeg_bytes;

static void make_jpeg(const struct kind *kind)
{
	struct jpeg_compress_struct codec;
	struct jpeg_error_mgr errors;
	unsigned char *data = NULL;
	unsigned long length = 0;
	static uint8_t row[WIDTH * 3];

	codec.err = jpeg_std_error(&errors);
	jpeg_create_compress(&codec);
	jpeg_mem_dest(&codec, &data, &length);
	codec.image_width = WIDTH;
	codec.image_height = HEIGHT;
	codec.input_components = kind->grey ? 1 : 3;
	codec.in_color_space = kind->grey ? JCS_GRAYSCALE : JCS_RGB;
	jpeg_set_defaults(&codec);
	codec.optimize_coding = kind->optimized;
	codec.restart_in_rows = kind->restart_rows;
	if (kind->full_chroma)
		codec.comp_info[0].h_samp_factor = codec.comp_info[0].v_samp_factor = 1;
	jpeg_start_compress(&codec, TRUE);
	for (unsigned y = 0; y < HEIGHT; y++) {
		JSAMPROW rows[1] = {row};
		for (unsigned i = 0; i < sizeof(row); i++)
			row[i] = (uint8_t)(i * 7 + y * 13 + (i * y) % 31);
		jpeg_write_scanlines(&codec, rows, 1);
	}
	jpeg_finish_compress(&codec);
	jpeg_destroy_compress(&codec);
	assert_in_range(length, 1, sizeof(jpeg) / 2);
	memcpy(jpeg, data, length);
	jpeg_bytes = length;
	free(data);
}

/* Returns a checksum of all samples. Counts libjpeg's warnings, which strict decoders treat as errors. */
static uint64_t decode(const uint8_t *data, size_t length, long *warnings)
{
	struct jpeg_decompress_struct codec;
	struct jpeg_error_mgr errors;
	static uint8_t row[WIDTH * 3];
	uint64_t sum = 0;

	codec.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&codec);
	jpeg_mem_src(&codec, data, length);
	assert_int_equal(jpeg_read_header(&codec, TRUE), JPEG_HEADER_OK);
	jpeg_start_decompress(&codec);
	while (codec.output_scanline < codec.output_height) {
		JSAMPROW rows[1] = {row};
		jpeg_read_scanlines(&codec, rows, 1);
		for (size_t i = 0; i < WIDTH * (size_t)codec.output_components; i++)
			sum = sum * 31 + row[i];
	}
	jpeg_finish_decompress(&codec);
	*warnings = codec.err->num_warnings;
	jpeg_destroy_decompress(&codec);
	return sum;
}

static uint8_t prepared[ROOM];
static size_t prepared_bytes;

/* Prepares a copy in a block of exactly its size, so that AddressSanitizer detects reads past its end. */
static enum frame_damage prepare(const uint8_t *data, size_t length)
{
	struct source_frame frame;
	uint8_t *exact = malloc(length ? length : 1);

	memcpy(exact, data, length);
	enum frame_damage damage = mjpeg_frame_prepare(exact, length, &frame);
	prepared_bytes = 0;
	for (int i = 0; !damage && i < frame.count; i++) {
		memcpy(prepared + prepared_bytes, frame.parts[i].iov_base, frame.parts[i].iov_len);
		prepared_bytes += frame.parts[i].iov_len;
	}
	free(exact);
	return damage;
}

/* The picture from the camera becomes exactly the picture that libjpeg made. */
static void assert_restored(const uint8_t *data, size_t length, const char *what, size_t kind)
{
	if (prepare(data, length) != DAMAGE_NONE)
		fail_msg("%s, kind %zu: refused", what, kind);
	if (prepared_bytes != jpeg_bytes || memcmp(prepared, jpeg, jpeg_bytes) != 0)
		fail_msg("%s, kind %zu: another picture", what, kind);
}

/* What follows the entropy-coded data instead of the end marker. */
static void a_missing_end_marker_is_appended_whatever_is_in_its_place(void **state)
{
	static uint8_t data[ROOM];
	static const uint8_t fills[] = {0x00, 0xff, 0x20, 0x80, 0xd9, 'j'};

	(void)state;
	for (size_t kind = 0; kind < KINDS; kind++) {
		make_jpeg(&kinds[kind]);
		size_t bytes = jpeg_bytes - 2;

		memcpy(data, jpeg, bytes);
		assert_restored(data, bytes, "nothing", kind);
		data[bytes] = 0xff;
		assert_restored(data, bytes + 1, "half a marker", kind);
		for (size_t i = 0; i < sizeof(fills); i++) {
			memset(data + bytes, fills[i], 5000);
			assert_restored(data, bytes + 5000, "many equal bytes", kind);
			assert_restored(data, bytes + 3, "three equal bytes", kind);
		}
		for (size_t i = 0; i < 5000; i++)
			data[bytes + i] = (uint8_t)(i % 2 ? 0xff : i);
		assert_restored(data, bytes + 5000, "markers that do not exist", kind);
		memcpy(data + bytes, jpeg, 600);
		assert_restored(data, bytes + 600, "the beginning of another picture", kind);
	}
}

static size_t put_bits(uint8_t *data, size_t length, const char *bits)
{
	for (; *bits; bits += 8) {
		uint8_t byte = 0;

		for (int i = 0; i < 8; i++)
			byte = (uint8_t)(byte << 1 | (bits[i] == '1'));
		data[length++] = byte;
		if (byte == 0xff)
			data[length++] = 0;
	}
	return length;
}

/* One block: a DC code of zeros, three runs of 16 zeros, and a last coefficient whose bits fill the last byte. */
static void a_stuffed_byte_at_the_end_is_not_padding(void **state)
{
	static const uint8_t header[] = {0xff, 0xc0, 0,    11, 8, 0,    8,    0, 8, 1, 1, 0x11, 0, 0xff, 0xc4,
					 0,    20,   0x00, 0,  0, 0,    0,    0, 0, 0, 1, 0,    0, 0,    0,
					 0,    0,    0,    0,  0, 0xff, 0xda, 0, 8, 1, 1, 0,    0, 63,   0};
	static const uint8_t quantization[] = {0xff, 0xd8, 0xff, 0xdb, 0, 67, 0}; /* and 64 values */
	uint8_t data[300] = {0};
	struct source_frame frame;
	size_t length;

	(void)state;
	memcpy(data, quantization, sizeof(quantization));
	memset(data + sizeof(quantization), 1, 64);
	memcpy(data + sizeof(quantization) + 64, header, sizeof(header));
	length = put_bits(data, sizeof(quantization) + 64 + sizeof(header),
			  "00000000"
			  "11111111001"
			  "11111111001"
			  "11111111001"
			  "1111111111110001"
			  "1111111");
	assert_memory_equal(data + length - 2, "\xff\x00", 2);
	for (size_t padding = 0; padding < 100; padding++) {
		assert_int_equal(mjpeg_frame_prepare(data, length + padding, &frame), DAMAGE_NONE);
		const struct iovec *scan = &frame.parts[frame.count - 2];
		assert_ptr_equal((const uint8_t *)scan->iov_base + scan->iov_len, data + length);
	}
	assert_int_equal(mjpeg_frame_prepare(data, length - 2, &frame), DAMAGE_TRUNCATED);
}

static void a_truncated_picture_is_refused_even_if_it_is_padded(void **state)
{
	static uint8_t data[ROOM];

	(void)state;
	for (size_t kind = 0; kind < KINDS; kind++) {
		make_jpeg(&kinds[kind]);
		for (size_t eighths = 1; eighths < 8; eighths++) {
			static const uint8_t fills[] = {0x00, 0xff, 0x20, 0x55, 0xa5};
			size_t bytes = 1000 + (jpeg_bytes - 1000) * eighths / 8;

			memcpy(data, jpeg, bytes);
			if (prepare(data, bytes) != DAMAGE_TRUNCATED)
				fail_msg("kind %zu, %zu eighths", kind, eighths);
			for (size_t i = 0; i < sizeof(fills); i++) {
				memset(data + bytes, fills[i], ROOM - bytes);
				if (prepare(data, ROOM) != DAMAGE_TRUNCATED)
					fail_msg("kind %zu, %zu eighths, then %02x", kind, eighths, fills[i]);
			}
		}
	}
}

/* A strip at the bottom edge is less of a loss than the whole picture. */
static void a_picture_that_lacks_a_few_bytes_is_taken(void **state)
{
	long warnings;

	(void)state;
	for (size_t kind = 0; kind < KINDS; kind++) {
		make_jpeg(&kinds[kind]);
		assert_int_equal(prepare(jpeg, jpeg_bytes - 2 - jpeg_bytes / 100), DAMAGE_NONE);
		assert_memory_equal(prepared + prepared_bytes - 2, "\xff\xd9", 2);
		decode(prepared, prepared_bytes, &warnings);
	}
}

static void damaged_codes_in_the_middle_are_not_taken_for_an_end(void **state)
{
	static uint8_t data[ROOM];
	uint32_t random = 1;
	unsigned accepted = 0;

	(void)state;
	make_jpeg(&kinds[0]);
	for (int round = 0; round < 300; round++) {
		size_t at = 700 + (size_t)round * (jpeg_bytes - 1000) / 300;

		memcpy(data, jpeg, jpeg_bytes - 2);
		for (size_t i = 0; i < 64; i++) {
			random = random * 1664525u + 1013904223u;
			data[at + i] = (uint8_t)(random >> 24) & 0x7f;
		}
		accepted += prepare(data, jpeg_bytes - 2) == DAMAGE_NONE;
	}
	assert_in_range(accepted, 0, 150);
}

/* Decoders skip them with a warning, which strict ones take for an error. */
static void bytes_between_two_segments_are_removed(void **state)
{
	static const char *const strays[] = {"\x01", "\x7f\x02\x03", "\0\0\0\0\0\0\0", "\xff\0\xff\0\0",
					     "a driver's version, for example"};
	static const size_t lengths[] = {1, 3, 7, 5, 31};
	static uint8_t data[ROOM];

	(void)state;
	for (size_t kind = 0; kind < KINDS; kind++)
		for (size_t i = 0; i < sizeof(strays) / sizeof(strays[0]); i++) {
			size_t length = lengths[i], tables_end = APP0_END + 69; /* of the first quantization table */

			make_jpeg(&kinds[kind]);
			memcpy(data, jpeg, APP0_END);
			memcpy(data + APP0_END, strays[i], length);
			memcpy(data + APP0_END + length, jpeg + APP0_END, jpeg_bytes - APP0_END);
			assert_restored(data, jpeg_bytes + length, "after JFIF", kind);
			memmove(data + tables_end + 2 * length, data + tables_end + length, jpeg_bytes - tables_end);
			memcpy(data + tables_end + length, strays[i], length);
			assert_restored(data, jpeg_bytes + 2 * length, "there too", kind);
		}
}

/* The first segment with that marker, behind its length. */
static uint8_t *payload_of(uint8_t *data, uint8_t marker)
{
	uint8_t *at = data + 2;

	while (at[1] != marker)
		at += 2 + (at[2] << 8 | at[3]);
	return at + 4;
}

/* libjpeg gives up on such pictures, and so do browsers and FFmpeg. */
static void a_header_that_no_decoder_accepts_is_refused(void **state)
{
	static const struct {
		uint8_t marker;
		unsigned at;
		uint8_t value;
	} cases[] = {
		{0xdb, 0, 0x20},  /* a quantization table of unknown precision */
		{0xdb, 0, 0x04},  /* the fifth table */
		{0xdb, 0, 0x03},  /* another table than the picture needs */
		{0xc4, 0, 0x20},  /* a Huffman table of an unknown class */
		{0xc4, 0, 0x04},  /* the fifth table */
		{0xc4, 1, 0x03},  /* three codes of one bit */
		{0xc4, 16, 0xff}, /* more codes than there is room for */
		{0xc4, 17, 0x10}, /* a DC difference of 16 bits */
		{0xc0, 8, 0x0f},  /* a component with an impossible quantization table */
		{0xc0, 7, 0x44},  /* more than ten blocks in an MCU */
		{0xc0, 10, 0x31}, /* chroma with two thirds of the resolution */
		{0xda, 2, 0x33},  /* a scan with Huffman tables that are not there */
		{0xda, 1, 0x09},  /* a scan of a component that is not there */
	};
	static uint8_t data[ROOM];

	(void)state;
	make_jpeg(&kinds[0]);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memcpy(data, jpeg, jpeg_bytes);
		payload_of(data, cases[i].marker)[cases[i].at] = cases[i].value;
		if (prepare(data, jpeg_bytes) != DAMAGE_NOT_JPEG)
			fail_msg("case %zu is accepted", i);
	}
}

static void too_many_bytes_between_two_segments_are_damage(void **state)
{
	static uint8_t data[ROOM];

	(void)state;
	make_jpeg(&kinds[0]);
	memcpy(data, jpeg, APP0_END);
	memcpy(data + APP0_END + 100, jpeg + APP0_END, jpeg_bytes - APP0_END);
	assert_int_equal(prepare(data, jpeg_bytes + 100), DAMAGE_NOT_JPEG);
}

static void bytes_before_the_picture_are_removed(void **state)
{
	static uint8_t data[ROOM];
	static const size_t leads[] = {1, 2, 7, 64, 1000};

	(void)state;
	make_jpeg(&kinds[0]);
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		for (unsigned fill = 0; fill < 256; fill += 51) {
			memset(data, (int)fill, leads[i]);
			memcpy(data + leads[i], jpeg, jpeg_bytes);
			assert_restored(data, leads[i] + jpeg_bytes, "with a lead", 0);
			assert_restored(data, leads[i] + jpeg_bytes - 2, "with a lead and without an end", 0);
		}
	memset(data, 0, 5000);
	memcpy(data + 5000, jpeg, jpeg_bytes);
	assert_int_equal(prepare(data, 5000 + jpeg_bytes), DAMAGE_NOT_JPEG);
	assert_int_equal(prepare(data, 0), DAMAGE_NOT_JPEG);
}

/* Removes those tables of the set from a picture of libjpeg, which writes one DHT per table. */
static size_t remove_tables(uint8_t *data, unsigned set, bool leave_empty)
{
	size_t length = jpeg_bytes;

	memcpy(data, jpeg, length);
	for (size_t at = 2; data[at + 1] != 0xda;) {
		size_t segment = 2 + (size_t)(data[at + 2] << 8 | data[at + 3]);
		unsigned number =
			data[at + 4] >> 4 ? JPEG_TABLE_AC(data[at + 4] & 15) : JPEG_TABLE_DC(data[at + 4] & 15);

		if (data[at + 1] != 0xc4 || !(set & 1u << number)) {
			at += segment;
			continue;
		}
		size_t left = leave_empty ? 4 : 0;
		memmove(data + at + left, data + at + segment, length - at - segment);
		length -= segment - left;
		if (leave_empty)
			data[at + 3] = 2;
		at += left;
	}
	return length;
}

static void each_missing_huffman_table_is_completed(void **state)
{
	static uint8_t data[ROOM];
	long warnings;

	(void)state;
	for (size_t kind = 0; kind < KINDS; kind++) {
		if (kinds[kind].optimized)
			continue; /* its tables are its own */
		make_jpeg(&kinds[kind]);
		uint64_t expected = decode(jpeg, jpeg_bytes, &warnings);

		for (unsigned set = 1; set < 16; set++)
			for (int empty = 0; empty < 2; empty++) {
				size_t length = remove_tables(data, set, empty);

				assert_int_equal(prepare(data, length), DAMAGE_NONE);
				struct jpeg_tables tables = {0};
				for (size_t at = 2; prepared[at + 1] != 0xda;) {
					size_t segment = 2 + (size_t)(prepared[at + 2] << 8 | prepared[at + 3]);
					if (prepared[at + 1] == 0xc4)
						jpeg_tables_read(&tables, prepared + at + 4, segment - 4);
					at += segment;
				}
				assert_int_equal(jpeg_tables_missing(&tables), kinds[kind].grey ? 12 : 0);
				assert_int_equal(decode(prepared, prepared_bytes, &warnings), expected);
				assert_int_equal(warnings, 0);
			}
	}
}

static void two_fields_in_one_frame_are_refused_as_such(void **state)
{
	static uint8_t data[ROOM];
	static const uint8_t avi1[] = {0xff, 0xe0, 0, 16, 'A', 'V', 'I', '1', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};

	(void)state;
	make_jpeg(&kinds[0]);
	for (size_t end = 0; end <= 2; end += 2) { /* with and without the end marker of the first field */
		size_t length = 0;

		for (int field = 1; field <= 2; field++) {
			memcpy(data + length, jpeg, 2);
			memcpy(data + length + 2, avi1, sizeof(avi1));
			data[length + 10] = (uint8_t)field;
			memcpy(data + length + 2 + sizeof(avi1), jpeg + APP0_END, jpeg_bytes - APP0_END - end);
			length += 2 + sizeof(avi1) + jpeg_bytes - APP0_END - end;
			if (field == 1)
				assert_int_equal(prepare(data, length), DAMAGE_NONE);
		}
		assert_int_equal(prepare(data, length), DAMAGE_FIELDS);
		data[10] = 0; /* not interlaced */
		assert_int_equal(prepare(data, length), DAMAGE_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_end_marker_is_appended_whatever_is_in_its_place),
		cmocka_unit_test(a_stuffed_byte_at_the_end_is_not_padding),
		cmocka_unit_test(a_truncated_picture_is_refused_even_if_it_is_padded),
		cmocka_unit_test(a_picture_that_lacks_a_few_bytes_is_taken),
		cmocka_unit_test(damaged_codes_in_the_middle_are_not_taken_for_an_end),
		cmocka_unit_test(bytes_between_two_segments_are_removed),
		cmocka_unit_test(a_header_that_no_decoder_accepts_is_refused),
		cmocka_unit_test(too_many_bytes_between_two_segments_are_damage),
		cmocka_unit_test(bytes_before_the_picture_are_removed),
		cmocka_unit_test(each_missing_huffman_table_is_completed),
		cmocka_unit_test(two_fields_in_one_frame_are_refused_as_such),
	};

	return cmocka_run_group_tests_name("mjpeg_frame", tests, NULL, NULL);
}
