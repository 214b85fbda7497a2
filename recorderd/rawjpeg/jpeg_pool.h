/*
 * jpeg_pool.h - threads that compress uncompressed pictures. Results come in the order in which pictures went in,
 * whichever thread was faster. Nothing here waits but raw_jpeg_destroy().
 *
 * One thread (the event loop) calls everything. A picture is not copied: its memory belongs to the pool from
 * raw_jpeg_submit() until raw_jpeg_pop() of its result.
 */
#ifndef RECORDERD_RAWJPEG_JPEG_POOL_H
#define RECORDERD_RAWJPEG_JPEG_POOL_H

#include "recorderd/rawjpeg/raw_format.h"
#include "shared/base/clock.h"
#include "shared/base/reason.h"

#define RAW_JPEG_JOBS_MAX    8
#define RAW_JPEG_THREADS_MAX 4

struct raw_jpeg;

struct raw_result {
	const uint8_t *jpeg; /* valid until raw_jpeg_pop() */
	size_t length;       /* 0: could not be compressed */
	uint32_t tag;
	mono_t captured;
};

/* `threads` 0: one a processor, at most RAW_JPEG_THREADS_MAX. `jobs`: so many pictures are in it at most. */
struct raw_jpeg *raw_jpeg_create(const struct raw_format *format, unsigned threads, unsigned jobs, struct reason *why);

/* Waits for the pictures that are being compressed; what waits and what is done is forgotten. NULL is safe. */
void raw_jpeg_destroy(struct raw_jpeg *pool);

/* Readable (level) while the oldest picture is done. */
int raw_jpeg_fd(const struct raw_jpeg *pool);

/* `data` has format.size_bytes. False where the pool is full: the picture is the caller's still. */
bool raw_jpeg_submit(struct raw_jpeg *pool, const uint8_t *data, uint32_t tag, mono_t captured);

/* The oldest picture's result, if it is done. */
bool raw_jpeg_oldest(struct raw_jpeg *pool, struct raw_result *out);

/* Forgets the oldest picture; only after raw_jpeg_oldest() said true. */
void raw_jpeg_pop(struct raw_jpeg *pool);

#endif
