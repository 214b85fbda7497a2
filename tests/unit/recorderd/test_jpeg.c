/* test_jpeg.c - what is known about a JPEG without decoding it, compared with libjpeg: recorderd/source/jpeg.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>

#include "recorderd/source/jpeg.h"
#include "recorderd/source/jpeg_tables.h"
#include "tests/unit/support/in_range.h"

#define WIDTH  96
#define HEIGHT 64

struct picture {
	uint8_t *data;
	size_t length;
};

struct properties {
	bool progressive, grey, full_chroma;
	unsigned restart_rows;
	const uint8_t *app; /* an APP1 segment's payload */
	unsigned app_length;
};

static void paint_row(uint8_t *row, unsigned y)
{
	for (unsigned i = 0; i < WIDTH * 3; i++)
		row[i] = (uint8_t)(i * 7 + y * 13 + (i * y) % 31);
}

static struct picture make_jpeg(struct properties wanted)
{
	struct jpeg_compress_struct codec;
	struct jpeg_error_mgr errors;
	unsigned char *data = NULL;
	unsigned long length = 0;
	uint8_t row[WIDTH * 3];

	codec.err = jpeg_std_error(&errors);
	jpeg_create_compress(&codec);
	jpeg_mem_dest(&codec, &data, &length);
	codec.image_width = WIDTH;
	codec.image_height = HEIGHT;
	codec.input_components = wanted.grey ? 1 : 3;
	codec.in_color_space = wanted.grey ? JCS_GRAYSCALE : JCS_RGB;
	jpeg_set_defaults(&codec);
	jpeg_set_quality(&codec, 85, TRUE);
	if (wanted.progressive)
		jpeg_simple_progression(&codec);
	if (wanted.full_chroma)
		codec.comp_info[0].h_samp_factor = codec.comp_info[0].v_samp_factor = 1;
	codec.restart_in_rows = (int)wanted.restart_rows;
	jpeg_start_compress(&codec, TRUE);
	if (wanted.app)
		jpeg_write_marker(&codec, JPEG_APP0 + 1, wanted.app, wanted.app_length);
	for (unsigned y = 0; y < HEIGHT; y++) {
		JSAMPROW rows[1] = {row};
		paint_row(row, y);
		jpeg_write_scanlines(&codec, rows, 1);
	}
	jpeg_finish_compress(&codec);
	jpeg_destroy_compress(&codec);

	/* In a block of exactly its size AddressSanitizer detects every read past its end. */
	struct picture picture = {malloc(length), length};
	assert_non_null(picture.data);
	memcpy(picture.data, data, length);
	free(data);
	return picture;
}

/* Returns a checksum of all samples. A warning of libjpeg (damaged data) fails the test. */
static uint64_t decode(const uint8_t *data, size_t length)
{
	struct jpeg_decompress_struct codec;
	struct jpeg_error_mgr errors;
	uint8_t row[WIDTH * 3];
	uint64_t sum = 0;

	codec.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&codec);
	jpeg_mem_src(&codec, data, length);
	assert_int_equal(jpeg_read_header(&codec, TRUE), JPEG_HEADER_OK);
	jpeg_start_decompress(&codec);
	while (codec.output_scanline < codec.output_height) {
		JSAMPROW rows[1] = {row};
		jpeg_read_scanlines(&codec, rows, 1);
		for (size_t i = 0; i < sizeof(row); i++)
			sum = sum * 31 + row[i];
	}
	jpeg_finish_decompress(&codec);
	assert_int_equal(codec.err->num_warnings, 0);
	jpeg_destroy_decompress(&codec);
	return sum;
}

/* Inspects a copy in a block of exactly its size. */
static bool inspect(const void *data, size_t length, struct jpeg_info *info)
{
	uint8_t *copy = malloc(length ? length : 1);

	assert_non_null(copy);
	memcpy(copy, data, length);
	bool complete = jpeg_inspect(copy, length, info);
	free(copy);
	return complete;
}

/* A copy of the picture with `part` inserted at `at`. */
static struct picture insert(struct picture picture, size_t at, const void *part, size_t length)
{
	struct picture longer = {malloc(picture.length + length), picture.length + length};

	assert_non_null(longer.data);
	memcpy(longer.data, picture.data, at);
	memcpy(longer.data + at, part, length);
	memcpy(longer.data + at + length, picture.data + at, picture.length - at);
	return longer;
}

/* Removes every DHT before the first SOS. */
static void strip_dht(struct picture *picture)
{
	size_t at = 2;

	while (picture->data[at + 1] != 0xda) {
		size_t segment = 2 + (size_t)(picture->data[at + 2] << 8 | picture->data[at + 3]);
		if (picture->data[at + 1] == 0xc4) {
			memmove(picture->data + at, picture->data + at + segment, picture->length - at - segment);
			picture->length -= segment;
		} else {
			at += segment;
		}
	}
}

