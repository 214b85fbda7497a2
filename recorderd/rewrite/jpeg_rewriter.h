/*
 * jpeg_rewriter.h - turns a JPEG and blacks its masked parts, without decoding it to pixels.
 *
 * Only the Huffman codes are read and written again. The quantized coefficients of the masked MCUs become those of
 * black; all others keep their values, in another place and order if the picture is turned (jpeg_blocks.h). Restart
 * intervals and comments stay, and the quantization tables too; the Huffman tables are the standard ones (ITU-T T.81,
 * annex K.3). Application segments are dropped, because some contain the picture once more: a thumbnail (Exif, JFIF), a
 * preview, the H.264 of some cameras.
 *
 * A picture is refused if it is not one baseline or extended sequential scan with Huffman codes, or neither grey, Y'CbCr
 * nor RGB, or has values that 8 bits per sample cannot have. With a mask it is refused if its data is damaged as well, since what follows the damage may be in another
 * place than it seems.
 *
 * For one thread at a time. The bytes are hostile.
 */
#ifndef RECORDERD_REWRITE_JPEG_REWRITER_H
#define RECORDERD_REWRITE_JPEG_REWRITER_H

#include "recorderd/rewrite/orientation.h"
#include "recorderd/rewrite/privacy_mask.h"

struct jpeg_rewriter;

/* Copies the mask, whose areas are those of the turned picture. Returns NULL if there is no memory. */
struct jpeg_rewriter *jpeg_rewriter_create(const struct privacy_mask *mask, struct orientation orientation);

/* NULL is safe. */
void jpeg_rewriter_destroy(struct jpeg_rewriter *rewriter);

/*
 * `data` is one complete JPEG. Writes the rewritten one to `out`, and returns its length, or 0 if the picture is refused or
 * `out` is too small.
 */
size_t jpeg_rewriter_run(struct jpeg_rewriter *rewriter, const uint8_t *data, size_t length, uint8_t *out,
			 size_t out_bytes);

/* The size of a buffer into which the rewritten picture fits, if its own Huffman tables were any good. */
size_t jpeg_rewriter_room_bytes(size_t length);

#endif
