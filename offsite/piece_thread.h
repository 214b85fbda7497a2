/*
 * piece_thread.h - ships the open segment in pieces, every store.piece_seconds.
 *
 * What is being recorded is to be in the store piece_seconds later, so a piece begins earlier by as long as the last
 * one took until it was there; but not before half of that time.
 *
 * A piece is what has been indexed since the last one: records of the .idx are read first, and then the media that they
 * point to, which were written before. What the next piece begins with is known from live.bin (piece_state.h), so a
 * restart goes on where the last run ended.
 *
 * Once a segment is closed, its rest is shipped at once, before the next segment is begun: a whole segment may take
 * long to follow. If the store did not answer for a while, what is missing becomes one larger piece, of at most 8 MB.
 */
#ifndef OFFSITE_PIECE_THREAD_H
#define OFFSITE_PIECE_THREAD_H

#include "offsite/shipper.h"

/* The thread's function. `shipper` is a struct shipper. Returns NULL once it is stopped. */
void *piece_thread_run(void *shipper);

#endif
