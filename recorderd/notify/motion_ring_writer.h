/*
 * motion_ring_writer.h - puts the motion record of each second into its ring (shared/notify/notification_ring.h).
 *
 * All calls come from the event loop. None waits.
 */
#ifndef RECORDERD_NOTIFY_MOTION_RING_WRITER_H
#define RECORDERD_NOTIFY_MOTION_RING_WRITER_H

#include "shared/notify/notification_ring.h"

struct motion_ring_writer;

/* Takes over the ring, or creates it. The caller holds the camera's lock. NULL if memory runs out. */
struct motion_ring_writer *motion_ring_writer_open(const char *ring_name);

/* Puts a record that is sealed with 0. */
void motion_ring_writer_put(struct motion_ring_writer *writer, const struct motion_record *record);

/* Call it a few times per second: creates the ring again if somebody has removed its name. */
void motion_ring_writer_check(struct motion_ring_writer *writer);

/* The ring's own memory, for a reader in the same process (ring_reader_attach); NULL if there is no ring. */
const void *motion_ring_writer_memory(const struct motion_ring_writer *writer, uint64_t *bytes);

/* Bytes of /dev/shm that the ring takes. */
uint64_t motion_ring_writer_total_bytes(void);

/* Frees the ring. NULL is safe here and below. */
void motion_ring_writer_close(struct motion_ring_writer *writer);

/* Leaves the ring to the next recorder. */
void motion_ring_writer_detach(struct motion_ring_writer *writer);

#endif
