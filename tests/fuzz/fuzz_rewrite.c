/*
 * fuzz_rewrite.c - a camera's picture that is masked, and one that is turned. What comes out is one complete JPEG of that
 * size, black where the mask is, and can be masked again. Input: the picture.
 */
#include "tests/fuzz/fuzz.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include "recorderd/rewrite/jpeg_rewriter.h"
#include "recorderd/source/jpeg.h"

#define PIXELS_MAX (1u << 20) /* a larger picture only takes longer */

static const struct privacy_mask mask = {.count = 1, .areas = {{4, {0.3, 0.7, 0.7, 0.3}, {0.25, 0.25, 0.75, 0.75}}}};

static jmp_buf failed;

static void on_error(j_common_ptr jpeg)
{
	(void)jpeg;
	longjmp(failed, 1);
}

static void on_message(j_common_ptr jpeg, int level)
{
	(void)jpeg;
	holds(level >= 0);
}

/* Every pixel whose block is inside the mask. */
static void check_black(struct jpeg_decompress_struct *jpeg)
{
	unsigned x = jpeg->image_width / 2, y = jpeg->image_height / 2;
	uint8_t *line = malloc((size_t)jpeg->output_width * 3);
	JSAMPROW row = line;

	holds(line != NULL);
	while (jpeg->output_scanline <= y)
		holds(jpeg_read_scanlines(jpeg, &row, 1) == 1);
	for (int i = 0; i < jpeg->output_components; i++)
		holds(line[x * (unsigned)jpeg->output_components + (unsigned)i] == 0);
	free(line);
}

static void check(const uint8_t *data, size_t length, const struct jpeg_info *info)
{
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;

	jpeg.err = jpeg_std_error(&errors);
	errors.error_exit = on_error;
	errors.emit_message = on_message;
	jpeg_create_decompress(&jpeg);
	holds(!setjmp(failed));
	jpeg_mem_src(&jpeg, data, (unsigned long)length);
	jpeg_read_header(&jpeg, TRUE);
	holds(jpeg.image_width == info->width && jpeg.image_height == info->height);
	jpeg.do_fancy_upsampling = FALSE;
	jpeg_start_decompress(&jpeg);
	check_black(&jpeg);
	jpeg_destroy_decompress(&jpeg);
}

static void check_turned(const uint8_t *data, size_t size, const struct jpeg_info *info, uint8_t *out, size_t room)
{
	static const struct privacy_mask none;
	static struct jpeg_rewriter *rewriter;
	struct jpeg_info after;

	if (!rewriter)
		rewriter = jpeg_rewriter_create(&none, (struct orientation){true, true, false});
	holds(rewriter != NULL);
	size_t length = jpeg_rewriter_run(rewriter, data, size, out, room);
	if (!length)
		return;
	holds(jpeg_inspect(out, length, &after) && after.has_end && after.length == length);
	holds(after.width <= info->height && after.height == info->width);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct jpeg_rewriter *rewriter;
	struct jpeg_info info;

	if (!rewriter)
		rewriter = jpeg_rewriter_create(&mask, (struct orientation){false, false, false});
	holds(rewriter != NULL);
	if (!jpeg_inspect(data, size, &info) || (uint32_t)info.width * info.height > PIXELS_MAX)
		return 0;
	size_t room = jpeg_rewriter_room_bytes(size);
	uint8_t *exact = input_copy(data, size), *out = malloc(room), *again = malloc(jpeg_rewriter_room_bytes(room));
	holds(out != NULL && again != NULL);
	size_t length = jpeg_rewriter_run(rewriter, exact, size, out, room);
	holds(length <= room);
	if (length) {
		check(out, length, &info);
		size_t same = jpeg_rewriter_run(rewriter, out, length, again, jpeg_rewriter_room_bytes(room));
		holds(same == length && memcmp(out, again, same) == 0);
	}
	check_turned(exact, size, &info, out, room);
	free(exact);
	free(out);
	free(again);
	return 0;
}
