/* bucket_digest.c - by which a file says which bucket it is about. */
#include "shared/store/bucket_digest.h"

#include <assert.h>
#include <sha2.h>
#include <string.h>

#include "shared/net/bucket_url.h"

static_assert(BUCKET_DIGEST_BYTES == SHA256_DIGEST_LENGTH, "a digest of SHA-256");

void bucket_digest(const char *url, uint8_t out[BUCKET_DIGEST_BYTES])
{
	struct bucket_url bucket;
	SHA2_CTX hash;

	memset(out, 0, BUCKET_DIGEST_BYTES);
	if (!bucket_url_parse(url, &bucket))
		return;
	SHA256Init(&hash);
	SHA256Update(&hash, (const uint8_t *)bucket.authority, strlen(bucket.authority));
	SHA256Update(&hash, (const uint8_t *)"/", 1);
	SHA256Update(&hash, (const uint8_t *)bucket.bucket, strlen(bucket.bucket));
	SHA256Final(out, &hash);
}
