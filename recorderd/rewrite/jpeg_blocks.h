/*
 * jpeg_blocks.h - the quantized coefficients of a JPEG, and the same turned.
 *
 * A block of 8 x 8 coefficients is mirrored by changing the sign of every other column or line of them, and transposed
 * by transposing them, so nothing is lost. Of an axis that is mirrored, the last columns or lines that do not fill an
 * MCU are dropped: they cannot be the first ones.
 *
 * The functions call libjpeg, whose errors go to error_exit of `from`.
 */
#ifndef RECORDERD_REWRITE_JPEG_BLOCKS_H
#define RECORDERD_REWRITE_JPEG_BLOCKS_H

#include <stdint.h>
#include <stdio.h>

#include <jpeglib.h>

#include "recorderd/rewrite/orientation.h"

#define JPEG_BLOCKS_COMPONENTS 3

struct jpeg_blocks {
	unsigned width, height;         /* of the picture, in pixels */
	unsigned mcu_width, mcu_height; /* in pixels */
	int components;
	struct {
		JDIMENSION across, down; /* blocks per MCU */
		jvirt_barray_ptr blocks; /* of the memory of `from` */
	} component[JPEG_BLOCKS_COMPONENTS];
};

/*
 * Describes what jpeg_read_coefficients() will return, after jpeg_read_header(). Of a single component, the MCU is one
 * block (ITU-T T.81, A.2.2).
 */
void jpeg_blocks_describe(struct jpeg_decompress_struct *from, struct jpeg_blocks *out);

/*
 * Describes the turned picture and asks for its memory, before jpeg_read_coefficients(). Returns false if nothing is
 * left of it.
 */
bool jpeg_blocks_prepare_turned(struct jpeg_decompress_struct *from, const struct jpeg_blocks *blocks,
				struct orientation orientation, struct jpeg_blocks *out);

/*
 * Whether the coefficients can be written with the standard Huffman tables: 8 bits per sample leave DC differences of at
 * most 11 bits and other coefficients of at most 10 (ITU-T T.81, F.1.2.1 and F.1.2.2). libjpeg-turbo does not check
 * that.
 */
bool jpeg_blocks_are_codable(struct jpeg_decompress_struct *from, const struct jpeg_blocks *blocks);

/* Fills the turned picture, once `blocks` has its coefficients. */
void jpeg_blocks_turn(struct jpeg_decompress_struct *from, const struct jpeg_blocks *blocks,
		      struct orientation orientation, struct jpeg_blocks *out);

/* Sets what differs in the parameters of the turned picture, after jpeg_copy_critical_parameters(). */
void jpeg_blocks_set_parameters(const struct jpeg_blocks *turned, struct orientation orientation,
				struct jpeg_compress_struct *to);

#endif
