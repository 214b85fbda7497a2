/* test_jpeg_rewriter.c - a JPEG is turned and masked, all other coefficients stay, and what is not sure is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>

#include "recorderd/rewrite/jpeg_rewriter.h"
#include "recorderd/rewrite/mask_blocks.h"

#define WIDTH   150 /* neither is a multiple of any MCU */
#define HEIGHT  90
#define ROOM    (256u << 10)
#define ROUNDED 4 /* an inverse DCT does not round alike in both directions, and colours are made of two such values */

struct kind {
	int components, h, v; /* sampling factors of the first component */
	J_COLOR_SPACE space;
	unsigned restart;
	int quality;
};

static const struct kind kinds[] = {
	{3, 2, 2, JCS_YCbCr, 0, 75},    {3, 2, 1, JCS_YCbCr, 7, 90}, {3, 1, 1, JCS_YCbCr, 0, 100},
	{3, 4, 1, JCS_YCbCr, 3, 60},    {3, 1, 2, JCS_YCbCr, 0, 30}, {1, 1, 1, JCS_GRAYSCALE, 5, 85},
	{1, 2, 2, JCS_GRAYSCALE, 0, 5}, {3, 1, 1, JCS_RGB, 0, 80},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct orientation upright;
static uint8_t made[ROOM], masked[ROOM];

/* A picture without a dark pixel. */
static void paint(JSAMPROW row, unsigned line)
{
	for (unsigned i = 0; i < 3 * WIDTH; i++)
		row[i] = (uint8_t)(120 + (i * 37 + line * 91 + i * line) % 130);
}

static size_t make(const struct kind *kind, bool progressive)
{
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr errors;
	uint8_t line[3 * WIDTH], *out = NULL;
	unsigned long length = 0;
	JSAMPROW row = line;

	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_compress(&jpeg);
	jpeg_mem_dest(&jpeg, &out, &length);
	jpeg.image_width = WIDTH;
	jpeg.image_height = HEIGHT;
	jpeg.input_components = 3;
	jpeg.in_color_space = JCS_RGB;
	jpeg_set_defaults(&jpeg);
	jpeg_set_colorspace(&jpeg, kind->space);
	jpeg_set_quality(&jpeg, kind->quality, TRUE);
	jpeg.comp_info[0].h_samp_factor = kind->h;
	jpeg.comp_info[0].v_samp_factor = kind->v;
	jpeg.restart_interval = kind->restart;
	if (progressive)
		jpeg_simple_progression(&jpeg);
	jpeg_start_compress(&jpeg, TRUE);
	jpeg_write_marker(&jpeg, JPEG_COM, (const JOCTET *)"a comment", 9);
	jpeg_write_marker(&jpeg, JPEG_APP0 + 1, (const JOCTET *)"Exif with a picture", 19);
	while (jpeg.next_scanline < HEIGHT) {
		paint(row, jpeg.next_scanline);
		jpeg_write_scanlines(&jpeg, &row, 1);
	}
	jpeg_finish_compress(&jpeg);
	jpeg_destroy_compress(&jpeg);
	assert_true(length < sizeof(made));
	memcpy(made, out, length);
	free(out);
	return length;
}

static struct privacy_mask mask_of(const char *area)
{
	struct privacy_mask mask = {.count = 1};
	struct reason why;

	assert_true(motion_area_parse("area", area, &mask.areas[0], &why));
	return mask;
}

static size_t run(const struct privacy_mask *mask, size_t length)
{
	struct jpeg_rewriter *rewriter = jpeg_rewriter_create(mask, upright);
	uint8_t *exact = malloc(length);

	assert_non_null(rewriter);
	memcpy(exact, made, length);
	size_t result = jpeg_rewriter_run(rewriter, exact, length, masked, sizeof(masked));
	free(exact);
	jpeg_rewriter_destroy(rewriter);
	return result;
}

/* Red, green and blue of every pixel. */
static void decode(const uint8_t *data, size_t length, uint8_t out[HEIGHT][WIDTH][3])
{
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;

	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&jpeg);
	jpeg_mem_src(&jpeg, data, length);
	jpeg_read_header(&jpeg, TRUE);
	jpeg.out_color_space = JCS_RGB;
	jpeg.do_fancy_upsampling = FALSE; /* a block depends on no other */
	jpeg_start_decompress(&jpeg);
	assert_int_equal(jpeg.output_width, WIDTH);
	assert_int_equal(jpeg.output_height, HEIGHT);
	while (jpeg.output_scanline < HEIGHT) {
		JSAMPROW row = out[jpeg.output_scanline][0];
		jpeg_read_scanlines(&jpeg, &row, 1);
	}
	jpeg_finish_decompress(&jpeg);
	assert_int_equal(errors.num_warnings, 0);
	jpeg_destroy_decompress(&jpeg);
}

