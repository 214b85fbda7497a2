/*
 * health_disk.h - whether the disk can hold what retention.hours asks for, in sentences.
 *
 * They follow from the fields disk_… of the state that the recorder publishes (state.h).
 */
#ifndef SHARED_RING_HEALTH_DISK_H
#define SHARED_RING_HEALTH_DISK_H

#include <stdbool.h>

#include "shared/ring/state.h"

/* True if recordings will be deleted before they are as old as retention.hours. False if that is not known. */
bool health_disk_is_short(const struct recorder_state *state);

/*
 * What the recordings of retention.hours take and how much there is for them, and what to do if that is not enough: one
 * or two sentences. Empty if it is not known, or without a limit.
 */
#define HEALTH_DISK_TEXT_BYTES 400
void health_disk_text(const struct recorder_state *state, char out[HEALTH_DISK_TEXT_BYTES]);

#endif
