/*
 * clip_final.h - whether the answer about a range of wall time is final, so that nothing that is still to come changes
 * it.
 *
 * A range is not final while one of these holds:
 *
 *   - A part of the archive cannot be read.
 *   - The ring holds a frame of it that may still be indexed: one that was captured after the newest indexed frame and
 *     that does not bear RING_FRAME_RECORDING_OFF. It does not matter what the recorder says about itself: an encoder that is
 *     down is started again, a disk that hangs may go on, and a recorder that is gone leaves the ring to the next one,
 *     which encodes just these frames.
 *   - The ring was written over such frames while the encoder or the disk's queue still had them.
 *   - The camera may still deliver a frame of it.
 *   - There is no ring to be read, and the range reaches into a segment that is not complete: its recorder may be at
 *     work on it, or the next one has yet to repair it.
 *   - The range ends in a segment that was open when the machine went down, and that is not repaired yet.
 */
#ifndef FCGI_CLIP_CLIP_FINAL_H
#define FCGI_CLIP_CLIP_FINAL_H

#include <stdbool.h>

#include "fcgi/clip/clip_plan.h"
#include "shared/ring/ring_reader.h"

/*
 * `ring` may be NULL. `state` is what the ring said before the plan was made, also by a recorder that is gone; zeroed
 * where it said nothing.
 */
bool clip_is_final(const struct clip_plan *plan, const struct ring_reader *ring, const struct recorder_state *state);

#endif
