/* test_jpeg_pool.c - uncompressed pictures become JPEGs with the same colours, in the order of submission. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>

#include "recorderd/rawjpeg/jpeg_compressor.h"
#include "recorderd/rawjpeg/jpeg_pool.h"
#include "tests/unit/support/colour_bars.h"
#include "tests/unit/support/in_range.h"

#define TOLERANCE 4

static struct v4l2_pix_format pix_of(uint32_t fourcc)
{
	return (struct v4l2_pix_format){
		.pixelformat = fourcc, .width = WIDTH, .height = HEIGHT, .bytesperline = STRIDE};
}

/* Decodes like every player: full range, BT.601, R'G'B'. */
static void decode(const uint8_t *jpeg, size_t length, uint8_t out[HEIGHT][WIDTH][3])
{
	struct jpeg_decompress_struct decoder;
	struct jpeg_error_mgr errors;

	decoder.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&decoder);
	jpeg_mem_src(&decoder, jpeg, length);
	jpeg_read_header(&decoder, TRUE);
	decoder.out_color_space = JCS_RGB;
	jpeg_start_decompress(&decoder);
	assert_int_equal(decoder.output_width, WIDTH);
	assert_int_equal(decoder.output_height, HEIGHT);
	for (int line = 0; line < HEIGHT; line++) {
		JSAMPROW row = out[line][0];
		jpeg_read_scanlines(&decoder, &row, 1);
	}
	jpeg_finish_decompress(&decoder);
	jpeg_destroy_decompress(&decoder);
}

/* Looks at the middle of each bar, which ringing and subsampling do not affect. */
static void expect_bars(uint8_t picture[HEIGHT][WIDTH][3], bool grey, int tolerance)
{
	static const struct colour_system jpeg_system = {0.299, 0.114, true};

	for (int line = 0; line < HEIGHT; line += HEIGHT - 1)
		for (int bar = 0; bar < 9; bar++)
			for (int i = 0; i < 3; i++) {
				int x = bar == 8 ? WIDTH - 1 : bar * 8 + 4;
				int expected = grey ? colour_component(colour_bars[bar], &jpeg_system, 0)
						    : (int)(colour_bars[bar][i] * 255 + .5);
				assert_int_in_range(picture[line][x][i] + 255, expected + 255 - tolerance,
						    expected + 255 + tolerance);
			}
}

static void expect_colours(const struct v4l2_pix_format *pix, const struct colour_system *system)
{
	static uint8_t data[ROOM], decoded[HEIGHT][WIDTH][3];
	struct raw_format format;
	struct jpeg_compressor *compressor;
	uint8_t *exact, *out;
	size_t room, length;

	assert_true(raw_format_init(&format, pix));
	assert_true(format.size_bytes <= sizeof(data));
	colour_bars_paint(data, pix->pixelformat, system);
	/* AddressSanitizer finds reads outside of a copy of exactly this size. */
	exact = malloc(format.size_bytes);
	memcpy(exact, data, format.size_bytes);
	room = jpeg_compressor_worst_bytes(&format);
	out = malloc(room);
	compressor = jpeg_compressor_create(&format, NULL);
	length = jpeg_compressor_run(compressor, exact, out, room);
	assert_true(length > 0);
	decode(out, length, decoded);
	expect_bars(decoded, colour_bars_are_grey(pix->pixelformat),
		    pix->pixelformat == V4L2_PIX_FMT_RGB565 ? 2 * TOLERANCE : TOLERANCE); /* of 5 bits */
	jpeg_compressor_destroy(compressor);
	free(exact);
	free(out);
}

static void expect_both_ranges(uint32_t fourcc)
{
	struct v4l2_pix_format pix = pix_of(fourcc);

	pix.quantization = V4L2_QUANTIZATION_LIM_RANGE;
	expect_colours(&pix, &(struct colour_system){0.299, 0.114, false});
	pix.quantization = V4L2_QUANTIZATION_FULL_RANGE;
	expect_colours(&pix, &(struct colour_system){0.299, 0.114, true});
}

static void every_format_keeps_its_colours_in_both_ranges(void **state)
{
	static const uint32_t fourccs[] = {
		V4L2_PIX_FMT_YUYV,   V4L2_PIX_FMT_UYVY,   V4L2_PIX_FMT_NV12,   V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_RGB24,
		V4L2_PIX_FMT_BGR24,  V4L2_PIX_FMT_GREY,   V4L2_PIX_FMT_YVYU,   V4L2_PIX_FMT_VYUY,   V4L2_PIX_FMT_NV21,
		V4L2_PIX_FMT_YVU420, V4L2_PIX_FMT_Y10,    V4L2_PIX_FMT_Y12,    V4L2_PIX_FMT_Y16,    V4L2_PIX_FMT_NV16,
		V4L2_PIX_FMT_NV61,   V4L2_PIX_FMT_XBGR32, V4L2_PIX_FMT_ABGR32, V4L2_PIX_FMT_BGR32,  V4L2_PIX_FMT_XRGB32,
		V4L2_PIX_FMT_ARGB32, V4L2_PIX_FMT_RGB32,  V4L2_PIX_FMT_RGBX32, V4L2_PIX_FMT_RGBA32, V4L2_PIX_FMT_BGRX32,
		V4L2_PIX_FMT_BGRA32, V4L2_PIX_FMT_RGB565};

	(void)state;
	for (size_t i = 0; i < sizeof(fourccs) / sizeof(fourccs[0]); i++)
		expect_both_ranges(fourccs[i]);
}