/* The MCU of such a picture, in pixels. */
static void mcu_of(const struct kind *kind, unsigned *width, unsigned *height)
{
	*width = kind->components == 1 ? 8 : 8 * (unsigned)kind->h;
	*height = kind->components == 1 ? 8 : 8 * (unsigned)kind->v;
}

static void expect_only_masked_blocks_black(const struct kind *kind, const struct privacy_mask *mask, size_t length)
{
	static uint8_t before[HEIGHT][WIDTH][3], after[HEIGHT][WIDTH][3];
	static const uint8_t black[3];
	struct mask_blocks blocks = {0};
	unsigned width, height, masked_pixels = 0;

	mcu_of(kind, &width, &height);
	assert_true(mask_blocks_make(&blocks, mask, WIDTH, HEIGHT, width, height));
	decode(made, length, before);
	size_t result = run(mask, length);
	assert_true(result > 0);
	decode(masked, result, after);
	for (unsigned y = 0; y < HEIGHT; y++)
		for (unsigned x = 0; x < WIDTH; x++) {
			bool is_masked = mask_blocks_has(&blocks, x / width, y / height);
			masked_pixels += is_masked;
			assert_memory_equal(after[y][x], is_masked ? black : before[y][x], 3);
		}
	assert_true(masked_pixels > 0 && masked_pixels < WIDTH * HEIGHT);
	mask_blocks_free(&blocks);
}

static void only_what_is_masked_is_black_in_every_kind_of_picture(void **state)
{
	static const char *const areas[] = {"0.2,0.3,0.25,0.3", "0,0,0.01,0.01", "0.8,0.7,0.2,0.3",
					    "0.1,0.1,0.9,0.2,0.3,0.9"};

	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (size_t k = 0; k < sizeof(areas) / sizeof(areas[0]); k++) {
			struct privacy_mask mask = mask_of(areas[k]);
			expect_only_masked_blocks_black(&kinds[i], &mask, make(&kinds[i], false));
		}
}

static void a_block_is_masked_if_a_mask_touches_it(void **state)
{
	struct privacy_mask mask = mask_of("0.25,0.25,0.5,0.5");
	struct mask_blocks blocks = {0};

	(void)state;
	assert_true(mask_blocks_make(&blocks, &mask, 128, 64, 16, 8));
	assert_int_equal(blocks.columns * blocks.rows, 64);
	assert_false(mask_blocks_has(&blocks, 1, 3));
	assert_true(mask_blocks_has(&blocks, 2, 2));
	assert_true(mask_blocks_has(&blocks, 5, 5));
	assert_false(mask_blocks_has(&blocks, 6, 5));
	assert_true(mask_blocks_make(&blocks, &mask, 126, 62, 16, 8)); /* its edges are within blocks now */
	assert_true(mask_blocks_has(&blocks, 1, 3));
	assert_true(mask_blocks_has(&blocks, 5, 1));
	assert_false(mask_blocks_has(&blocks, 0, 3));
	mask_blocks_free(&blocks);
}

static bool contains(const char *text, size_t length)
{
	return memmem(masked, length, text, strlen(text)) != NULL;
}

static void comments_and_restart_markers_stay_and_other_pictures_do_not(void **state)
{
	struct privacy_mask mask = mask_of("0,0,0.5,0.5");
	size_t length = run(&mask, make(&kinds[1], false));

	(void)state;
	assert_true(length > 0);
	assert_true(contains("a comment", length));
	assert_true(contains("\xff\xdd", length));
	assert_true(contains("\xff\xd3", length));
	assert_false(contains("Exif", length));
}

