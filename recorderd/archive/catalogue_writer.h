/*
 * catalogue_writer.h - writes the list of segments (shared/segment/catalogue.h). Each function replaces its file by way
 * of a temporary one and rename, so a reader sees one list or the next.
 */
#ifndef RECORDERD_ARCHIVE_CATALOGUE_WRITER_H
#define RECORDERD_ARCHIVE_CATALOGUE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/reason.h"
#include "shared/segment/catalogue.h"

/*
 * recording_index.bin. Fills the bounds and CRCs of `entries`. `durable` adds fsync of file and folder; without it the
 * list is seen at once, and a power cut may leave a list that does not pass its checks: then the segments are looked at
 * again.
 */
bool catalogue_write(int directory, uint64_t generation, struct catalogue_entry *entries, size_t count, bool durable,
		     struct reason *why);

/* recording_index.json, always durable. */
bool catalogue_write_json(int directory, const struct catalogue_entry *entries, size_t count, const char *camera,
			  struct reason *why);

#endif
