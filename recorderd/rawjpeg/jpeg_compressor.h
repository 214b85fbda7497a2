/* jpeg_compressor.h - compresses one uncompressed picture to one JPEG with libjpeg-turbo. For one thread at a time. */
#ifndef RECORDERD_RAWJPEG_JPEG_COMPRESSOR_H
#define RECORDERD_RAWJPEG_JPEG_COMPRESSOR_H

#include "recorderd/rawjpeg/jpeg_pool.h"
#include "recorderd/rawjpeg/raw_format.h"
#include "recorderd/rewrite/privacy_mask.h"

struct jpeg_compressor;

/* Copies format and mask; what is masked is black in the JPEGs. Returns NULL if there is no memory. */
struct jpeg_compressor *jpeg_compressor_create(const struct raw_format *format, const struct privacy_mask *mask);
void jpeg_compressor_destroy(struct jpeg_compressor *compressor);

/* `data` has format.size_bytes. Writes the JPEG to `out` and returns its length, or 0 if that failed. */
size_t jpeg_compressor_run(struct jpeg_compressor *compressor, const uint8_t *data, uint8_t *out, size_t out_bytes);

/* The size of a buffer into which any picture of that format fits. */
size_t jpeg_compressor_worst_bytes(const struct raw_format *format);

/* A pool of threads that compress pictures of that format. As jpeg_pool_create(). */
struct jpeg_pool *jpeg_compressor_pool(const struct raw_format *format, const struct privacy_mask *mask,
				       unsigned threads, unsigned jobs, struct reason *why);

#endif