static void the_whole_picture_can_be_masked(void **state)
{
	static uint8_t after[HEIGHT][WIDTH][3];
	struct privacy_mask mask = mask_of("0,0,1,1");
	size_t length = run(&mask, make(&kinds[0], false));

	(void)state;
	assert_true(length > 0);
	decode(masked, length, after);
	for (size_t i = 0; i < sizeof(after); i++)
		assert_int_equal(((uint8_t *)after)[i], 0);
}

static void what_may_be_elsewhere_than_it_seems_is_refused(void **state)
{
	struct privacy_mask mask = mask_of("0.5,0.5,0.2,0.2");
	size_t length = make(&kinds[0], false), at = length / 2;

	(void)state;
	assert_true(run(&mask, length) > 0);
	memmove(made + at, made + at + 400, length - at - 400); /* a packet was lost */
	assert_int_equal(run(&mask, length - 400), 0);
	length = make(&kinds[1], false);
	assert_int_equal(run(&mask, length * 2 / 3), 0);
	length = make(&kinds[1], false);
	uint8_t *restart = memmem(made, length, "\xff\xd2", 2);
	assert_non_null(restart);
	restart[1] = 0xd5;
	assert_int_equal(run(&mask, length), 0);
	length = make(&kinds[0], true); /* progressive */
	assert_int_equal(run(&mask, length), 0);
	assert_int_equal(run(&mask, 3), 0);
}

/* A quantizer of 0 leaves no value that is black. */
static void a_picture_that_cannot_be_black_is_refused(void **state)
{
	struct privacy_mask mask = mask_of("0.5,0.5,0.2,0.2");
	size_t length = make(&kinds[0], false);
	uint8_t *table = memmem(made, length, "\xff\xdb", 2);

	(void)state;
	assert_non_null(table);
	table[5] = 0;
	assert_int_equal(run(&mask, length), 0);
}

/* The grey values of a picture of any size. */
static uint8_t *decode_any(const uint8_t *data, size_t length, unsigned *width, unsigned *height)
{
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;

	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&jpeg);
	jpeg_mem_src(&jpeg, data, length);
	jpeg_read_header(&jpeg, TRUE);
	jpeg.out_color_space = JCS_RGB;
	jpeg.do_fancy_upsampling = FALSE;
	jpeg_start_decompress(&jpeg);
	*width = jpeg.output_width;
	*height = jpeg.output_height;
	uint8_t *out = malloc((size_t)*width * *height * 3);
	while (jpeg.output_scanline < jpeg.output_height) {
		JSAMPROW row = out + (size_t)jpeg.output_scanline * *width * 3;
		jpeg_read_scanlines(&jpeg, &row, 1);
	}
	jpeg_finish_decompress(&jpeg);
	assert_int_equal(errors.num_warnings, 0);
	jpeg_destroy_decompress(&jpeg);
	return out;
}

static size_t turn(const struct privacy_mask *mask, struct orientation orientation, size_t length)
{
	struct jpeg_rewriter *rewriter = jpeg_rewriter_create(mask, orientation);
	size_t result = jpeg_rewriter_run(rewriter, made, length, masked, sizeof(masked));

	jpeg_rewriter_destroy(rewriter);
	assert_true(result > 0);
	return result;
}

/* Where the pixel of a turned picture is in the camera's. `width` and `height` are those of the turned one. */
static size_t pixel_at(struct orientation orientation, unsigned x, unsigned y, unsigned width, unsigned height)
{
	unsigned column = orientation.mirrored_x ? width - 1 - x : x,
		 line = orientation.mirrored_y ? height - 1 - y : y;

	return orientation.transposed ? ((size_t)column * WIDTH + line) * 3 : ((size_t)line * WIDTH + column) * 3;
}

