/*
 * storage.h - the thread that writes segments.
 *
 * What the encoder makes goes through a bounded queue, so a disk that hangs blocks nobody. While the queue is full,
 * nothing more is pushed, and the backlog waits in the ring (recorderd/encoder/encoder_store.c).
 */
#ifndef RECORDERD_STORAGE_STORAGE_H
#define RECORDERD_STORAGE_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorderd/archive/archive.h"
#include "recorderd/storage/storage_media.h"
#include "shared/motion/motion_record.h"

#define STORAGE_QUEUE_BYTES (64u << 20) /* six minutes at 1.5 Mbit/s */

/* Copies `bytes` bytes of `data`. Returns NULL without memory. free() it, or give it to storage_push(). */
struct media *media_create(enum media_kind kind, const void *data, size_t bytes);

struct storage;

/* `room`: an eventfd that is written to when the queue has room again. Returns NULL without memory or threads. */
struct storage *storage_start(struct archive *archive, const struct config *config, int room);

/* Takes ownership of `media`. Never blocks on the disk. */
void storage_push(struct storage *storage, struct media *media);

/*
 * Copies a valid record, which waits until its second is on the disk and is then written beside that segment. If the
 * second is not recorded, the record is dropped; if too many wait, the oldest are. Never blocks on the disk.
 */
void storage_push_motion(struct storage *storage, const struct motion_record *record);

/* True while the queue holds more than it should: push nothing more until `room` is written to. */
bool storage_is_full(struct storage *storage);

/* True while the queue is less than half full. */
bool storage_has_room(const struct storage *storage);
uint64_t storage_queued_bytes(const struct storage *storage);

/* Frames on disk, frames that could not be written, and the end of the newest frame on disk. */
uint64_t storage_frames(const struct storage *storage);
uint64_t storage_dropped(const struct storage *storage);
int64_t storage_indexed_wall_us(const struct storage *storage);

/* Capture time of the newest indexed frame of this boot, even if a previous recorder indexed it; 0: none is known. */
int64_t storage_indexed_mono_us(const struct storage *storage);

/*
 * Frames that were pushed and are neither on disk nor dropped. Call this before storage_indexed_mono_us(): then no
 * frame is missing from both.
 */
uint64_t storage_unwritten(const struct storage *storage);

/* Copies what is wrong with the disk. Returns false if nothing is. */
bool storage_error(struct storage *storage, char *text, size_t bytes);

/*
 * Writes what is queued, closes the open segment, ends the thread and frees the storage. Returns false if that takes
 * longer than timeout_us (rounded up to whole seconds): the disk hangs, and the archive must not be closed either.
 */
bool storage_stop(struct storage *storage, int64_t timeout_us);

#endif
