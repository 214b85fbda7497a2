/*
 * bucket_url.h - the URL of a bucket in an S3-compatible store: https://HOST[:PORT]/BUCKET. Pure functions.
 *
 * The bucket is part of the path (path style), which every store understands. http:// is only for this machine:
 * 127.0.0.0/8, [::1] and localhost, since what is signed is not secret, and what is recorded is.
 */
#ifndef SHARED_NET_BUCKET_URL_H
#define SHARED_NET_BUCKET_URL_H

#include <stdbool.h>

#include "shared/net/origin.h"

#define BUCKET_NAME_BYTES 64

struct bucket_url {
	struct origin origin;                   /* http or https; the port is always known */
	char authority[ORIGIN_HOST_BYTES + 12]; /* as in the header Host: without the scheme's default port */
	char bucket[BUCKET_NAME_BYTES]; /* 3 to 63 of a-z 0-9 . -, beginning and ending with a letter or digit */
};

/* Returns false for anything else: a user, a query, a deeper path, another scheme. One / may follow the bucket. */
bool bucket_url_parse(const char *url, struct bucket_url *out);

#endif
