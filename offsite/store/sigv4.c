/* sigv4.c - signs requests with AWS Signature Version 4. */
#include "offsite/store/sigv4.h"

#include <sha2.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "shared/base/buffer.h"
#include "shared/base/clock.h"

#define BLOCK      SHA256_BLOCK_LENGTH
#define DIGEST     SHA256_DIGEST_LENGTH
#define DAY_DIGITS 8
#define ALGORITHM  "AWS4-HMAC-SHA256"
#define SERVICE    "s3"
#define TERMINATOR "aws4_request"

void sigv4_hex(const uint8_t *digest, size_t bytes, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes; i++) {
		*out++ = digits[digest[i] >> 4];
		*out++ = digits[digest[i] & 15];
	}
	*out = '\0';
}

/* RFC 4648, section 4: 16 bytes are five groups of three and one byte. */
void sigv4_base64_md5(const uint8_t digest[16], char out[SIGV4_MD5_TEXT])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < 16; i += 3) {
		uint32_t group = (uint32_t)digest[i] << 16;
		if (i + 2 < 16)
			group |= (uint32_t)digest[i + 1] << 8 | digest[i + 2];
		for (int shift = 18; shift >= 0; shift -= 6)
			*out++ = letters[group >> shift & 63];
	}
	memcpy(out - 2, "==", 3);
}

void sigv4_sha256(const void *data, size_t length, char out[SIGV4_SHA256_TEXT])
{
	uint8_t digest[DIGEST];
	SHA2_CTX hash;

	SHA256Init(&hash);
	SHA256Update(&hash, data, length);
	SHA256Final(digest, &hash);
	sigv4_hex(digest, sizeof(digest), out);
}

void sigv4_date(int64_t wall_us, char out[SIGV4_DATE_TEXT])
{
	time_t seconds = wall_us / US_PER_S;
	struct tm utc;

	gmtime_r(&seconds, &utc);
	if (strftime(out, SIGV4_DATE_TEXT, "%Y%m%dT%H%M%SZ", &utc) == 0)
		out[0] = '\0';
}

/* HMAC (RFC 2104) with SHA-256. The key has at most a block. */
static void hmac(const void *key, size_t key_bytes, const char *text, uint8_t out[DIGEST])
{
	uint8_t inner[BLOCK] = {0}, outer[BLOCK];
	SHA2_CTX hash;

	memcpy(inner, key, key_bytes);
	for (size_t i = 0; i < BLOCK; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	SHA256Init(&hash);
	SHA256Update(&hash, inner, sizeof(inner));
	SHA256Update(&hash, (const uint8_t *)text, strlen(text));
	SHA256Final(out, &hash);
	SHA256Init(&hash);
	SHA256Update(&hash, outer, sizeof(outer));
	SHA256Update(&hash, out, DIGEST);
	SHA256Final(out, &hash);
	explicit_bzero(inner, sizeof(inner));
	explicit_bzero(outer, sizeof(outer));
	explicit_bzero(&hash, sizeof(hash));
}

/* The key of a day, a region and the service. A secret that is longer than a block would have to be hashed first. */
static bool signing_key(const char *secret, const struct sigv4_request *request, uint8_t out[DIGEST])
{
	char day[DAY_DIGITS + 1], first[BLOCK + 1];
	int length = snprintf(first, sizeof(first), "AWS4%s", secret);

	snprintf(day, sizeof(day), "%.*s", DAY_DIGITS, request->date);
	if (length >= (int)sizeof(first)) {
		explicit_bzero(first, sizeof(first));
		return false;
	}
	hmac(first, (size_t)length, day, out);
	hmac(out, DIGEST, request->region, out);
	hmac(out, DIGEST, SERVICE, out);
	hmac(out, DIGEST, TERMINATOR, out);
	explicit_bzero(first, sizeof(first));
	return true;
}

static void append_names(const struct sigv4_request *request, struct buffer *out)
{
	for (size_t i = 0; i < request->header_count; i++)
		buffer_printf(out, "%s%s", i ? ";" : "", request->headers[i].name);
}

/* "Task 1: Create a Canonical Request", hashed. */
static bool hash_canonical(const struct sigv4_request *request, char out[SIGV4_SHA256_TEXT])
{
	struct buffer text = {0};

	buffer_printf(&text, "%s\n%s\n%s\n", request->method, request->path, request->query);
	for (size_t i = 0; i < request->header_count; i++)
		buffer_printf(&text, "%s:%s\n", request->headers[i].name, request->headers[i].value);
	buffer_printf(&text, "\n");
	append_names(request, &text);
	buffer_printf(&text, "\n%s", request->payload_sha256);
	bool good = !text.failed;
	if (good)
		sigv4_sha256(text.data, text.length, out);
	/* It may contain a session token. */
	if (text.data)
		explicit_bzero(text.data, text.length);
	buffer_free(&text);
	return good;
}

bool sigv4_sign(const struct sigv4_request *request, const char *key_id, const char *secret, char out[SIGV4_AUTH_TEXT])
{
	char canonical[SIGV4_SHA256_TEXT], scope[128], to_sign[320], signature[SIGV4_SHA256_TEXT];
	uint8_t key[DIGEST], digest[DIGEST];
	struct buffer text = {0};

	if (!hash_canonical(request, canonical))
		return false;
	snprintf(scope, sizeof(scope), "%.*s/%s/" SERVICE "/" TERMINATOR, DAY_DIGITS, request->date, request->region);
	snprintf(to_sign, sizeof(to_sign), ALGORITHM "\n%s\n%s\n%s", request->date, scope, canonical);
	if (!signing_key(secret, request, key))
		return false;
	hmac(key, sizeof(key), to_sign, digest);
	explicit_bzero(key, sizeof(key));
	sigv4_hex(digest, sizeof(digest), signature);
	buffer_printf(&text, ALGORITHM " Credential=%s/%s, SignedHeaders=", key_id, scope);
	append_names(request, &text);
	buffer_printf(&text, ", Signature=%s", signature);
	bool good = !text.failed && text.length < SIGV4_AUTH_TEXT;
	if (good) {
		memcpy(out, text.data, text.length);
		out[text.length] = '\0';
	}
	buffer_free(&text);
	return good;
}
