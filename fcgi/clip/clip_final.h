/*
 * clip_final.h - decides whether the answer about a range is final: nothing still to come can change it.
 *
 * A range is not final while one of these holds:
 *
 *   - A part of the archive cannot be read.
 *   - The ring holds a frame of the range that may still be indexed: it was captured after the newest indexed frame and
 *     is not marked RING_FRAME_RECORDING_OFF. The recorder's own state does not matter: an encoder that failed is
 *     started again, a disk that hangs may recover, and the ring of a dead recorder is taken over by the next one,
 *     which encodes exactly these frames.
 *   - Such frames were overwritten in the ring while the encoder or the disk's queue still held them.
 *   - The camera may still deliver a frame of the range.
 *   - There is no ring, and the range reaches into an incomplete segment: its recorder may be writing it, or the next
 *     one still has to repair it.
 *   - The range shows a segment that was recorded while the clock was wrong, or one may be found in it once its time is
 *     corrected (recorderd/archive/archive_redate.c).
 *   - The range ends in a segment that was open when the machine went down and is not repaired yet.
 *
 * A range whose footage comes from the store (SEGMENT_PARTIAL) is final if it ends before what the list calls unsettled, or
 * within an open segment of which later frames are known.
 */
#ifndef FCGI_CLIP_CLIP_FINAL_H
#define FCGI_CLIP_CLIP_FINAL_H

#include <stdbool.h>

#include "fcgi/clip/clip_plan.h"
#include "shared/ring/ring_reader.h"

/*
 * `ring` may be NULL. `state` is what the ring published before the plan was made, even if its recorder is gone; all
 * zeros if it published nothing.
 */
bool clip_is_final(const struct clip_plan *plan, const struct ring_reader *ring, const struct recorder_state *state);

#endif
