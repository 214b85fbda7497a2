/*
 * multipart.h - an object that is uploaded in parts, and what is sent and received for it. Bytes of the store are
 * hostile.
 *
 * Source: Amazon S3 API Reference, CreateMultipartUpload, UploadPart and CompleteMultipartUpload, and "Multipart upload
 * limits": no object can be put as a whole that is larger than 5 GiB, there are at most 10,000 parts, and all but the
 * last have at least 5 MiB.
 *
 * An object of more than MULTIPART_FROM_BYTES goes in parts, so that a connection that breaks costs a part. Which parts
 * are in the store is not written down: a program that begins again uploads all of them. What is left of an upload that
 * is never completed is for a rule of the bucket to delete, since the recorder's key cannot.
 */
#ifndef OFFSITE_STORE_MULTIPART_H
#define OFFSITE_STORE_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "offsite/store/body.h"
#include "offsite/store/store_answer.h"
#include "shared/base/buffer.h"
#include "shared/store/object_name.h"

#define MULTIPART_FROM_BYTES (UINT64_C(64) << 20)
#define MULTIPART_PART_BYTES (UINT64_C(16) << 20) /* or more, of an object that would have too many parts */
#define MULTIPART_PARTS_MAX  10000u
#define MULTIPART_ID_BYTES   1025
#define MULTIPART_ETAG_BYTES 72

/* An upload that has begun. Zeroed: none. */
struct multipart {
	char name[OBJECT_NAME_BYTES];    /* of the object; empty: none */
	struct stat file;                /* the file as it was when the upload began */
	char id[3 * MULTIPART_ID_BYTES]; /* UploadId, encoded for a query */
	uint64_t bytes, part_bytes;
	size_t count, done;                  /* parts; so many of them, the first ones, are in the store */
	char (*etags)[MULTIPART_ETAG_BYTES]; /* owned; of these */
	unsigned failures;                   /* of completing it */
};

/* The size of all parts but the last. */
uint64_t multipart_part_bytes(uint64_t bytes);

/* Begins with the answer to CreateMultipartUpload. Returns false and sets *why if there is no usable UploadId in it. */
bool multipart_begin(struct multipart *multipart, const char *name, const struct stat *file,
		     const struct store_answer *answer, struct reason *why);

/* True if it is an upload of that file as it is now. */
bool multipart_matches(const struct multipart *multipart, const char *name, const struct stat *file);

/* The next part of the body, which is of the whole file. */
struct body multipart_next(const struct multipart *multipart, const struct body *body);

/* The next part is in the store. Returns false and sets *why if its ETag cannot be used. */
bool multipart_add(struct multipart *multipart, const char *etag, struct reason *why);

/* Appends the document that completes it. */
void multipart_document(const struct multipart *multipart, struct buffer *out);

void multipart_forget(struct multipart *multipart);

#endif
