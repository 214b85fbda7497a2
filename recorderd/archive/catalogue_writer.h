/*
 * catalogue_writer.h - writes the list of segments (shared/segment/catalogue.h).
 *
 * Each function writes a temporary file and renames it over the old one, so a reader sees either list as a whole.
 */
#ifndef RECORDERD_ARCHIVE_CATALOGUE_WRITER_H
#define RECORDERD_ARCHIVE_CATALOGUE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/reason.h"
#include "shared/segment/catalogue.h"

/*
 * Writes recording_index.bin, and fills the bounds and CRCs of `entries`. `durable` syncs the file and the folder.
 * Without it the list can be read at once, but a power cut may leave one that does not pass its checks; then the next
 * start examines the segments themselves. Returns false and sets *why on failure.
 */
bool catalogue_write(int directory, uint64_t generation, struct catalogue_entry *entries, size_t count, bool durable,
		     struct reason *why);

/* Writes recording_index.json, always durable. */
bool catalogue_write_json(int directory, const struct catalogue_entry *entries, size_t count, const char *camera,
			  struct reason *why);

#endif
