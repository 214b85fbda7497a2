/* test_picture.c - which pictures are decoded, and to what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jpeglib.h>

#include "motion/picture.h"

struct shape {
	unsigned width, height;
	bool grey, progressive, arithmetic, rgb;
	int scans; /* 0: as libjpeg likes */
};

struct picture {
	uint8_t *data; /* libjpeg's */
	unsigned long length;
};

static const jpeg_scan_info three_scans[] = {{1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};

/* The left half has the level 40, the right half 200. */
static struct picture encode(const struct shape *shape)
{
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr errors;
	struct picture out = {0};
	uint8_t row[3 * 8192];
	unsigned components = shape->grey ? 1 : 3;

	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_compress(&jpeg);
	jpeg_mem_dest(&jpeg, &out.data, &out.length);
	jpeg.image_width = shape->width;
	jpeg.image_height = shape->height;
	jpeg.input_components = (int)components;
	jpeg.in_color_space = shape->grey ? JCS_GRAYSCALE : JCS_RGB;
	jpeg_set_defaults(&jpeg);
	if (shape->rgb)
		jpeg_set_colorspace(&jpeg, JCS_RGB);
	if (shape->progressive)
		jpeg_simple_progression(&jpeg);
	if (shape->scans) {
		jpeg.num_scans = shape->scans;
		jpeg.scan_info = three_scans;
	}
	jpeg.arith_code = shape->arithmetic;
	jpeg_start_compress(&jpeg, TRUE);
	for (unsigned x = 0; x < shape->width; x++)
		memset(row + components * x, x < shape->width / 2 ? 40 : 200, components);
	for (unsigned y = 0; y < shape->height; y++)
		jpeg_write_scanlines(&jpeg, &(JSAMPROW){row}, 1);
	jpeg_finish_compress(&jpeg);
	jpeg_destroy_compress(&jpeg);
	return out;
}

struct result {
	enum picture_outcome outcome;
	struct plane_size size;
	float luma[PLANE_PIXELS_MAX];
};

static void decode(const struct picture *picture, unsigned width, unsigned height, struct result *out)
{
	struct picture_decoder *decoder = picture_decoder_create();

	assert_non_null(decoder);
	out->outcome = picture_decode(decoder, picture->data, picture->length, width, height, out->luma, &out->size);
	picture_decoder_destroy(decoder);
}

static void decode_shape(const struct shape *shape, struct result *out)
{
	struct picture picture = encode(shape);

	decode(&picture, shape->width, shape->height, out);
	free(picture.data);
}

static void test_a_picture_becomes_about_160_wide(void **state)
{
	static const struct {
		unsigned width, height;
		struct plane_size size;
	} cases[] = {{1280, 720, {160, 90}}, {1920, 1080, {160, 90}}, {640, 480, {160, 120}}, {320, 180, {160, 90}},
		     {720, 1280, {90, 160}}, {800, 600, {160, 120}},  {96, 64, {96, 64}},     {3840, 2160, {160, 90}}};
	struct result result;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		decode_shape(&(struct shape){.width = cases[i].width, .height = cases[i].height}, &result);
		assert_int_equal(result.outcome, PICTURE_OK);
		assert_int_equal(result.size.width, cases[i].size.width);
		assert_int_equal(result.size.height, cases[i].size.height);
		int row = result.size.height / 2 * result.size.width;
		assert_in_range(result.luma[row + 2], 38, 42);
		assert_in_range(result.luma[row + result.size.width - 3], 198, 202);
	}
}

static void test_grey_pictures_are_decoded(void **state)
{
	struct result result;

	(void)state;
	decode_shape(&(struct shape){.width = 640, .height = 360, .grey = true}, &result);
	assert_int_equal(result.outcome, PICTURE_OK);
	assert_in_range(result.luma[0], 38, 42);
}

static void test_other_kinds_of_jpeg_are_refused(void **state)
{
	static const struct shape shapes[] = {
		{.width = 640, .height = 360, .progressive = true},
		{.width = 640, .height = 360, .scans = 3},
		{.width = 640, .height = 360, .rgb = true},
#ifdef C_ARITH_CODING_SUPPORTED
		{.width = 640, .height = 360, .arithmetic = true},
#endif
	};
	struct result result;

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		decode_shape(&shapes[i], &result);
		assert_int_equal(result.outcome, PICTURE_UNSUPPORTED);
	}
}

static void test_another_size_than_the_rings_is_refused(void **state)
{
	struct picture picture = encode(&(struct shape){.width = 640, .height = 360});
	struct result result;

	(void)state;
	decode(&picture, 640, 368, &result);
	assert_int_equal(result.outcome, PICTURE_OTHER_SIZE);
	free(picture.data);
}

static void test_a_picture_that_ends_too_early_is_damaged(void **state)
{
	struct picture picture = encode(&(struct shape){.width = 640, .height = 360});
	struct result result;

	(void)state;
	picture.length = picture.length * 3 / 4;
	decode(&picture, 640, 360, &result);
	assert_int_equal(result.outcome, PICTURE_DAMAGED);
	picture.length = 0;
	decode(&picture, 640, 360, &result);
	assert_int_equal(result.outcome, PICTURE_DAMAGED);
	free(picture.data);
}

/* A decoder goes on after any outcome. */
static void test_a_good_picture_after_bad_ones_is_decoded(void **state)
{
	struct picture good = encode(&(struct shape){.width = 640, .height = 360});
	struct picture progressive = encode(&(struct shape){.width = 640, .height = 360, .progressive = true});
	struct picture_decoder *decoder = picture_decoder_create();
	static float luma[PLANE_PIXELS_MAX];
	struct plane_size size;

	(void)state;
	for (int i = 0; i < 3; i++) {
		picture_decode(decoder, progressive.data, progressive.length, 640, 360, luma, &size);
		picture_decode(decoder, good.data, good.length / 2, 640, 360, luma, &size);
		assert_int_equal(picture_decode(decoder, good.data, good.length, 640, 360, luma, &size), PICTURE_OK);
	}
	picture_decoder_destroy(decoder);
	free(good.data);
	free(progressive.data);
}

static void test_every_problem_has_a_sentence(void **state)
{
	(void)state;
	assert_null(picture_problem(PICTURE_OK));
	for (int outcome = PICTURE_DAMAGED; outcome <= PICTURE_NO_MEMORY; outcome++)
		assert_non_null(picture_problem((enum picture_outcome)outcome));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_picture_becomes_about_160_wide),
		cmocka_unit_test(test_grey_pictures_are_decoded),
		cmocka_unit_test(test_other_kinds_of_jpeg_are_refused),
		cmocka_unit_test(test_another_size_than_the_rings_is_refused),
		cmocka_unit_test(test_a_picture_that_ends_too_early_is_damaged),
		cmocka_unit_test(test_a_good_picture_after_bad_ones_is_decoded),
		cmocka_unit_test(test_every_problem_has_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
