/*
 * ship_list.h - what is in the store: shipped.bin on the recorder's disk, and the day lists in the store.
 *
 * Both are a header of 256 bytes and entries of 256 bytes, little-endian, each with a CRC-32C of the bytes before the
 * CRC. An entry says which segment is in the store, completely, and under which names. It is written only after the
 * store has confirmed the last file of the segment, so an entry is a promise.
 *
 * shipped.bin lies in the folder store.directory. Its header says which bucket it is about: in another one nothing
 * counts as shipped. The header of version 1 did not say that and has another magic; it counts as being about any
 * bucket, until recorder-ship replaces it. The file is appended to and synced; a crash leaves whole entries and
 * perhaps a torn one, so it ends before its first invalid entry, and a writer cuts it there. If a segment has several
 * entries, because its times were corrected, the last one counts. recorderd reads it as hostile bytes. If it is lost,
 * nothing counts as shipped, and everything is shipped again under the same names.
 *
 * A day list (object_name.h) has the entries of the segments that begin on that day, in the order of their numbers,
 * each once, and the header says how many. It is made of shipped.bin, never of the recorder's own list, which forgets
 * what retention deletes. It is shipped after the entry is in shipped.bin.
 *
 * `encryption` is 0: the objects are the files as they are. No other value is defined yet. Whoever does not know the
 * value cannot read the objects, but they are there.
 */
#ifndef SHARED_STORE_SHIP_LIST_H
#define SHARED_STORE_SHIP_LIST_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/segment/catalogue.h"
#include "shared/store/archive_id.h"
#include "shared/store/bucket_digest.h"

#define SHIP_LIST_FILE        "shipped.bin"
#define SHIP_LIST_MAGIC       UINT64_C(0x0a32504948534353) /* "SCSHIP2\n" */
#define SHIP_LIST_MAGIC_1     UINT64_C(0x0a31504948534353) /* "SCSHIP1\n" */
#define SHIP_LIST_DAY_MAGIC   UINT64_C(0x0a31594144534353) /* "SCSDAY1\n" */
#define SHIP_LIST_ENTRY_BYTES 256u

struct ship_list_header {
	uint64_t magic;
	uint64_t entries; /* of a day list; in shipped.bin 0, since it grows */
	int64_t day_us;   /* when the day begins, in UTC; in shipped.bin 0 */
	char archive[ARCHIVE_ID_BYTES];
	char camera[32];
	uint8_t bucket[BUCKET_DIGEST_BYTES]; /* of shipped.bin; 0 in a day list and in version 1 */
	uint8_t pad[SHIP_LIST_ENTRY_BYTES - 8 - 121];
	uint32_t entry_bytes;
	uint32_t crc;
};

struct ship_list_entry {
	struct catalogue_entry
		segment;         /* as it was last listed; its times may have been corrected since it was shipped */
	int64_t object_start_us; /* START in the names of its objects */
	uint64_t media_bytes, index_bytes; /* of its objects */
	uint64_t motion_bytes;             /* 0: it has no .motion object */
	uint32_t encryption;
	uint8_t pad[SHIP_LIST_ENTRY_BYTES - 192 - 40];
	uint32_t crc;
};

static_assert(sizeof(struct ship_list_header) == SHIP_LIST_ENTRY_BYTES, "ship list header");
static_assert(sizeof(struct ship_list_entry) == SHIP_LIST_ENTRY_BYTES, "ship list entry");

void ship_list_header_seal(struct ship_list_header *header);
void ship_list_entry_seal(struct ship_list_entry *entry);

/* `magic` is one of those above. */
bool ship_list_header_valid(const struct ship_list_header *header, uint64_t magic);
bool ship_list_entry_valid(const struct ship_list_entry *entry);

/* True if the entry is about that segment, whose times may have been corrected meanwhile. */
bool ship_list_entry_matches(const struct ship_list_entry *entry, const struct catalogue_entry *segment);

/* The header of a shipped.bin (day_us 0, entries 0) or of a day list (bucket NULL), sealed. */
void ship_list_header_make(struct ship_list_header *out, uint64_t magic, const char *archive, const char *camera,
			   const uint8_t *bucket);

/* The entries of one shipped.bin, in memory. Zeroed: empty. */
struct ship_list {
	struct ship_list_entry *entries; /* owned; one per segment, sorted by segment number first */
	size_t count, capacity;
	char archive[ARCHIVE_ID_BYTES];
	int64_t last_start_us; /* start of the segment whose entry is the last one in the file; 0: there is none */
	uint64_t file_bytes;   /* where the file's valid part ends */
	bool names_no_bucket;  /* the file is of version 1 */
};

enum ship_list_outcome {
	SHIP_LIST_OK,
	SHIP_LIST_MISSING,
	SHIP_LIST_INVALID, /* not a list of that camera */
	SHIP_LIST_OTHER,   /* the list of another bucket */
	SHIP_LIST_ERROR,   /* see errno */
};

/*
 * Reads shipped.bin in that folder, continuing where *list ended if the file is the same one and has grown. Otherwise
 * the list begins again. It is empty unless this returns SHIP_LIST_OK.
 */
enum ship_list_outcome ship_list_read(int folder, const char *camera, const uint8_t bucket[BUCKET_DIGEST_BYTES],
				      struct ship_list *list);

/* Adds the entry, or replaces the one of the same segment. Returns false without memory. */
bool ship_list_put(struct ship_list *list, const struct ship_list_entry *entry);

/* The entry of that segment; NULL: it is not in the store. */
const struct ship_list_entry *ship_list_find(const struct ship_list *list, const struct catalogue_entry *segment);

void ship_list_free(struct ship_list *list);

#endif
