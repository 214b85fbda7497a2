/* jpeg_rewriter.c - turns a JPEG and blacks its masked parts, without decoding it to pixels. */
#include "recorderd/rewrite/jpeg_rewriter.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "recorderd/rewrite/jpeg_blocks.h"
#include "recorderd/rewrite/mask_blocks.h"

#define MEMORY_MAX   (384L << 20) /* of coefficients: enough for 8K, twice */
#define PADDING_MAX  7            /* bytes between the last MCU and EOI */
#define TABLES_BYTES (64u << 10)  /* for all that is not image data */
#define BLACK        (-1024)      /* a DC coefficient: the 8 × 8 samples are 0 (ITU-T T.81, A.3.1 and A.3.3) */

struct jpeg_rewriter {
	struct privacy_mask mask;
	struct mask_blocks masked;
	struct orientation orientation;
	struct jpeg_decompress_struct from;
	struct jpeg_compress_struct to;
	struct jpeg_error_mgr errors;
	struct jpeg_destination_mgr destination;
	jmp_buf failed;
	bool damaged;
};

static void on_error(j_common_ptr jpeg)
{
	struct jpeg_rewriter *rewriter = jpeg->client_data;

	longjmp(rewriter->failed, 1);
}

/*
 * Many cameras pad a picture, and some number the version of JFIF in a way of their own. If bytes are missing in the
 * middle, MCUs come too early, and data is missing at the end or left over there. If neither is the case, what follows
 * the damage is where it belongs.
 */
static bool is_harmless(const struct jpeg_error_mgr *errors)
{
	if (errors->msg_code == JWRN_EXTRANEOUS_DATA)
		return errors->msg_parm.i[0] <= PADDING_MAX && errors->msg_parm.i[1] == JPEG_EOI;
	return errors->msg_code == JWRN_JFIF_MAJOR || errors->msg_code == JWRN_ADOBE_XFORM;
}

/* libjpeg would print warnings to stderr. They have a level below 0. */
static void on_message(j_common_ptr jpeg, int level)
{
	struct jpeg_rewriter *rewriter = jpeg->client_data;

	if (level < 0 && !is_harmless(jpeg->err))
		rewriter->damaged = true;
}

static void destination_begin(j_compress_ptr jpeg)
{
	(void)jpeg;
}

static boolean destination_full(j_compress_ptr jpeg)
{
	on_error((j_common_ptr)jpeg);
	return FALSE;
}

static bool init_libjpeg(struct jpeg_rewriter *rewriter)
{
	if (setjmp(rewriter->failed))
		return false;
	jpeg_create_decompress(&rewriter->from);
	jpeg_create_compress(&rewriter->to);
	rewriter->from.mem->max_memory_to_use = MEMORY_MAX;
	rewriter->to.dest = &rewriter->destination;
	jpeg_save_markers(&rewriter->from, JPEG_COM, 0xffff);
	return true;
}

struct jpeg_rewriter *jpeg_rewriter_create(const struct privacy_mask *mask, struct orientation orientation)
{
	struct jpeg_rewriter *rewriter = calloc(1, sizeof(*rewriter));

	if (!rewriter)
		return NULL;
	rewriter->mask = *mask;
	rewriter->orientation = orientation;
	rewriter->from.err = rewriter->to.err = jpeg_std_error(&rewriter->errors);
	rewriter->errors.error_exit = on_error;
	rewriter->errors.emit_message = on_message;
	rewriter->from.client_data = rewriter->to.client_data = rewriter;
	rewriter->destination.init_destination = destination_begin;
	rewriter->destination.empty_output_buffer = destination_full;
	rewriter->destination.term_destination = destination_begin;
	if (init_libjpeg(rewriter))
		return rewriter;
	jpeg_rewriter_destroy(rewriter);
	return NULL;
}

void jpeg_rewriter_destroy(struct jpeg_rewriter *rewriter)
{
	if (!rewriter)
		return;
	jpeg_destroy_compress(&rewriter->to);
	jpeg_destroy_decompress(&rewriter->from);
	mask_blocks_free(&rewriter->masked);
	free(rewriter);
}

size_t jpeg_rewriter_room_bytes(size_t length)
{
	return 2 * length + TABLES_BYTES;
}

/* With more than one scan, a small picture could take minutes. */
static bool can_be_rewritten(struct jpeg_decompress_struct *from)
{
	if (from->arith_code || from->progressive_mode || jpeg_has_multiple_scans(from))
		return false;
	if (from->num_components == 1)
		return from->jpeg_color_space == JCS_GRAYSCALE;
	return from->num_components == JPEG_BLOCKS_COMPONENTS &&
	       (from->jpeg_color_space == JCS_YCbCr || from->jpeg_color_space == JCS_RGB);
}