static void size_and_sampling_are_read_from_the_picture(void **state)
{
	struct picture picture = make_jpeg((struct properties){0});
	struct jpeg_info info;

	(void)state;
	assert_true(jpeg_inspect(picture.data, picture.length, &info));
	assert_int_equal(info.length, picture.length);
	assert_int_equal(info.width, WIDTH);
	assert_int_equal(info.height, HEIGHT);
	assert_int_equal(info.components, 3);
	assert_int_equal(info.h_sampling, 2);
	assert_int_equal(info.v_sampling, 2);
	assert_int_equal(info.missing_tables, 0);
	assert_memory_equal(picture.data + info.sos_at, "\xff\xda", 2);
	free(picture.data);
}

static void every_valid_kind_of_jpeg_is_complete(void **state)
{
	static const struct properties variants[] = {
		{.grey = true},
		{.full_chroma = true},
		{.progressive = true},
		{.restart_rows = 1},
		{.progressive = true, .restart_rows = 1, .grey = true},
	};
	struct jpeg_info info;

	(void)state;
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		struct picture picture = make_jpeg(variants[i]);
		assert_true(jpeg_inspect(picture.data, picture.length, &info));
		assert_int_equal(info.length, picture.length);
		assert_int_equal(info.components, variants[i].grey ? 1 : 3);
		assert_int_equal(info.missing_tables, 0);
		free(picture.data);
	}
}

/* A baseline picture of 24 MCUs is complete without its end marker, and not without its last MCU. */
static void no_truncated_picture_is_complete(void **state)
{
	static const struct properties variants[] = {{0}, {.progressive = true}, {.restart_rows = 1}};
	struct jpeg_info info;

	(void)state;
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		struct picture picture = make_jpeg(variants[i]);
		for (size_t length = 0; length < picture.length; length++) {
			bool has_data = length >= picture.length - 2 && !variants[i].progressive;
			if (inspect(picture.data, length, &info) != has_data)
				fail_msg("the first %zu of %zu bytes", length, picture.length);
			assert_true(!has_data || (!info.has_end && info.length == picture.length - 2));
		}
		free(picture.data);
	}
}

static void a_truncated_picture_padded_with_zeros_is_not_complete(void **state)
{
	struct picture picture = make_jpeg((struct properties){0});
	struct jpeg_info info;

	(void)state;
	for (size_t length = picture.length - 1; length > 0; length--) {
		picture.data[length] = 0;
		assert_int_equal(jpeg_inspect(picture.data, picture.length, &info), length >= picture.length - 2);
	}
	free(picture.data);
}

static void padding_after_the_end_is_removed(void **state)
{
	static const uint8_t paddings[][4] = {
		{0, 0, 0, 0}, {0xff, 0xff, 0xff, 0xff}, {0xff, 0xd9, 0xff, 0xd9}, {'j', 'u', 'n', 'k'}};
	struct picture picture = make_jpeg((struct properties){0});
	struct jpeg_info info;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct picture padded = insert(picture, picture.length, paddings[i], 4);
		assert_true(jpeg_inspect(padded.data, padded.length, &info));
		assert_int_equal(info.length, picture.length);
		free(padded.data);
	}
	free(picture.data);
}

static void fill_bytes_may_precede_any_marker(void **state)
{
	static const uint8_t fill[] = {0xff, 0xff, 0xff};
	struct picture picture = make_jpeg((struct properties){0});
	struct jpeg_info info, filled_info;

	(void)state;
	assert_true(jpeg_inspect(picture.data, picture.length, &info));
	const size_t places[] = {2, info.sos_at, picture.length - 2};
	for (size_t i = 0; i < 3; i++) {
		struct picture filled = insert(picture, places[i], fill, sizeof(fill));
		assert_true(jpeg_inspect(filled.data, filled.length, &filled_info));
		assert_int_equal(filled_info.length, filled.length);
		assert_memory_equal(filled.data + filled_info.sos_at, "\xff\xda", 2);
		free(filled.data);
	}
	free(picture.data);
}

static void bytes_inside_a_segment_are_not_markers(void **state)
{
	/* SOF, DHT, SOS and EOI of a thumbnail in an Exif segment. */
	static const uint8_t app[] = {0xff, 0xd8, 0xff, 0xc0, 0x00, 0x0b, 0x08, 0x00, 0x01, 0x00, 0x01,
				      0x01, 0x01, 0x11, 0x00, 0xff, 0xc4, 0x00, 0x02, 0xff, 0xda, 0x00,
				      0x08, 0x01, 0x01, 0x00, 0x00, 0x3f, 0x00, 0xff, 0xd9};
	struct picture picture = make_jpeg((struct properties){.app = app, .app_length = sizeof(app)});
	struct jpeg_info info;

	(void)state;
	strip_dht(&picture);
	assert_true(jpeg_inspect(picture.data, picture.length, &info));
	assert_int_equal(info.length, picture.length);
	assert_int_equal(info.width, WIDTH);
	assert_int_equal(info.missing_tables, 15);
	free(picture.data);
}

