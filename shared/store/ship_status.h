/*
 * ship_status.h - status.bin in the folder store.directory: how far recorder-ship is, for recorderd.
 *
 * One struct of 512 bytes, little-endian, with a CRC-32C of the bytes before the CRC, replaced as a whole by rename
 * about every second. recorderd reads it as hostile bytes and publishes it.
 */
#ifndef SHARED_STORE_SHIP_STATUS_H
#define SHARED_STORE_SHIP_STATUS_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define SHIP_STATUS_FILE  "status.bin"
#define SHIP_STATUS_MAGIC UINT64_C(0x0a31545453534353) /* "SCSSTT1\n" */

struct ship_status {
	uint64_t magic;
	uint8_t boot_id[16];
	int64_t written_mono_us;       /* by the clock of boot_id */
	int64_t shipped_wall_us;       /* end of the newest footage in the store; 0: nothing is known to be there */
	uint64_t waiting_segments;     /* closed segments that are not in the store, */
	uint64_t waiting_bytes;        /* and their bytes */
	uint64_t objects, bytes;       /* put since the program started */
	uint64_t failures;             /* failed requests since then */
	int64_t failing_since_wall_us; /* 0: the last request of each kind succeeded */
	int64_t clock_offset_us;       /* how far the store's clock is ahead of ours, if it refused ours; else 0 */
	char error[320];               /* why it is failing: a sentence without a full stop */
	uint8_t pad[512 - 4 - 416];
	uint32_t crc;
};

static_assert(sizeof(struct ship_status) == 512, "ship status");

void ship_status_seal(struct ship_status *status);

/* Checks it, and makes the text safe to show. */
bool ship_status_check(struct ship_status *status);

/* Replaces the file in that folder. Returns false with errno. */
bool ship_status_write(int folder, struct ship_status *status);

/* Returns false with errno: ENOENT, or EBADMSG if the file is not a status. */
bool ship_status_read(int folder, struct ship_status *out);

#endif