/* The quantized DC coefficient of a black block, rounded away from zero: decoders clamp what is darker. */
static bool find_black(const struct jpeg_decompress_struct *from, int number, JCOEF *black)
{
	const JQUANT_TBL *table = from->comp_info[number].quant_table;
	int quantizer = table ? table->quantval[0] : 0;

	if (quantizer == 0)
		return false;
	*black = 0;
	if (number == 0 || from->jpeg_color_space == JCS_RGB)
		*black = (JCOEF)((BLACK - (quantizer - 1)) / quantizer);
	return true;
}

/* Blacks the masked MCUs of one row of MCUs in one component. */
static void black_row(struct jpeg_rewriter *rewriter, const struct jpeg_blocks *picture, int number, unsigned row,
		      JCOEF black)
{
	struct jpeg_decompress_struct *from = &rewriter->from;
	JDIMENSION down = picture->component[number].down, across = picture->component[number].across;

	for (JDIMENSION line = row * down; line < (row + 1) * down; line++) {
		JBLOCKARRAY blocks = from->mem->access_virt_barray((j_common_ptr)from,
								   picture->component[number].blocks, line, 1, TRUE);
		for (unsigned column = 0; column < rewriter->masked.columns; column++) {
			if (!mask_blocks_has(&rewriter->masked, column, row))
				continue;
			for (JDIMENSION i = column * across; i < (column + 1) * across; i++) {
				memset(blocks[0][i], 0, sizeof(JBLOCK));
				blocks[0][i][0] = black;
			}
		}
	}
}

static bool black_out(struct jpeg_rewriter *rewriter, const struct jpeg_blocks *picture)
{
	if (rewriter->mask.count == 0)
		return true;
	if (!mask_blocks_make(&rewriter->masked, &rewriter->mask, picture->width, picture->height, picture->mcu_width,
			      picture->mcu_height))
		return false;
	for (int number = 0; number < picture->components; number++) {
		JCOEF black;
		if (!find_black(&rewriter->from, number, &black))
			return false;
		for (unsigned row = 0; row < rewriter->masked.rows; row++)
			black_row(rewriter, picture, number, row, black);
	}
	return true;
}

static void write_picture(struct jpeg_rewriter *rewriter, const struct jpeg_blocks *picture)
{
	struct jpeg_compress_struct *to = &rewriter->to;
	jvirt_barray_ptr coefficients[JPEG_BLOCKS_COMPONENTS] = {NULL};

	for (int i = 0; i < picture->components; i++)
		coefficients[i] = picture->component[i].blocks;
	jpeg_copy_critical_parameters(&rewriter->from, to);
	jpeg_blocks_set_parameters(picture, rewriter->orientation, to);
	to->restart_interval = rewriter->from.restart_interval;
	jpeg_write_coefficients(to, coefficients);
	for (jpeg_saved_marker_ptr marker = rewriter->from.marker_list; marker; marker = marker->next)
		jpeg_write_marker(to, marker->marker, marker->data, marker->data_length);
	jpeg_finish_compress(to);
}

/* Returns false if something masked may be in another place than it seems. */
static bool is_sure(const struct jpeg_rewriter *rewriter)
{
	return !rewriter->damaged || rewriter->mask.count == 0;
}

static bool rewrite(struct jpeg_rewriter *rewriter)
{
	struct jpeg_decompress_struct *from = &rewriter->from;
	struct jpeg_blocks read, turned;
	bool is_upright = orientation_is_upright(rewriter->orientation);

	if (jpeg_read_header(from, TRUE) != JPEG_HEADER_OK || !can_be_rewritten(from))
		return false;
	jpeg_blocks_describe(from, &read);
	if (!is_upright && !jpeg_blocks_prepare_turned(from, &read, rewriter->orientation, &turned))
		return false;
	jvirt_barray_ptr *coefficients = jpeg_read_coefficients(from);
	if (!coefficients || !is_sure(rewriter))
		return false;
	for (int i = 0; i < read.components; i++)
		read.component[i].blocks = coefficients[i];
	if (!jpeg_blocks_are_codable(from, &read))
		return false;
	if (!is_upright)
		jpeg_blocks_turn(from, &read, rewriter->orientation, &turned);
	const struct jpeg_blocks *picture = is_upright ? &read : &turned;
	if (!black_out(rewriter, picture))
		return false;
	write_picture(rewriter, picture);
	return is_sure(rewriter);
}

size_t jpeg_rewriter_run(struct jpeg_rewriter *rewriter, const uint8_t *data, size_t length, uint8_t *out,
			 size_t out_bytes)
{
	volatile bool rewritten = false;

	rewriter->damaged = false;
	if (!setjmp(rewriter->failed)) {
		jpeg_mem_src(&rewriter->from, data, (unsigned long)length);
		rewriter->destination.next_output_byte = out;
		rewriter->destination.free_in_buffer = out_bytes;
		rewritten = rewrite(rewriter);
	}
	jpeg_abort_compress(&rewriter->to);
	jpeg_abort_decompress(&rewriter->from);
	return rewritten ? out_bytes - rewriter->destination.free_in_buffer : 0;
}