static void the_standard_tables_restore_a_picture_without_tables(void **state)
{
	struct picture picture = make_jpeg((struct properties){0});
	struct jpeg_info info;

	(void)state;
	uint64_t before = decode(picture.data, picture.length);
	strip_dht(&picture);
	assert_true(jpeg_inspect(picture.data, picture.length, &info));
	assert_int_equal(info.missing_tables, 15);
	struct picture restored = picture;
	for (unsigned i = JPEG_STANDARD_TABLES; i-- > 0;) {
		size_t length;
		const uint8_t *dht = jpeg_standard_dht(i, &length);
		struct picture longer = insert(restored, info.sos_at, dht, length);
		free(restored.data);
		restored = longer;
	}
	assert_true(jpeg_inspect(restored.data, restored.length, &info));
	assert_int_equal(info.missing_tables, 0);
	assert_int_equal(decode(restored.data, restored.length), before);
	free(restored.data);
}

/* libjpeg's decoder has standard tables of its own, so this compares each byte with those of its encoder. */
static void the_standard_tables_are_those_that_libjpeg_writes(void **state)
{
	struct picture picture = make_jpeg((struct properties){0});
	unsigned compared = 0;
	size_t at = 2, length;

	(void)state;
	while (picture.data[at + 1] != 0xda) {
		size_t segment = 2 + (size_t)(picture.data[at + 2] << 8 | picture.data[at + 3]);
		if (picture.data[at + 1] == 0xc4) {
			const uint8_t *dht = jpeg_standard_dht(compared++, &length);
			assert_int_equal(length, segment);
			assert_memory_equal(dht, picture.data + at, segment);
		}
		at += segment;
	}
	assert_int_equal(compared, JPEG_STANDARD_TABLES);
	free(picture.data);
}

static void tables_after_the_first_scan_do_not_count_for_it(void **state)
{
	struct picture picture = make_jpeg((struct properties){.progressive = true});
	struct jpeg_info info;

	(void)state;
	strip_dht(&picture);
	assert_true(jpeg_inspect(picture.data, picture.length, &info));
	assert_int_equal(info.missing_tables, 15);
	free(picture.data);
}

/* The sanitizers detect reads outside of the data; the test checks that the results are inside of it. */
static void damaged_pictures_never_cause_reads_outside_the_data(void **state)
{
	static const struct properties variants[] = {{0}, {.progressive = true}};
	uint32_t random = 7;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct picture picture = make_jpeg(variants[i]);
		for (int round = 0; round < 20000; round++) {
			struct jpeg_info info;
			uint8_t before[4];
			size_t at[4];

			for (int flip = 0; flip < 4; flip++) {
				random = random * 1664525u + 1013904223u;
				size_t range = flip < 2 ? 700 : picture.length; /* mostly the headers */
				at[flip] = (random >> 8) % (range < picture.length ? range : picture.length);
				before[flip] = picture.data[at[flip]];
				picture.data[at[flip]] = flip % 2 ? 0xff : (uint8_t)(random >> 3);
			}
			if (jpeg_inspect(picture.data, picture.length, &info)) {
				assert_int_in_range(info.length, 4, picture.length);
				assert_int_in_range(info.sos_at, 2, info.length - 3);
				assert_true(info.width > 0 && info.height > 0);
				if (info.has_end)
					assert_memory_equal(picture.data + info.length - 2, "\xff\xd9", 2);
			}
			for (int flip = 3; flip >= 0; flip--)
				picture.data[at[flip]] = before[flip];
		}
		free(picture.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_and_sampling_are_read_from_the_picture),
		cmocka_unit_test(every_valid_kind_of_jpeg_is_complete),
		cmocka_unit_test(no_truncated_picture_is_complete),
		cmocka_unit_test(a_truncated_picture_padded_with_zeros_is_not_complete),
		cmocka_unit_test(padding_after_the_end_is_removed),
		cmocka_unit_test(fill_bytes_may_precede_any_marker),
		cmocka_unit_test(bytes_inside_a_segment_are_not_markers),
		cmocka_unit_test(the_standard_tables_restore_a_picture_without_tables),
		cmocka_unit_test(the_standard_tables_are_those_that_libjpeg_writes),
		cmocka_unit_test(tables_after_the_first_scan_do_not_count_for_it),
		cmocka_unit_test(damaged_pictures_never_cause_reads_outside_the_data),
	};

	return cmocka_run_group_tests_name("jpeg", tests, NULL, NULL);
}