static void the_hd_matrix_is_converted_to_that_of_jpeg(void **state)
{
	static const uint32_t fourccs[] = {V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_YUV420};

	(void)state;
	for (size_t i = 0; i < sizeof(fourccs) / sizeof(fourccs[0]); i++) {
		struct v4l2_pix_format pix = pix_of(fourccs[i]);
		pix.colorspace = V4L2_COLORSPACE_REC709;
		expect_colours(&pix, &(struct colour_system){0.2126, 0.0722, false});
		pix.ycbcr_enc = V4L2_YCBCR_ENC_BT2020;
		pix.quantization = V4L2_QUANTIZATION_FULL_RANGE;
		expect_colours(&pix, &(struct colour_system){0.2627, 0.0593, true});
	}
}

static void an_unspecified_range_is_limited_except_for_rgb(void **state)
{
	struct v4l2_pix_format yuyv = pix_of(V4L2_PIX_FMT_YUYV), rgb = pix_of(V4L2_PIX_FMT_RGB24);

	(void)state;
	expect_colours(&yuyv, &(struct colour_system){0.299, 0.114, false});
	expect_colours(&rgb, &(struct colour_system){0.299, 0.114, true});
	yuyv.colorspace = V4L2_COLORSPACE_JPEG;
	expect_colours(&yuyv, &(struct colour_system){0.299, 0.114, true});
}

static void an_impossible_format_is_refused(void **state)
{
	struct v4l2_pix_format pix = pix_of(V4L2_PIX_FMT_YUYV);
	struct raw_format format;

	(void)state;
	pix.bytesperline = WIDTH * 2 - 1;
	assert_false(raw_format_init(&format, &pix));
	pix = pix_of(V4L2_PIX_FMT_YUYV);
	pix.width = 1;
	assert_false(raw_format_init(&format, &pix));
	pix.width = 70000;
	assert_false(raw_format_init(&format, &pix));
	pix = pix_of(V4L2_PIX_FMT_H264);
	assert_false(raw_format_init(&format, &pix));
}

static void a_small_buffer_is_an_error_and_the_compressor_still_works(void **state)
{
	static uint8_t data[ROOM], out[ROOM];
	struct v4l2_pix_format pix = pix_of(V4L2_PIX_FMT_YUYV);
	struct raw_format format;
	struct jpeg_compressor *compressor;

	(void)state;
	assert_true(raw_format_init(&format, &pix));
	compressor = jpeg_compressor_create(&format, NULL);
	assert_int_equal(jpeg_compressor_run(compressor, data, out, 700), 0);
	assert_true(jpeg_compressor_run(compressor, data, out, sizeof(out)) > 0);
	jpeg_compressor_destroy(compressor);
}

/* Everything from x = 32 on, and what is left of it if it is not masked. */
static void expect_masked(uint32_t fourcc)
{
	static uint8_t data[ROOM], shown[HEIGHT][WIDTH][3], masked[HEIGHT][WIDTH][3], out[ROOM];
	struct v4l2_pix_format pix = pix_of(fourcc);
	struct privacy_mask mask = {.count = 1, .areas = {{4, {33. / WIDTH, 1, 1, 33. / WIDTH}, {0, 0, 1, 1}}}};
	struct raw_format format;

	assert_true(raw_format_init(&format, &pix));
	colour_bars_paint(data, fourcc, &(struct colour_system){0.299, 0.114, true});
	for (int i = 0; i < 2; i++) {
		struct jpeg_compressor *compressor = jpeg_compressor_create(&format, i ? &mask : NULL);
		size_t length = jpeg_compressor_run(compressor, data, out, sizeof(out));
		assert_true(length > 0);
		decode(out, length, i ? masked : shown);
		jpeg_compressor_destroy(compressor);
	}
	for (int line = 0; line < HEIGHT; line++) {
		for (int i = 0; i < 3 * (WIDTH - 32); i++) /* next to a coloured block, chroma is interpolated */
			assert_int_in_range(masked[line][32 + i / 3][i % 3], 0, i < 2 * 3 ? 160 : 0);
		assert_memory_equal(masked[line], shown[line], 30 * 3);
	}
	assert_true(shown[HEIGHT / 2][36][0] + shown[HEIGHT / 2][36][1] + shown[HEIGHT / 2][36][2] > 0);
}

