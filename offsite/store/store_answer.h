/*
 * store_answer.h - what an answer of the store means. Pure functions of hostile bytes.
 *
 * Source: Amazon S3 API Reference, "Error Responses": an XML document with <Code> and <Message>. A body with an error
 * can follow the status 200.
 */
#ifndef OFFSITE_STORE_STORE_ANSWER_H
#define OFFSITE_STORE_STORE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/reason.h"

#define ANSWER_BODY_BYTES 4096 /* of the body; what follows is ignored */

enum put_outcome {
	PUT_DONE,
	PUT_RETRY,   /* the store or the line fails: it may work soon */
	PUT_REFUSED, /* somebody has to act: the key, the bucket, the quota, the certificate */
	PUT_SKEWED,  /* our clock differs from the store's by too much */
	PUT_CHANGED, /* the file cannot be read, or changed while it was sent */
	PUT_STOPPED, /* the program ends */
};

struct store_answer {
	long status; /* of HTTP */
	char body[ANSWER_BODY_BYTES + 1];
	size_t length;
};

/* Unless it is PUT_DONE, *why gets a sentence without a full stop. `body` is terminated here. */
enum put_outcome store_answer_judge(struct store_answer *answer, struct reason *why);

/* Copies the text of the first element of that name. Returns false if there is none or it does not fit. */
bool store_answer_element(const struct store_answer *answer, const char *name, char *out, size_t bytes);

/* The time in a header Date (RFC 9110, section 5.6.7, IMF-fixdate), in microseconds; -1: it is none. */
int64_t store_date_parse(const char *text);

/*
 * Copies the value of a header line without the blanks around it. `name` ends with the colon. False if it is another
 * header, does not fit, or has a NUL in it.
 */
bool store_header_value(const char *data, size_t bytes, const char *name, char *out, size_t out_bytes);

#endif
