/*
 * segment_thread.h - ships closed segments, oldest first, and kept clips, which go before them.
 *
 * What there is to ship is what recorderd lists and shipped.bin does not have: no other queue exists. A segment that
 * cannot be read, or that the store receives otherwise than it was sent, waits for a minute, and others go before it.
 * Of a segment the .idx goes first, then the .mp4 and the .motion file; then its entry is synced to shipped.bin, and
 * the list of its day goes last. Killed anywhere, the next run repeats at most one of them. If the times of a segment
 * are corrected, only the lists of the two days change; these go before the new entry, so that a crash cannot lose
 * them.
 */
#ifndef OFFSITE_SEGMENT_THREAD_H
#define OFFSITE_SEGMENT_THREAD_H

#include "offsite/shipper.h"

/* The thread's function. `shipper` is a struct shipper. Returns NULL once it is stopped. */
void *segment_thread_run(void *shipper);

#endif
