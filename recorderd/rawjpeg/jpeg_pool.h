/*
 * jpeg_pool.h - threads that make JPEGs: they compress uncompressed pictures, or mask JPEGs.
 *
 * Results come in the order in which the pictures were submitted, whichever thread finishes first. Only
 * jpeg_pool_destroy() waits.
 *
 * One thread (the event loop) makes all calls. Pictures are not copied: the memory of a picture belongs to the pool
 * from jpeg_pool_submit() until jpeg_pool_pop() of its result.
 */
#ifndef RECORDERD_RAWJPEG_JPEG_POOL_H
#define RECORDERD_RAWJPEG_JPEG_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/clock.h"
#include "shared/base/reason.h"

#define JPEG_POOL_JOBS_MAX    8
#define JPEG_POOL_THREADS_MAX 4

struct jpeg_pool;

/* What the threads do with a picture. Each of them has an object of its own. */
struct jpeg_work {
	const void *subject;                  /* what create() needs to know; used by jpeg_pool_create() only */
	void *(*create)(const void *subject); /* NULL without memory */
	void (*destroy)(void *object);        /* NULL is safe */
	/* Writes a JPEG to `out`, and returns its length, or 0 if that failed. */
	size_t (*run)(void *object, const uint8_t *data, size_t length, uint8_t *out, size_t out_bytes);
	/* The size of a buffer for the JPEG of a picture of that length. */
	size_t (*room_bytes)(const void *object, size_t length);
};

struct jpeg_pool_result {
	const uint8_t *jpeg; /* valid until jpeg_pool_pop() */
	size_t length;       /* 0: no JPEG could be made of the picture */
	uint32_t tag;
	mono_t captured;
};

/*
 * `threads` is at most JPEG_POOL_THREADS_MAX; 0 means one per processor. `jobs` is the number of pictures that the pool
 * takes at a time. Returns NULL and sets *why.
 */
struct jpeg_pool *jpeg_pool_create(const struct jpeg_work *work, unsigned threads, unsigned jobs, struct reason *why);

/* Waits for pictures on which threads are at work, and discards all others and all results. NULL is safe. */
void jpeg_pool_destroy(struct jpeg_pool *pool);

/* A descriptor that is readable (level-triggered) while the oldest picture is done. */
int jpeg_pool_fd(const struct jpeg_pool *pool);

/* Returns false if the pool is full or memory ran out; the picture then still belongs to the caller. */
bool jpeg_pool_submit(struct jpeg_pool *pool, const uint8_t *data, size_t length, uint32_t tag, mono_t captured);

/* The result of the oldest picture; false if it is not done. */
bool jpeg_pool_peek(struct jpeg_pool *pool, struct jpeg_pool_result *out);

/* Removes the oldest picture. Only after jpeg_pool_peek() returned true. */
void jpeg_pool_pop(struct jpeg_pool *pool);

#endif
