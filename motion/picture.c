/* picture.c - decodes the luma of a JPEG from the camera, as small as it is needed. */
#include "motion/picture.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include <jerror.h>

#include "motion/resample.h"

#define SCALE_FULL 8 /* scale_num / scale_denom is 1/8, 2/8, 4/8 or 8/8 */

struct picture_decoder {
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	jmp_buf failed;
	bool damaged;
	struct resample resample;
	uint8_t row[RESAMPLE_WIDTH_MAX];
};

static void on_error(j_common_ptr jpeg)
{
	longjmp(((struct picture_decoder *)jpeg->client_data)->failed, 1);
}

/* A level of -1 is damaged data that libjpeg replaces by grey. Bytes between two segments damage nothing. */
static void on_message(j_common_ptr jpeg, int level)
{
	if (level < 0 && jpeg->err->msg_code != JWRN_EXTRANEOUS_DATA)
		((struct picture_decoder *)jpeg->client_data)->damaged = true;
}

static void print_nothing(j_common_ptr jpeg)
{
	(void)jpeg;
}

static bool init_jpeg(struct picture_decoder *decoder)
{
	decoder->jpeg.err = jpeg_std_error(&decoder->errors);
	decoder->errors.error_exit = on_error;
	decoder->errors.emit_message = on_message;
	decoder->errors.output_message = print_nothing;
	decoder->jpeg.client_data = decoder;
	if (setjmp(decoder->failed))
		return false;
	jpeg_create_decompress(&decoder->jpeg); /* keeps client_data */
	decoder->jpeg.mem->max_memory_to_use = PICTURE_MEMORY_BYTES;
	return true;
}

struct picture_decoder *picture_decoder_create(void)
{
	struct picture_decoder *decoder = calloc(1, sizeof(*decoder));

	if (decoder && !init_jpeg(decoder)) {
		free(decoder);
		return NULL;
	}
	return decoder;
}

void picture_decoder_destroy(struct picture_decoder *decoder)
{
	if (!decoder)
		return;
	jpeg_destroy_decompress(&decoder->jpeg);
	free(decoder);
}

/* What cameras send. libjpeg would hold a progressive picture, or one of several scans, in memory as a whole. */
static bool is_supported(struct jpeg_decompress_struct *jpeg)
{
	bool colours = (jpeg->num_components == 1 && jpeg->jpeg_color_space == JCS_GRAYSCALE) ||
		       (jpeg->num_components == 3 && jpeg->jpeg_color_space == JCS_YCbCr);

	return jpeg->image_width <= PICTURE_SIDE_MAX && jpeg->image_height <= PICTURE_SIDE_MAX &&
	       jpeg->data_precision == 8 && colours && !jpeg->progressive_mode && !jpeg->arith_code &&
	       !jpeg_has_multiple_scans(jpeg);
}

/* The smallest scale at which the longer side still has PLANE_SIDE_MAX pixels. 1/8 needs the DC coefficients only. */
static void choose_scale(struct jpeg_decompress_struct *jpeg)
{
	unsigned longest = jpeg->image_width > jpeg->image_height ? jpeg->image_width : jpeg->image_height;

	jpeg->scale_num = 1;
	while (jpeg->scale_num < SCALE_FULL && longest * jpeg->scale_num / SCALE_FULL < PLANE_SIDE_MAX)
		jpeg->scale_num *= 2;
	jpeg->scale_denom = SCALE_FULL;
}

static void read_rows(struct picture_decoder *decoder, float *luma, struct plane_size *size)
{
	struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
	struct plane_size from = {(int)jpeg->output_width, (int)jpeg->output_height};
	JSAMPROW row = decoder->row;

	*size = resample_size(from);
	resample_begin(&decoder->resample, from, *size, luma);
	while (jpeg->output_scanline < jpeg->output_height && !decoder->damaged) {
		jpeg_read_scanlines(jpeg, &row, 1);
		resample_row(&decoder->resample, decoder->row);
	}
}

/* What is asked for, so that longjmp() finds no local variable that has changed. */
struct request {
	const uint8_t *jpeg;
	size_t length;
	unsigned width, height;
	float *luma;
	struct plane_size *size;
};

static enum picture_outcome decode(struct picture_decoder *decoder, const struct request *request)
{
	struct jpeg_decompress_struct *jpeg = &decoder->jpeg;

	jpeg_mem_src(jpeg, request->jpeg, request->length);
	if (jpeg_read_header(jpeg, TRUE) != JPEG_HEADER_OK || !is_supported(jpeg))
		return PICTURE_UNSUPPORTED;
	if (jpeg->image_width != request->width || jpeg->image_height != request->height)
		return PICTURE_OTHER_SIZE;
	choose_scale(jpeg);
	jpeg->out_color_space = JCS_GRAYSCALE;
	jpeg->dct_method = JDCT_ISLOW;
	jpeg->do_fancy_upsampling = FALSE;
	jpeg_start_decompress(jpeg);
	if (jpeg->output_width > RESAMPLE_WIDTH_MAX || jpeg->output_components != 1)
		return PICTURE_UNSUPPORTED;
	read_rows(decoder, request->luma, request->size);
	bool usable = request->size->width >= PLANE_SIDE_MIN && request->size->height >= PLANE_SIDE_MIN;
	return decoder->damaged || !usable ? PICTURE_DAMAGED : PICTURE_OK;
}

enum picture_outcome picture_decode(struct picture_decoder *decoder, const uint8_t *jpeg, size_t length, unsigned width,
				    unsigned height, float *luma, struct plane_size *size)
{
	const struct request request = {jpeg, length, width, height, luma, size};

	decoder->damaged = false;
	if (setjmp(decoder->failed)) {
		jpeg_abort_decompress(&decoder->jpeg);
		return decoder->errors.msg_code == JERR_OUT_OF_MEMORY ? PICTURE_NO_MEMORY : PICTURE_DAMAGED;
	}
	enum picture_outcome outcome = decode(decoder, &request);
	jpeg_abort_decompress(&decoder->jpeg); /* also skips what follows the last row */
	return outcome;
}

const char *picture_problem(enum picture_outcome outcome)
{
	static const char *const problems[] = {
		[PICTURE_DAMAGED] = "the pictures are damaged",
		[PICTURE_UNSUPPORTED] = "the pictures are no baseline JPEGs (progressive ones are not decoded)",
		[PICTURE_OTHER_SIZE] = "the pictures do not have the size that the camera announced",
		[PICTURE_NO_MEMORY] = "the pictures need more memory than recorder-motion may use",
	};

	return problems[outcome];
}
