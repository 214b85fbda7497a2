/*
 * piece_state.h - live.bin in the folder store.directory: up to where the open segment is in the store.
 *
 * One struct with a CRC-32C of the bytes before the CRC, replaced as a whole by rename. It is not synced: without it, or
 * with an older one, pieces overlap those that are in the store already, with the same bytes (object_name.h).
 */
#ifndef OFFSITE_PIECE_STATE_H
#define OFFSITE_PIECE_STATE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/segment/segment.h"
#include "shared/store/archive_id.h"
#include "shared/store/bucket_digest.h"

#define PIECE_STATE_FILE  "live.bin"
#define PIECE_STATE_MAGIC UINT64_C(0x0a32455649534353) /* "SCSIVE2\n" */

struct piece_state {
	uint64_t magic;
	uint64_t segment_no; /* 0: no segment */
	int64_t start_us;    /* START in the names of its pieces */
	uint64_t media_at;   /* up to here its media are in the store, */
	uint64_t index_at;   /* and its .idx up to here */
	int64_t end_wall_us; /* end of the last frame that is */
	char file[SEGMENT_FILE_BYTES];
	char archive[ARCHIVE_ID_BYTES];
	uint8_t bucket[BUCKET_DIGEST_BYTES];
	uint8_t pad[192 - 4 - 177];
	uint32_t crc;
};

static_assert(sizeof(struct piece_state) == 192, "piece state");

/* Returns false if there is none for that archive and bucket. *out is then zeroed. */
bool piece_state_read(int folder, const char *archive, const uint8_t bucket[BUCKET_DIGEST_BYTES],
		      struct piece_state *out);

/* Returns false with errno. */
bool piece_state_write(int folder, struct piece_state *state);

#endif
