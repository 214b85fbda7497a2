/*
 * body.h - the bytes of an object: ranges of files, or bytes in memory, which are read twice: to sign them and to send
 * them.
 *
 * Nothing is copied as a whole, so a segment of any size needs no memory. If a file changes in between, the store
 * refuses the object, since its digests are sent first.
 */
#ifndef OFFSITE_STORE_BODY_H
#define OFFSITE_STORE_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "offsite/store/sigv4.h"

#define BODY_RANGES 2

struct body_range {
	int fd;             /* not owned; -1: `data` */
	const void *data;   /* not owned */
	uint64_t at, bytes; /* in the file, or in `data` */
};

struct body {
	struct body_range ranges[BODY_RANGES];
	size_t count;
};

uint64_t body_bytes(const struct body *body);

/* Reads up to `bytes` bytes from `position` of the whole. Returns 0 at its end, -1 with errno; EIO if a file is too
 * short. */
ssize_t body_read(const struct body *body, uint64_t position, void *out, size_t bytes);

struct body_digests {
	char sha256[SIGV4_SHA256_TEXT];
	char md5[SIGV4_MD5_TEXT];
};

/* Reads all of it. Returns false with errno; ECANCELED if `is_stopping` returns true. */
bool body_digest(const struct body *body, bool (*is_stopping)(void *context), void *context, struct body_digests *out);

#endif
