/*
 * notification_ring.h - the small rings of a camera from which programs learn at once what happens.
 *
 * They are objects of POSIX shared memory beside the camera's ring /recorder.NAME. Their layout, and the rules for the
 * writer and the readers, are those of that ring (shared/ring/ring.h), and so are their owner, their mode and their
 * other names (shared/ring/shm_name.h). The ring's published state is unused. `wall_us` of struct ring_meta is the time
 * of the notification, or the beginning of the second; width and height are 0.
 *
 * /recorder.NAME.events has the notifications, oldest first: at least the newest NOTIFICATION_RING_HOLDS, or all since
 * the series began. Each of its frames is
 *
 *     0     struct notification_record (40 B, little-endian)
 *     40    json_bytes of JSON text (notification.h), without a NUL or a line break
 *
 * The next recorder takes the ring over, and continues its series and numbers. Within a series, numbers have no holes,
 * so a reader that finds one has missed notifications. The frame numbers of the ring (`seq`) are no notification
 * numbers: a ring that had to be created again counts its frames from 1.
 *
 * /recorder.NAME.motion has the motion record of each second (shared/motion/motion_record.h), also of those in which
 * nothing moved, in the order in which they came: at least the newest MOTION_RING_HOLDS. Each of its frames is one
 * struct motion_record, sealed with 0. A record is put here before the notifications that follow from it.
 */
#ifndef SHARED_NOTIFY_NOTIFICATION_RING_H
#define SHARED_NOTIFY_NOTIFICATION_RING_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/motion/motion_record.h"
#include "shared/notify/notification.h"

#define NOTIFICATION_RING_HOLDS      1000
#define MOTION_RING_HOLDS            600 /* seconds */
#define NOTIFICATION_RING_NAME_BYTES 64

#define NOTIFICATION_RECORD_MAGIC UINT32_C(0x4e524353) /* "SCRN" */
#define NOTIFICATION_RECORD_MAX   1152u                /* bytes, with its JSON */

struct notification_record {
	uint32_t magic;
	uint32_t kind;   /* enum notification_kind */
	uint64_t series; /* random */
	uint64_t number; /* of the notification within its series, from 1 */
	int64_t wall_us; /* when it happened */
	uint32_t json_bytes;
	uint32_t reserved; /* 0, and ignored */
};

static_assert(sizeof(struct notification_record) == 40, "notification record");
static_assert(offsetof(struct notification_record, series) == 8, "notification record: series");

#define NOTIFICATION_JSON_MAX (NOTIFICATION_RECORD_MAX - sizeof(struct notification_record))

/* A record that was split into its parts. The text leads into the bytes that were given, and has no NUL at its end. */
struct notification_parts {
	struct notification_record record;
	const char *json;
};

/*
 * Splits the bytes of a frame of the ring, or of a packet. They are not trusted: false if the sizes do not add up to
 * `bytes`, if the kind is not known, if number or time is not possible, or if the text contains control characters. The
 * text is not parsed.
 */
bool notification_record_split(const uint8_t *data, size_t bytes, struct notification_parts *out);

/* Takes the bytes of a frame of the motion ring, or of a packet. False if they are not a valid motion record. */
bool motion_ring_record(const uint8_t *data, size_t bytes, struct motion_record *out);

/* The names of both rings of the camera whose ring has that name (/recorder.NAME). */
void notification_ring_name(const char *ring_name, char out[NOTIFICATION_RING_NAME_BYTES]);
void motion_ring_name(const char *ring_name, char out[NOTIFICATION_RING_NAME_BYTES]);

#endif
