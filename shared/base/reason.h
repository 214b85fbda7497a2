/*
 * reason.h - one sentence for a human about why something failed.
 *
 * A function that can fail for reasons a person must act on takes a `struct reason *` as its last argument and fills it
 * before it returns false. The text has no final newline and names the thing that is wrong and what would be right.
 */
#ifndef SHARED_BASE_REASON_H
#define SHARED_BASE_REASON_H

#include <stdbool.h>

struct reason {
	char text[320];
};

/* Formats the sentence (cut at the end where it is too long, control bytes replaced by ?). Always returns false:
 * `return reason_set(why, ...)`. */
bool reason_set(struct reason *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, with ": " and strerror(errno) behind it; errno is kept. */
bool reason_errno(struct reason *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
