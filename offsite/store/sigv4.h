/*
 * sigv4.h - AWS Signature Version 4 in the header Authorization, for requests whose body is signed.
 *
 * Source: "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk (AWS Signature
 * Version 4)", Amazon S3 API Reference. Everything that is sent and could change the meaning of a request is signed.
 * The service is s3. Paths are made of characters that need no encoding (object_name.h).
 */
#ifndef OFFSITE_STORE_SIGV4_H
#define OFFSITE_STORE_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGV4_SHA256_TEXT 65  /* hexadecimal, with the terminator */
#define SIGV4_MD5_TEXT    25  /* base64, as Content-MD5 (RFC 1864) has it */
#define SIGV4_DATE_TEXT   17  /* 20130524T000000Z */
#define SIGV4_HEADER_MAX  16  /* headers of a request */
#define SIGV4_AUTH_TEXT   900 /* of the header's value */

struct sigv4_header {
	const char *name; /* in lower case */
	const char *value;
};

struct sigv4_request {
	const char *method;
	const char *path;           /* begins with /, already encoded */
	const char *query;          /* canonical: sorted and encoded; "" without one */
	const char *payload_sha256; /* of the body, in hexadecimal */
	const char *date;           /* sigv4_date(), and the header x-amz-date */
	const char *region;
	struct sigv4_header headers[SIGV4_HEADER_MAX]; /* sorted by name; with host and x-amz-date */
	size_t header_count;
};

/* The time as the header x-amz-date has it. */
void sigv4_date(int64_t wall_us, char out[SIGV4_DATE_TEXT]);

/* Makes the value of Authorization. Returns false without memory, or if it does not fit. */
bool sigv4_sign(const struct sigv4_request *request, const char *key_id, const char *secret, char out[SIGV4_AUTH_TEXT]);

/* SHA-256 of some bytes, in hexadecimal. */
void sigv4_sha256(const void *data, size_t length, char out[SIGV4_SHA256_TEXT]);

/* Digests as texts. */
void sigv4_hex(const uint8_t *digest, size_t bytes, char *out);
void sigv4_base64_md5(const uint8_t digest[16], char out[SIGV4_MD5_TEXT]);

#endif