static void what_is_masked_is_black_in_every_kind_of_format(void **state)
{
	static const uint32_t fourccs[] = {V4L2_PIX_FMT_YUYV,  V4L2_PIX_FMT_NV12,   V4L2_PIX_FMT_YUV420,
					   V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_BGR24,  V4L2_PIX_FMT_GREY,
					   V4L2_PIX_FMT_Y16,   V4L2_PIX_FMT_RGB565, V4L2_PIX_FMT_XRGB32};

	(void)state;
	for (size_t i = 0; i < sizeof(fourccs) / sizeof(fourccs[0]); i++)
		expect_masked(fourccs[i]);
}

static struct jpeg_pool *make_pool(struct raw_format *format, uint32_t width, uint32_t height, unsigned threads,
				   unsigned jobs)
{
	struct v4l2_pix_format pix = {.pixelformat = V4L2_PIX_FMT_YUYV, .width = width, .height = height};
	struct jpeg_pool *pool;
	struct reason why;

	assert_true(raw_format_init(format, &pix));
	pool = jpeg_compressor_pool(format, NULL, threads, jobs, &why);
	assert_non_null(pool);
	return pool;
}

static void wait_for(struct jpeg_pool *pool, struct jpeg_pool_result *out)
{
	struct pollfd state = {.fd = jpeg_pool_fd(pool), .events = POLLIN};

	assert_int_equal(poll(&state, 1, 60000), 1);
	assert_true(jpeg_pool_peek(pool, out));
}

/* Noise takes longer to compress than a plain picture, so the plain ones are done first. */
static void results_keep_their_order_with_four_threads(void **state)
{
	enum { PICTURES = 400 };
	struct raw_format format;
	struct jpeg_pool *pool = make_pool(&format, 320, 240, 4, 8);
	uint8_t *noise = malloc(format.size_bytes), *plain = calloc(1, format.size_bytes);
	uint32_t submitted = 0, taken = 0;

	(void)state;
	for (size_t i = 0; i < format.size_bytes; i++)
		noise[i] = (uint8_t)rand();
	while (taken < PICTURES) {
		struct jpeg_pool_result result;
		while (submitted < PICTURES && jpeg_pool_submit(pool, submitted % 3 ? plain : noise, format.size_bytes,
								submitted, (mono_t){submitted}))
			submitted++;
		wait_for(pool, &result);
		assert_int_equal(result.tag, taken);
		assert_int_equal(result.captured.us, taken);
		assert_true(result.tag % 3 ? result.length < 5000 : result.length > 20000);
		jpeg_pool_pop(pool);
		taken++;
	}
	jpeg_pool_destroy(pool);
	free(noise);
	free(plain);
}

static void a_full_pool_refuses_pictures_until_a_result_is_taken(void **state)
{
	struct raw_format format;
	struct jpeg_pool *pool = make_pool(&format, 64, 64, 2, 3);
	uint8_t *picture = calloc(1, format.size_bytes);
	struct jpeg_pool_result result;

	(void)state;
	assert_false(jpeg_pool_peek(pool, &result));
	for (uint32_t i = 0; i < 3; i++)
		assert_true(jpeg_pool_submit(pool, picture, format.size_bytes, i, (mono_t){0}));
	assert_false(jpeg_pool_submit(pool, picture, format.size_bytes, 3, (mono_t){0}));
	wait_for(pool, &result);
	assert_false(jpeg_pool_submit(pool, picture, format.size_bytes, 3, (mono_t){0}));
	jpeg_pool_pop(pool);
	assert_true(jpeg_pool_submit(pool, picture, format.size_bytes, 3, (mono_t){0}));
	jpeg_pool_destroy(pool); /* while it has work */
	free(picture);
}

static void the_descriptor_is_not_readable_without_a_result(void **state)
{
	struct raw_format format;
	struct jpeg_pool *pool = make_pool(&format, 64, 64, 2, 3);
	struct pollfd fd = {.fd = jpeg_pool_fd(pool), .events = POLLIN};
	uint8_t *picture = calloc(1, format.size_bytes);
	struct jpeg_pool_result result;

	(void)state;
	assert_int_equal(poll(&fd, 1, 0), 0);
	assert_true(jpeg_pool_submit(pool, picture, format.size_bytes, 0, (mono_t){0}));
	wait_for(pool, &result);
	jpeg_pool_pop(pool);
	assert_int_equal(poll(&fd, 1, 0), 0);
	jpeg_pool_destroy(pool);
	free(picture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format_keeps_its_colours_in_both_ranges),
		cmocka_unit_test(what_is_masked_is_black_in_every_kind_of_format),
		cmocka_unit_test(the_hd_matrix_is_converted_to_that_of_jpeg),
		cmocka_unit_test(an_unspecified_range_is_limited_except_for_rgb),
		cmocka_unit_test(an_impossible_format_is_refused),
		cmocka_unit_test(a_small_buffer_is_an_error_and_the_compressor_still_works),
		cmocka_unit_test(results_keep_their_order_with_four_threads),
		cmocka_unit_test(a_full_pool_refuses_pictures_until_a_result_is_taken),
		cmocka_unit_test(the_descriptor_is_not_readable_without_a_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
