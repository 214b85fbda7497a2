/*
 * storage.h - the thread that writes segments. What the encoder made goes through a bounded queue, so that a disk that
 * hangs holds up nobody: while the queue is full the encoder's output is not read, and the backlog waits in the ring.
 */
#ifndef RECORDERD_STORAGE_STORAGE_H
#define RECORDERD_STORAGE_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorderd/archive/archive.h"
#include "recorderd/storage/storage_media.h"

#define STORAGE_QUEUE_BYTES (12u << 20)

/* A copy of `bytes` at `data`; NULL without memory. */
struct media *media_create(enum media_kind kind, const void *data, size_t bytes);

struct storage;

/* `room` is an eventfd that is written to when the queue has room again. NULL without memory or threads. */
struct storage *storage_start(struct archive *archive, const struct config *config, int room);

/* Takes ownership of `media`; never blocks. */
void storage_push(struct storage *storage, struct media *media);

/* True while the queue holds more than it should: stop reading the encoder until `room`. */
bool storage_is_full(struct storage *storage);
uint64_t storage_queued_bytes(const struct storage *storage);

/* Frames on disk, and frames that the disk did not take. */
uint64_t storage_frames(const struct storage *storage);
uint64_t storage_dropped(const struct storage *storage);
int64_t storage_indexed_wall_us(const struct storage *storage);

/* Capture time of the newest indexed frame of this boot, also of one that a recorder before this one indexed; 0: none
 * is known. */
int64_t storage_indexed_mono_us(const struct storage *storage);

/* Frames that were pushed and are neither on disk nor dropped. Asked before storage_indexed_mono_us(), no frame is
 * missing from both. */
uint64_t storage_unwritten(const struct storage *storage);

/* The sentence of a disk that does not take what it should; false where all is well. */
bool storage_error(struct storage *storage, char *text, size_t bytes);

/*
 * Writes what is queued, closes the open segment and ends the thread; frees. False where that took longer than
 * `timeout_us`: the disk hangs, and the archive must not be closed either.
 */
bool storage_stop(struct storage *storage, int64_t timeout_us);

#endif
