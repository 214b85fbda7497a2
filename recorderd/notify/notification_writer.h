/*
 * notification_writer.h - puts notifications into their ring (shared/notify/notification_ring.h), and numbers them.
 *
 * All calls come from the event loop. None waits. Without room in /dev/shm notifications are numbered all the same.
 */
#ifndef RECORDERD_NOTIFY_NOTIFICATION_WRITER_H
#define RECORDERD_NOTIFY_NOTIFICATION_WRITER_H

#include "shared/notify/notification_ring.h"
#include "shared/ring/ring_reader.h"

struct notification_writer;

/*
 * Takes over the notifications of the camera whose ring has that name, or begins a series. The caller holds the
 * camera's lock, as for ring_writer_open(). NULL if memory runs out.
 */
struct notification_writer *notification_writer_open(const char *ring_name);

/* The id that the next notification gets. */
void notification_writer_next(const struct notification_writer *writer, uint64_t *series, uint64_t *number);

/*
 * Puts a notification into the ring: with the next number, and this JSON text of json_bytes, which notification.h
 * describes and which has the id of notification_writer_next(). *out is the record, followed by the text, which belongs
 * to the writer until its next call. Returns the record's size in bytes, or 0 if the text is not one line of at most
 * NOTIFICATION_JSON_MAX.
 */
size_t notification_writer_put(struct notification_writer *writer, enum notification_kind kind, wall_t at,
			       const char *json, size_t json_bytes, const uint8_t **out);

/* Call it a few times per second: creates the ring again if somebody has removed its name. */
void notification_writer_check(struct notification_writer *writer);

/* The ring's own memory, for a reader in the same process (ring_reader_attach); NULL if there is no ring. */
const void *notification_writer_memory(const struct notification_writer *writer, uint64_t *bytes);

/* Bytes of /dev/shm that the ring takes. */
uint64_t notification_writer_total_bytes(void);

/* Frees the ring. NULL is safe here and below. */
void notification_writer_close(struct notification_writer *writer);

/* Leaves the ring to the next recorder. */
void notification_writer_detach(struct notification_writer *writer);

#endif
