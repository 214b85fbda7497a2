/* jpeg_compressor.h - one uncompressed picture to one JPEG (libjpeg-turbo). Used by one thread at a time. */
#ifndef RECORDERD_RAWJPEG_JPEG_COMPRESSOR_H
#define RECORDERD_RAWJPEG_JPEG_COMPRESSOR_H

#include "recorderd/rawjpeg/raw_format.h"

struct raw_encoder;

/* NULL where there is no memory. The format is copied. */
struct raw_encoder *raw_encoder_create(const struct raw_format *format);
void raw_encoder_destroy(struct raw_encoder *encoder);

/* `data` has format.size_bytes. Writes to `out`; the JPEG's length, or 0 where it failed. */
size_t raw_encoder_run(struct raw_encoder *encoder, const uint8_t *data, uint8_t *out, size_t out_bytes);

/* Room that any picture of that format fits into. */
size_t raw_encoder_worst_bytes(const struct raw_format *format);

#endif
