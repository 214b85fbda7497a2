/*
 * shipped_file.h - writes shipped.bin (shared/store/ship_list.h), and makes the lists of days from it.
 */
#ifndef OFFSITE_SHIPPED_FILE_H
#define OFFSITE_SHIPPED_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/buffer.h"
#include "shared/base/reason.h"
#include "shared/store/ship_list.h"

/* Whose segments a file lists, and where they are. */
struct shipped_file_owner {
	const char *camera, *archive;
	const uint8_t *bucket; /* BUCKET_DIGEST_BYTES */
};

struct shipped_file {
	int folder; /* not owned */
	int fd;
	char camera[32];
	struct ship_list list;
};

/*
 * Opens the file in that folder. If it is missing, damaged at its beginning, or of another archive or bucket, a new one
 * takes its place: then nothing counts as shipped. One that does not name its bucket gets the name of this one. Returns
 * false and sets *why.
 */
bool shipped_file_open(struct shipped_file *file, int folder, const struct shipped_file_owner *owner,
		       struct reason *why);
void shipped_file_close(struct shipped_file *file);

/* Appends the entry, which is sealed here, and syncs it. Returns false and sets *why; then the file is as it was. */
bool shipped_file_append(struct shipped_file *file, struct ship_list_entry *entry, struct reason *why);

/*
 * Appends the list of the day that begins at day_us to *out, as it is if `instead` takes the place of the entry of the
 * same segment; NULL: as the file has it.
 */
void shipped_file_day(const struct shipped_file *file, int64_t day_us, const struct ship_list_entry *instead,
		      struct buffer *out);

#endif