static void expect_turned(const struct kind *kind, struct orientation orientation)
{
	static const struct privacy_mask none;
	static uint8_t before[HEIGHT][WIDTH][3];
	unsigned width, height, mcu_width, mcu_height;
	size_t length = make(kind, false);

	mcu_of(kind, &mcu_width, &mcu_height);
	decode(made, length, before);
	uint8_t *after = decode_any(masked, turn(&none, orientation, length), &width, &height);
	unsigned full_width = orientation.transposed ? HEIGHT : WIDTH,
		 full_height = orientation.transposed ? WIDTH : HEIGHT;
	unsigned across = orientation.transposed ? mcu_height : mcu_width,
		 down = orientation.transposed ? mcu_width : mcu_height;
	assert_int_equal(width, orientation.mirrored_x ? full_width / across * across : full_width);
	assert_int_equal(height, orientation.mirrored_y ? full_height / down * down : full_height);
	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++)
			for (int i = 0; i < 3; i++) {
				int shown = after[((size_t)y * width + x) * 3 + (unsigned)i];
				int wanted =
					((uint8_t *)before)[pixel_at(orientation, x, y, width, height) + (unsigned)i];
				assert_true(abs(shown - wanted) <= ROUNDED);
			}
	free(after);
}

static void a_picture_is_turned_without_a_loss(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (unsigned bits = 0; bits < 8; bits++)
			expect_turned(&kinds[i], (struct orientation){bits & 1, bits & 2, bits & 4});
}

static void rotating_is_clockwise_and_flipping_comes_after_it(void **state)
{
	static struct config config;
	struct orientation turned;

	(void)state;
	assert_true(orientation_is_upright(orientation_of(&config)));
	config.camera.rotate = ROTATE_90;
	turned = orientation_of(&config);
	assert_int_equal(pixel_at(turned, 0, 0, HEIGHT, WIDTH), (HEIGHT - 1) * WIDTH * 3); /* the bottom left corner */
	assert_int_equal(pixel_at(turned, HEIGHT - 1, 0, HEIGHT, WIDTH), 0);
	config.camera.flip = FLIP_VERTICAL;
	turned = orientation_of(&config);
	assert_int_equal(pixel_at(turned, 0, WIDTH - 1, HEIGHT, WIDTH), (HEIGHT - 1) * WIDTH * 3);
	config.camera.rotate = ROTATE_180;
	config.camera.flip = FLIP_HORIZONTAL;
	turned = orientation_of(&config);
	assert_false(turned.transposed || turned.mirrored_x);
	assert_true(turned.mirrored_y);
	config.camera.rotate = ROTATE_270;
	config.camera.flip = FLIP_NONE;
	turned = orientation_of(&config);
	assert_int_equal(pixel_at(turned, 0, 0, HEIGHT, WIDTH), (WIDTH - 1) * 3); /* the top right corner */
}

static void a_mask_is_that_of_the_turned_picture(void **state)
{
	struct privacy_mask mask = mask_of("0,0,0.4,0.3");
	const struct orientation turned = {true, true, false}; /* 90 degrees */
	unsigned width, height;
	size_t length = make(&kinds[0], false);
	uint8_t *after = decode_any(masked, turn(&mask, turned, length), &width, &height);

	(void)state;
	assert_int_equal(height, WIDTH);
	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++) {
			bool is_black = x < (width * 4 / 10 + 15) / 16 * 16 && y < (height * 3 / 10 + 15) / 16 * 16;
			assert_true((after[((size_t)y * width + x) * 3] == 0) == is_black);
		}
	free(after);
}

/* Without a mask there is nothing to be hidden. */
static void a_damaged_picture_is_turned_all_the_same(void **state)
{
	static const struct privacy_mask none;
	const struct orientation turned = {false, true, true};
	size_t length = make(&kinds[0], false), at = length / 2;

	(void)state;
	memmove(made + at, made + at + 400, length - at - 400);
	assert_true(turn(&none, turned, length - 400) > 0);
}

/* The first DC coefficient is 2047, and so are the others, whose data is missing. */
static void values_that_no_picture_has_are_refused(void **state)
{
	static const struct privacy_mask none;
	static const uint8_t scan[] = {0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0,
				       /* category 11 (111111110), +2047, end of block (1010) */
				       0xff, 0x00, 0x7f, 0xfa, 0xff, 0xd9};
	struct jpeg_rewriter *rewriter = jpeg_rewriter_create(&none, (struct orientation){false, true, true});
	const struct kind grey = {1, 1, 1, JCS_GRAYSCALE, 0, 85};
	size_t length = make(&grey, false);
	uint8_t *at = memmem(made, length, "\xff\xda", 2);

	(void)state;
	assert_non_null(at);
	memcpy(at, scan, sizeof(scan));
	length = (size_t)(at - made) + sizeof(scan);
	assert_int_equal(jpeg_rewriter_run(rewriter, made, length, masked, sizeof(masked)), 0);
	jpeg_rewriter_destroy(rewriter);
}

