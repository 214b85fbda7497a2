/*
 * jpeg_pool.h - threads that compress uncompressed pictures. Results come in the order in which pictures went in,
 * whichever thread was faster. Nothing here waits but jpeg_pool_destroy().
 *
 * One thread (the event loop) calls everything. A picture is not copied: its memory belongs to the pool from
 * jpeg_pool_submit() until jpeg_pool_pop() of its result.
 */
#ifndef RECORDERD_RAWJPEG_JPEG_POOL_H
#define RECORDERD_RAWJPEG_JPEG_POOL_H

#include "recorderd/rawjpeg/raw_format.h"
#include "shared/base/clock.h"
#include "shared/base/reason.h"

#define JPEG_POOL_JOBS_MAX    8
#define JPEG_POOL_THREADS_MAX 4

struct jpeg_pool;

struct jpeg_pool_result {
	const uint8_t *jpeg; /* valid until jpeg_pool_pop() */
	size_t length;       /* 0: could not be compressed */
	uint32_t tag;
	mono_t captured;
};

/* `threads` 0: one a processor, at most JPEG_POOL_THREADS_MAX. `jobs`: so many pictures are in it at most. */
struct jpeg_pool *jpeg_pool_create(const struct raw_format *format, unsigned threads, unsigned jobs,
				   struct reason *why);

/* Waits for the pictures that are being compressed; what waits and what is done is forgotten. NULL is safe. */
void jpeg_pool_destroy(struct jpeg_pool *pool);

/* Readable (level) while the oldest picture is done. */
int jpeg_pool_fd(const struct jpeg_pool *pool);

/* `data` has format.size_bytes. False where the pool is full: the picture is the caller's still. */
bool jpeg_pool_submit(struct jpeg_pool *pool, const uint8_t *data, uint32_t tag, mono_t captured);

/* The oldest picture's result, if it is done. */
bool jpeg_pool_peek(struct jpeg_pool *pool, struct jpeg_pool_result *out);

/* Forgets the oldest picture; only after jpeg_pool_peek() said true. */
void jpeg_pool_pop(struct jpeg_pool *pool);

#endif
