/* pushed_media.h - for tests of the storage: pushes the run and the frames of a stream into the storage of the rig. */
#ifndef TESTS_UNIT_SUPPORT_PUSHED_MEDIA_H
#define TESTS_UNIT_SUPPORT_PUSHED_MEDIA_H

#include "tests/unit/support/media_cases.h"
#include "tests/unit/support/recording_rig.h"

extern struct stream pushed_stream; /* H.264 */

/* Setup and teardown of a program: media_folder and pushed_stream. */
int pushed_media_make(void **state);
int pushed_media_drop(void **state);

void push_run(enum gap_cause cause);

/* A frame with that content, captured at those times. */
void push_frame_at(size_t number, int64_t wall_us, int64_t mono_us);

/* Frame `number`, captured at MEDIA_WALL_US + media_time_us(number). */
void push_frame(size_t number);
void push_frames(size_t first, size_t end);

/* Waits until storage has written or dropped so many frames. */
void wait_for(uint64_t frames);

#endif
