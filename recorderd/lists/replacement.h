/*
 * replacement.h - replaces a file as a whole.
 *
 * The new content goes to a temporary file beside it, which is synced and renamed over the old one; then the folder is
 * synced. Whatever happens in between, the file is whole.
 */
#ifndef RECORDERD_LISTS_REPLACEMENT_H
#define RECORDERD_LISTS_REPLACEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/base/reason.h"

struct replacement {
	int directory, fd;
	bool durable;
	const char *file;
	char temporary[96];
};

/* `file` must outlive the replacement. `durable`: the file and the folder are synced. */
bool replacement_begin(struct replacement *new, int directory, const char *file, bool durable, struct reason *why);

bool replacement_write(struct replacement *new, const void *data, size_t length, struct reason *why);

/* Closes the file and, if it is `good`, renames it over the old one. */
bool replacement_end(struct replacement *new, bool good, struct reason *why);

#endif
