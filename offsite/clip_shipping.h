/*
 * clip_shipping.h - ships kept clips, and remembers which are in the store.
 *
 * clips.bin in the folder store.directory is a header, which says which archive and bucket it is about, and an entry
 * for each clip, of 144 bytes each, with a CRC-32C of the bytes before the CRC; it ends before its first invalid one.
 * It is appended to and synced after the store has confirmed the clip. If it is lost, or of another archive or bucket,
 * every clip is shipped again.
 */
#ifndef OFFSITE_CLIP_SHIPPING_H
#define OFFSITE_CLIP_SHIPPING_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "offsite/shipper.h"

#define CLIP_SHIPPING_FILE  "clips.bin"
#define CLIP_SHIPPING_MAGIC UINT64_C(0x0a32504c43534353) /* "SCSCLP2\n" */

struct shipped_clips_header {
	uint64_t magic;
	char archive[ARCHIVE_ID_BYTES];
	uint8_t bucket[BUCKET_DIGEST_BYTES];
	uint8_t pad[144 - 4 - 73];
	uint32_t crc;
};

struct shipped_clip {
	char name[OBJECT_CLIP_BYTES];
	int64_t changed_us; /* when the file was last written to: KEPT in the object's name */
	uint64_t bytes;
	uint8_t pad[12];
	uint32_t crc;
};

static_assert(sizeof(struct shipped_clips_header) == 144, "shipped clips header");
static_assert(sizeof(struct shipped_clip) == 144, "shipped clip");

struct clip_shipping;

/* Both must outlive it. Returns NULL without memory. */
struct clip_shipping *clip_shipping_open(struct shipper *shipper, struct store_client *client);
void clip_shipping_close(struct clip_shipping *clips); /* NULL is safe */

/*
 * Ships the next clip that is not in the store, if there is one. *again: there was. One that cannot be read, or that
 * the store receives otherwise than it was sent, waits for a minute.
 */
enum put_outcome clip_shipping_run(struct clip_shipping *clips, bool *again);

#endif
