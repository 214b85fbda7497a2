/* body.c - reads the bytes of an object. */
#include "offsite/store/body.h"

#include <errno.h>
#include <md5.h>
#include <sha2.h>
#include <string.h>

#include "shared/base/file_io.h"

#define CHUNK 65536

uint64_t body_bytes(const struct body *body)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < body->count; i++)
		bytes += body->ranges[i].bytes;
	return bytes;
}

static ssize_t read_range(const struct body_range *range, uint64_t position, void *out, size_t bytes)
{
	if (bytes > range->bytes - position)
		bytes = (size_t)(range->bytes - position);
	if (range->fd < 0) {
		memcpy(out, (const char *)range->data + range->at + position, bytes);
		return (ssize_t)bytes;
	}
	ssize_t got = read_at(range->fd, out, bytes, range->at + position);
	if (got >= 0 && (size_t)got < bytes) {
		errno = EIO;
		return -1;
	}
	return got;
}

ssize_t body_read(const struct body *body, uint64_t position, void *out, size_t bytes)
{
	for (size_t i = 0; i < body->count; i++) {
		if (position < body->ranges[i].bytes)
			return read_range(&body->ranges[i], position, out, bytes);
		position -= body->ranges[i].bytes;
	}
	return 0;
}

bool body_digest(const struct body *body, bool (*is_stopping)(void *context), void *context, struct body_digests *out)
{
	uint8_t chunk[CHUNK], sha256[SHA256_DIGEST_LENGTH], md5[MD5_DIGEST_LENGTH];
	uint64_t position = 0;
	SHA2_CTX sha256_hash;
	MD5_CTX md5_hash;
	ssize_t got;

	SHA256Init(&sha256_hash);
	MD5Init(&md5_hash);
	while ((got = body_read(body, position, chunk, sizeof(chunk))) > 0) {
		SHA256Update(&sha256_hash, chunk, (size_t)got);
		MD5Update(&md5_hash, chunk, (size_t)got);
		position += (uint64_t)got;
		if (is_stopping(context)) {
			errno = ECANCELED;
			return false;
		}
	}
	SHA256Final(sha256, &sha256_hash);
	MD5Final(md5, &md5_hash);
	sigv4_hex(sha256, sizeof(sha256), out->sha256);
	sigv4_base64_md5(md5, out->md5);
	return got == 0;
}
