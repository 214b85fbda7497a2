/*
 * bucket_digest.h - by which a file says which bucket it is about: SHA-256 of HOST[:PORT]/BUCKET, as bucket_url.h has
 * them. An URL may be longer than the room in such a file. All zeros: no bucket, or nobody knows which.
 */
#ifndef SHARED_STORE_BUCKET_DIGEST_H
#define SHARED_STORE_BUCKET_DIGEST_H

#include <stdint.h>

#define BUCKET_DIGEST_BYTES 32

/* Of [store] url; zeros if that is not the URL of a bucket. */
void bucket_digest(const char *url, uint8_t out[BUCKET_DIGEST_BYTES]);

#endif
