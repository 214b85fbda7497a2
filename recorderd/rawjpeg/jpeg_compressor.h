/* jpeg_compressor.h - one uncompressed picture to one JPEG (libjpeg-turbo). Used by one thread at a time. */
#ifndef RECORDERD_RAWJPEG_JPEG_COMPRESSOR_H
#define RECORDERD_RAWJPEG_JPEG_COMPRESSOR_H

#include "recorderd/rawjpeg/raw_format.h"

struct jpeg_compressor;

/* NULL where there is no memory. The format is copied. */
struct jpeg_compressor *jpeg_compressor_create(const struct raw_format *format);
void jpeg_compressor_destroy(struct jpeg_compressor *encoder);

/* `data` has format.size_bytes. Writes to `out`; the JPEG's length, or 0 where it failed. */
size_t jpeg_compressor_run(struct jpeg_compressor *encoder, const uint8_t *data, uint8_t *out, size_t out_bytes);

/* Room that any picture of that format fits into. */
size_t jpeg_compressor_worst_bytes(const struct raw_format *format);

#endif
