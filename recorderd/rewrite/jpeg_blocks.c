/* jpeg_blocks.c - the quantized coefficients of a JPEG, and the same turned. */
#include "recorderd/rewrite/jpeg_blocks.h"

#define DC_LEAST (-1024)
#define DC_MOST  1023
#define AC_MOST  1023

void jpeg_blocks_describe(struct jpeg_decompress_struct *from, struct jpeg_blocks *out)
{
	bool single = from->num_components == 1;

	*out = (struct jpeg_blocks){
		.width = from->image_width,
		.height = from->image_height,
		.mcu_width = DCTSIZE * (single ? 1 : (unsigned)from->max_h_samp_factor),
		.mcu_height = DCTSIZE * (single ? 1 : (unsigned)from->max_v_samp_factor),
		.components = from->num_components,
	};
	for (int i = 0; i < from->num_components; i++) {
		out->component[i].across = single ? 1 : (JDIMENSION)from->comp_info[i].h_samp_factor;
		out->component[i].down = single ? 1 : (JDIMENSION)from->comp_info[i].v_samp_factor;
	}
}

static unsigned mcus(unsigned pixels, unsigned mcu)
{
	return (pixels + mcu - 1) / mcu;
}

static JDIMENSION blocks_per_line(const struct jpeg_blocks *blocks, int number)
{
	return mcus(blocks->width, blocks->mcu_width) * blocks->component[number].across;
}

static JDIMENSION block_lines(const struct jpeg_blocks *blocks, int number)
{
	return mcus(blocks->height, blocks->mcu_height) * blocks->component[number].down;
}

bool jpeg_blocks_prepare_turned(struct jpeg_decompress_struct *from, const struct jpeg_blocks *blocks,
				struct orientation orientation, struct jpeg_blocks *out)
{
	*out = *blocks;
	if (orientation.transposed) {
		out->width = blocks->height;
		out->height = blocks->width;
		out->mcu_width = blocks->mcu_height;
		out->mcu_height = blocks->mcu_width;
	}
	if (orientation.mirrored_x)
		out->width -= out->width % out->mcu_width;
	if (orientation.mirrored_y)
		out->height -= out->height % out->mcu_height;
	if (out->width == 0 || out->height == 0)
		return false;
	for (int i = 0; i < blocks->components; i++) {
		if (orientation.transposed) {
			out->component[i].across = blocks->component[i].down;
			out->component[i].down = blocks->component[i].across;
		}
		out->component[i].blocks =
			from->mem->request_virt_barray((j_common_ptr)from, JPOOL_IMAGE, FALSE, blocks_per_line(out, i),
						       block_lines(out, i), out->component[i].down);
	}
	return true;
}

static bool is_codable(const JCOEF *block)
{
	bool outside = block[0] < DC_LEAST || block[0] > DC_MOST;

	for (int i = 1; i < DCTSIZE2; i++)
		outside |= block[i] < -AC_MOST || block[i] > AC_MOST;
	return !outside;
}

bool jpeg_blocks_are_codable(struct jpeg_decompress_struct *from, const struct jpeg_blocks *blocks)
{
	for (int i = 0; i < blocks->components; i++) {
		JDIMENSION lines = block_lines(blocks, i), count = blocks_per_line(blocks, i);
		for (JDIMENSION line = 0; line < lines; line++) {
			JBLOCKARRAY row = from->mem->access_virt_barray((j_common_ptr)from, blocks->component[i].blocks,
									line, 1, FALSE);
			for (JDIMENSION k = 0; k < count; k++)
				if (!is_codable(row[0][k]))
					return false;
		}
	}
	return true;
}

static void turn_block(const JCOEF *in, struct orientation orientation, JCOEF *out)
{
	for (int line = 0; line < DCTSIZE; line++)
		for (int column = 0; column < DCTSIZE; column++) {
			int value = orientation.transposed ? in[column * DCTSIZE + line] : in[line * DCTSIZE + column];
			bool negative = (orientation.mirrored_x && column % 2) != (orientation.mirrored_y && line % 2);
			out[line * DCTSIZE + column] = (JCOEF)(negative ? -value : value);
		}
}

static void turn_line(struct jpeg_decompress_struct *from, jvirt_barray_ptr in, struct orientation orientation,
		      JBLOCKROW out, JDIMENSION count, JDIMENSION line)
{
	for (JDIMENSION i = 0; i < count; i++) {
		JDIMENSION column = orientation.mirrored_x ? count - 1 - i : i;
		JDIMENSION in_line = orientation.transposed ? column : line;
		JDIMENSION in_column = orientation.transposed ? line : column;
		JBLOCKARRAY blocks = from->mem->access_virt_barray((j_common_ptr)from, in, in_line, 1, FALSE);
		turn_block(blocks[0][in_column], orientation, out[i]);
	}
}

void jpeg_blocks_turn(struct jpeg_decompress_struct *from, const struct jpeg_blocks *blocks,
		      struct orientation orientation, struct jpeg_blocks *out)
{
	for (int i = 0; i < blocks->components; i++) {
		JDIMENSION lines = block_lines(out, i), count = blocks_per_line(out, i);
		for (JDIMENSION line = 0; line < lines; line++) {
			JBLOCKARRAY to = from->mem->access_virt_barray((j_common_ptr)from, out->component[i].blocks,
								       line, 1, TRUE);
			turn_line(from, blocks->component[i].blocks, orientation, to[0], count,
				  orientation.mirrored_y ? lines - 1 - line : line);
		}
	}
}

static void transpose_table(JQUANT_TBL *table)
{
	for (int line = 0; line < DCTSIZE; line++)
		for (int column = line + 1; column < DCTSIZE; column++) {
			UINT16 *a = &table->quantval[line * DCTSIZE + column];
			UINT16 *b = &table->quantval[column * DCTSIZE + line];
			UINT16 kept = *a;
			*a = *b;
			*b = kept;
		}
}

void jpeg_blocks_set_parameters(const struct jpeg_blocks *turned, struct orientation orientation,
				struct jpeg_compress_struct *to)
{
	to->image_width = turned->width;
	to->image_height = turned->height;
	for (int i = 0; i < turned->components; i++) {
		to->comp_info[i].h_samp_factor = (int)turned->component[i].across;
		to->comp_info[i].v_samp_factor = (int)turned->component[i].down;
	}
	for (int i = 0; orientation.transposed && i < NUM_QUANT_TBLS; i++)
		if (to->quant_tbl_ptrs[i])
			transpose_table(to->quant_tbl_ptrs[i]);
}
