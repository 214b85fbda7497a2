/*
 * reason.h - one sentence for a person about why something failed.
 *
 * A function that can fail for reasons that a person must act on takes a `struct reason *` as its last argument and
 * fills it before it returns false. The text has no final newline. It names what is wrong and what was expected.
 */
#ifndef SHARED_BASE_REASON_H
#define SHARED_BASE_REASON_H

#include <stdbool.h>

struct reason {
	char text[320];
};

/*
 * Formats the sentence, cuts it if it is too long, and replaces control bytes by ?. Always returns false, so that a
 * caller can write `return reason_set(why, ...)`.
 */
bool reason_set(struct reason *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, followed by ": " and strerror(errno). Keeps errno. */
bool reason_errno(struct reason *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