static void padding_before_the_end_does_no_harm(void **state)
{
	struct privacy_mask mask = mask_of("0.5,0.5,0.2,0.2");
	size_t length = make(&kinds[0], false);

	(void)state;
	memcpy(made + length - 2, "\0\0\0\xff\xd9", 5);
	assert_true(run(&mask, length + 3) > 0);
}

static void a_small_buffer_is_an_error_and_the_masker_still_works(void **state)
{
	struct privacy_mask mask = mask_of("0.5,0.5,0.2,0.2");
	size_t length = make(&kinds[0], false);
	struct jpeg_rewriter *rewriter = jpeg_rewriter_create(&mask, upright);

	(void)state;
	assert_true(jpeg_rewriter_room_bytes(length) <= sizeof(masked));
	assert_int_equal(jpeg_rewriter_run(rewriter, made, length, masked, 700), 0);
	assert_int_equal(jpeg_rewriter_run(rewriter, made, length / 2, masked, sizeof(masked)), 0);
	assert_true(jpeg_rewriter_run(rewriter, made, length, masked, jpeg_rewriter_room_bytes(length)) > 0);
	length = make(&kinds[5], false); /* another kind of picture, with other blocks */
	assert_true(jpeg_rewriter_run(rewriter, made, length, masked, jpeg_rewriter_room_bytes(length)) > 0);
	jpeg_rewriter_destroy(rewriter);
}

static void masks_are_read_and_told_apart(void **state)
{
	static struct config config, other;
	struct privacy_mask mask;
	struct reason why;

	(void)state;
	snprintf(config.file, sizeof(config.file), "door.ini");
	assert_true(privacy_mask_read(&config, &mask, &why));
	assert_int_equal(mask.count, 0);
	assert_true(config_mask_id(&config) == 0);
	config.mask_count = 1;
	config.masks[0] = (struct config_mask){"street", "0.5,0,0.5,0.2"};
	assert_true(privacy_mask_read(&config, &mask, &why));
	assert_int_equal(mask.count, 1);
	other = config;
	snprintf(other.masks[0].name, sizeof(other.masks[0].name), "road");
	assert_true(config_mask_id(&config) != 0 && config_mask_id(&config) == config_mask_id(&other));
	snprintf(other.masks[0].area, sizeof(other.masks[0].area), "0.5,0,0.5,0.3");
	assert_true(config_mask_id(&config) != config_mask_id(&other));
	other = config;
	other.camera.rotate = ROTATE_180;
	assert_true(config_mask_id(&config) != config_mask_id(&other));
	snprintf(other.masks[0].name, sizeof(other.masks[0].name), "road");
	snprintf(other.masks[0].area, sizeof(other.masks[0].area), "0.5,0,0.6,0.3");
	assert_false(privacy_mask_check(&other, &why));
	assert_non_null(strstr(why.text, "door.ini: [mask] road= reaches past the edge"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_masked_is_black_in_every_kind_of_picture),
		cmocka_unit_test(a_block_is_masked_if_a_mask_touches_it),
		cmocka_unit_test(comments_and_restart_markers_stay_and_other_pictures_do_not),
		cmocka_unit_test(the_whole_picture_can_be_masked),
		cmocka_unit_test(what_may_be_elsewhere_than_it_seems_is_refused),
		cmocka_unit_test(a_picture_that_cannot_be_black_is_refused),
		cmocka_unit_test(a_picture_is_turned_without_a_loss),
		cmocka_unit_test(rotating_is_clockwise_and_flipping_comes_after_it),
		cmocka_unit_test(a_mask_is_that_of_the_turned_picture),
		cmocka_unit_test(a_damaged_picture_is_turned_all_the_same),
		cmocka_unit_test(values_that_no_picture_has_are_refused),
		cmocka_unit_test(padding_before_the_end_does_no_harm),
		cmocka_unit_test(a_small_buffer_is_an_error_and_the_masker_still_works),
		cmocka_unit_test(masks_are_read_and_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
